"""One line on top: what needs you first, in words."""

from __future__ import annotations

from datetime import date

from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import notes
from runwatch.show.screen.tasks import is_open
from runwatch.show.screen.view import SEVERITY_TONES, Span, Words, badge, join, text, words
from runwatch.text import units
from runwatch.text.safe import safe

_LONGEST_MARK = 44
_LONGEST_NAME = 24


def headline(snapshot: Snapshot, today: date) -> Words:
    """The worst and newest finding; else what is due; else that all is well."""
    if snapshot.watch.phase == "starting":
        return (Span("looking around …", "muted"),)
    troubles = _troubles(snapshot)
    if troubles:
        first = max(troubles, key=_urgency)
        tone = SEVERITY_TONES[first.severity]
        return words(badge(first.severity), " ", Span(about(first), tone))
    late = [
        t
        for listed in snapshot.tasks.values()
        for t in listed.tasks
        if is_open(t, today) and _is_late(t.due, today)
    ]
    if late:
        first_task = min(late, key=lambda task: task.due or today)
        more = f", and {len(late) - 1} more" if len(late) > 1 else ""
        return words(Span("! due: ", "warn"), text(first_task.text), Span(more, "muted"))
    return _calm(snapshot)


def about(finding: Finding) -> str:
    """A finding in one line that names what it is about, once."""
    summary, scope = safe(finding.summary), safe(finding.scope)
    subject = safe(finding.subject)
    if len(subject) > _LONGEST_NAME and subject != scope:
        summary = summary.replace(subject, shortened(subject))
    if not scope:
        return summary
    if scope in summary:
        return summary.replace(scope, shortened(scope))
    return summary if scope.rpartition("/")[2] in summary else f"{shortened(scope)}: {summary}"


def shortened(path: str) -> str:
    """A long path by its end, so that what happened to it is still seen."""
    return path if len(path) <= _LONGEST_NAME else "…" + path[1 - _LONGEST_NAME :]


def _urgency(finding: Finding) -> tuple[int, float]:
    return SEVERITIES.index(finding.severity), finding.since or finding.first_seen or 0.0


def _is_late(due: date | None, today: date) -> bool:
    return due is not None and due <= today


def others(snapshot: Snapshot) -> Words:
    """How many more findings there are beside the one in the headline: "+ 2 critical · 3 warning"."""
    troubles = _troubles(snapshot)
    if len(troubles) < 2:
        return ()
    first = max(troubles, key=_urgency)
    counts = [
        (n, severity)
        for severity in ("critical", "warning")
        if (n := sum(f.severity == severity and f is not first for f in troubles))
    ]
    return words(
        Span("+ ", "muted"), join([(Span(f"{n} {name}", SEVERITY_TONES[name]),) for n, name in counts])
    )


def _troubles(snapshot: Snapshot) -> list[Finding]:
    return [f for f in snapshot.findings if f.severity != "info" and f.confirmed]


def _calm(snapshot: Snapshot) -> Words:
    gone = list(snapshot.situation.unreadable)
    if gone:
        name = gone[0].rstrip("/").rpartition("/")[2] or gone[0]
        return words(Span("! ", "warn"), f"{safe(name)} cannot be read; this is how it was last seen")
    running = sum(run.status == "running" for run in snapshot.situation.runs)
    if running:
        return words(
            Span("✓ ", "good"), f"All is well: {units.plural(running, 'run')} running, nothing needs you"
        )
    if not snapshot.situation.runs:
        return (Span("no runs yet", "muted"),)
    return words(Span("✓ ", "good"), "Nothing is running and nothing needs you")


def watching(snapshot: Snapshot, roomy: bool) -> Words:
    """What else there is, how the watching itself goes, and (``roomy``) which roots: those stand last, the
    first to give way."""
    parts: list[Words] = [others(snapshot)] if others(snapshot) else []
    parts += _reading_troubles(snapshot)
    done, total = snapshot.watch.reading
    if snapshot.watch.phase == "reading" and total:
        parts.append((Span(f"reading {done:,} of {total:,}", "info"),))
    elif snapshot.watch.phase == "live":
        parts.append((Span("● live", "good"),))
    return join([*parts, *(_places(snapshot) if roomy else [])], "   ")


def _reading_troubles(snapshot: Snapshot) -> list[Words]:
    """What could not be read or watched."""
    unread = len(snapshot.situation.problems)
    found: list[Words] = []
    if unread:
        found.append((Span("! ", "key"), Span(units.plural(unread, "problem"), "warn")))
    return [*found, *(text(mark, "warn", _LONGEST_MARK) for mark in snapshot.watch.marks)]


def _places(snapshot: Snapshot) -> list[Words]:
    told, roots = notes.count(snapshot), snapshot.situation.roots
    found: list[Words] = [(Span("i ", "key"), Span(units.plural(told, "note"), "muted"))] if told else []
    where = safe(roots[0]) if len(roots) == 1 else units.plural(len(roots), "root")
    return [*found, (Span(_short(where), "muted"),)]


def _short(path: str) -> str:
    return path if len(path) <= 24 else "…" + path[-23:]
