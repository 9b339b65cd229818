"""One line on top: what needs you first, in words; and how fresh what is shown is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from runwatch.domain.finding import Finding
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.names import given_name
from runwatch.show.screen import notices
from runwatch.show.screen.findings import about, in_order, place_of, shortened, troubles
from runwatch.show.screen.tasks import is_open
from runwatch.show.screen.view import SEVERITY_TONES, Span, Words, badge, cells, join, text, words
from runwatch.text import units
from runwatch.text.fitting import fit_words
from runwatch.text.safe import safe

_LONGEST_MARK = 44
_GAP = 3
_FOLDED = re.compile(r", and [\d,]+ more like it$")
"""What a finding stands for is not told beside its place among all of them: the list tells it."""
SILENT_S = 75.0
"""A snapshot comes at least every 30 s: after this long the watching itself must have stopped."""
_PARTS = {"runs": "runs", "data": "data", "models": "models", "host": "this machine"}


class HeadAsk(NamedTuple):
    """``width``: the cells that there are; ``chosen``: the finding that is walked to, None: the first."""

    width: int
    today: date
    now: float
    chosen: tuple[str, str] | None = None


def header(snapshot: Snapshot, ask: HeadAsk) -> tuple[Words, Words]:
    """The left and the right end of the top line: together they fit into ``ask.width``."""
    least = max(ask.width * 3 // 5, 20)
    troubled, rest = _state(snapshot, ask)
    right = _fitting(troubled, ask.width - least)
    left = headline(snapshot, ask, ask.width - cells(right) - 2)
    spare = ask.width - cells(left) - 2
    return left, _fitting([*troubled, *rest], max(spare, cells(right)))


def headline(snapshot: Snapshot, ask: HeadAsk, room: int) -> Words:
    """The finding that is looked at, else the first; else what is still to be judged; else what is due; else
    that all is well."""
    if snapshot.watch.phase == "starting":
        return text("looking for runs …", "muted")
    finding = place_of(snapshot, ask.chosen) or next(iter(troubles(snapshot)), None)
    if finding is not None:
        return _finding(snapshot, finding, room)
    if snapshot.watch.phase == "reading" or snapshot.watch.waiting:
        return text(fit_words(pending(snapshot), room), "info")
    late = _late(snapshot, ask.today)
    if late:
        more = f", and {len(late) - 1} more" if len(late) > 1 else ""
        return words(
            Span("! due: ", "warn"), Span(fit_words(safe(late[0]) + more, max(room - 7, 8)), "plain")
        )
    return _calm(snapshot, room)


def _finding(snapshot: Snapshot, finding: Finding, room: int) -> Words:
    every = in_order(snapshot)
    at = f" {every.index(finding) + 1}/{len(every)}" if len(every) > 1 else ""
    tone = SEVERITY_TONES[finding.severity]
    called = given_name(snapshot.situation, RunKey(finding.root, finding.scope))
    sentence = _FOLDED.sub("", about(finding, called))
    message = fit_words(sentence, max(room - 2 - len(at) - bool(at), 8))
    return words(badge(finding.severity), text(at, "muted") if at else "", " ", Span(message, tone))


def pending(snapshot: Snapshot) -> str:
    """What is being read or judged, with counts; "" when everything was judged once."""
    watch = snapshot.watch
    done, total = watch.reading
    runs = units.plural(len(snapshot.situation.runs), "run")
    if watch.phase == "starting":
        return "looking for runs …"
    if watch.walked:
        return f"looking for runs · {units.plural(watch.walked, 'folder')} so far · {runs}"
    if watch.phase == "reading":
        return f"reading {done:,} of {total:,} files · {runs} so far" if total else f"reading · {runs} so far"
    if not watch.waiting:
        return ""
    parts = []
    for name in watch.waiting:
        sets = len(snapshot.situation.data)
        counted = runs if name == "runs" else f"{sets} data sets" if name == "data" and sets > 1 else ""
        parts.append(counted or _PARTS[name])
    return f"judging {', '.join(parts)} …"


def _late(snapshot: Snapshot, today: date) -> list[str]:
    """The texts of the tasks that are due, the longest overdue first."""
    due = [
        (task.due, task.text)
        for listed in snapshot.tasks.values()
        for task in listed.tasks
        if task.due is not None and task.due <= today and is_open(task, today)
    ]
    return [message for _, message in sorted(due, key=lambda pair: pair[0])]


def _calm(snapshot: Snapshot, room: int) -> Words:
    gone = list(snapshot.situation.unreadable)
    if gone:
        name = gone[0].rstrip("/").rpartition("/")[2] or gone[0]
        last = "; showing its last known state" if snapshot.situation.runs else ""
        message = f"{safe(name)} cannot be read{last}"
        return words(Span("! ", "warn"), fit_words(message, room - 2))
    running = sum(run.status == "running" for run in snapshot.situation.runs)
    if running:
        message = f"All is well: {units.plural(running, 'run')} running, nothing needs you"
    elif not snapshot.situation.runs:
        return text("no runs yet", "muted")
    else:
        message = "Nothing is running and nothing needs you"
    return words(Span("✓ ", "good"), fit_words(message, room - 2))


def _state(snapshot: Snapshot, ask: HeadAsk) -> tuple[list[Words], list[Words]]:
    """What stands at the right, the most important first: how far the screen can be trusted, and what stands
    there only where the headline leaves room."""
    watch = snapshot.watch
    parts: list[Words] = [_freshness(snapshot, ask.now)]
    situation = snapshot.situation
    unread = len(situation.problems) + sum(len(run.problems) for run in situation.runs)
    if unread:
        parts.append((Span("! ", "key"), Span(units.plural(unread, "problem"), "warn")))
    parts += [_marked(snapshot, mark, ask.now) for mark in watch.marks if mark not in watch.degraded]
    late = [data for data in snapshot.situation.data if data.late_by]
    parts += [
        text(f"{safe(data.name, 20)} {units.duration(data.late_by)} late", "warn", _LONGEST_MARK)
        for data in late[:2]
    ]
    noted, roots, rest = notices.count(snapshot), snapshot.situation.roots, list[Words]()
    if noted:
        rest.append((Span("i ", "key"), Span(units.plural(noted, "note"), "muted")))
    where = safe(roots[0]) if len(roots) == 1 else units.plural(len(roots), "root")
    return parts, [*rest, text(shortened(where), "muted")]


def _freshness(snapshot: Snapshot, now: float) -> Words:
    """Whether the screen is live, and if not, what it lacks and since when."""
    silent = now - snapshot.situation.now
    watch = snapshot.watch
    if silent > SILENT_S:
        return text(f"✗ no news for {units.ago(snapshot.situation.now, now)}", "bad")
    if watch.degraded:
        more = f" +{len(watch.degraded) - 1}" if len(watch.degraded) > 1 else ""
        first = _marked(snapshot, watch.degraded[0], now)
        return (Span("! ", "key"), *first, Span(more, "warn"))
    for source, since in snapshot.situation.unreadable.items():
        name = safe(source.rstrip("/").rpartition("/")[2] or source, 20)
        return (Span("! ", "key"), Span(f"{name} unreadable {units.ago(since, now)}", "warn"))
    lost = [link for link in watch.hosts if link.state == "lost"]
    if lost:
        age = f" {units.ago(lost[0].heard, now)}" if lost[0].heard is not None else ""
        more = f" +{len(lost) - 1}" if len(lost) > 1 else ""
        return (Span("! ", "key"), Span(f"{safe(lost[0].name, 20)} lost{age}{more}", "warn"))
    if watch.phase != "live":
        done, total = watch.reading
        known = total and not watch.walked
        return text(f"reading {done:,}/{total:,}" if known else "reading", "info")
    if watch.waiting:
        return text("judging", "info")
    return text("● live", "good")


def _marked(snapshot: Snapshot, mark: str, now: float) -> Words:
    since = snapshot.watch.since.get(mark)
    age = f" {units.ago(since, now)}" if since is not None and now - since >= 2 else ""
    return text(safe(mark, _LONGEST_MARK) + age, "warn")


def _fitting(parts: Sequence[Words], width: int) -> Words:
    """As many of the parts as fit; the first always, cut if need be."""
    fitting: list[Words] = []
    for part in parts:
        if fitting and cells(join([*fitting, part], " " * _GAP)) > width:
            break
        fitting.append(part)
    first = fitting[0]
    if len(fitting) == 1 and cells(first) > width and len(first) > 1:
        return tuple(
            Span(fit_words(span.text, max(width - 2, 6)), span.tone) if i == 1 else span
            for i, span in enumerate(first[:2])
        )
    return join(fitting, " " * _GAP)
