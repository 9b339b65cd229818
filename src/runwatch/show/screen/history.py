"""What happened since the last look; each task's opening and end, and what was the baseline when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from runwatch.domain.borders import JsonMapping
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.show.brief import Brief
from runwatch.show.history import FindingHistory, finding_histories, week_lines
from runwatch.show.screen.view import (
    SEVERITY_TONES,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    as_wide_as_needed,
    matches,
    no_match,
    text,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import SEVERITY_SIGNS

Events = Sequence[tuple[str, TaskEvent]]
Champions = Mapping[str, Sequence[JsonMapping]]

_WEEK_S = 7 * 86400.0
_MOST = 1000
_STORIES = (
    ViewColumn("opened", "opened", 6),
    ViewColumn("sign", "", 1),
    ViewColumn("what", "what", 30, grow=4),
    ViewColumn("end", "ended", 9),
    ViewColumn("by", "by", 9, drop=2),
    ViewColumn("took", "after", 12, right=True, drop=1),
    ViewColumn("root", "root", 12, grow=1, drop=3, keep_end=True),
)
_CHAMPIONS = (
    ViewColumn("at", "since", 16),
    ViewColumn("run", "baseline", 24, grow=2, keep_end=True),
    ViewColumn("held", "for", 12, right=True, drop=1),
    ViewColumn("reason", "reason", 24, grow=3),
    ViewColumn("root", "root", 12, grow=1, drop=2, keep_end=True),
)
_OUTCOMES: dict[str, Tone] = {"open": "warn", "done": "good", "resolved": "good", "dismissed": "muted"}


def changes_with(snapshot: Snapshot) -> object:
    """What is different whenever the history has grown."""
    tasks = tuple(
        (root, task.id, task.state, task.done, task.threshold)
        for root, listed in snapshot.tasks.items()
        for task in listed.tasks
    )
    confirmed = tuple((finding.fingerprint, finding.confirmed) for finding in snapshot.findings)
    return tasks, confirmed, tuple(snapshot.situation.baselines.items())


def history_table(events: Events, filter: str, now: float) -> TableView:
    """``events`` newest first, as the monitor tells them; a row a task, the newest on top."""
    histories = finding_histories(list(reversed(events)))[::-1]
    several = len({one.root for one in histories}) > 1
    shown = [one for one in histories if not filter or matches(filter, *_hay(one))]
    columns = _STORIES if several else _STORIES[:-1]
    rows = tuple(_row(one, i, now) for i, one in enumerate(shown[:_MOST]))
    fitting = as_wide_as_needed(columns, rows, "opened", "end")
    return TableView(fitting, rows, _no_history(filter, bool(histories)))


def week(events: Events, now: float) -> Words:
    """The last seven days in one line."""
    lines = week_lines(list(reversed(events)), now - _WEEK_S)
    return text(f"last 7 days: {lines[0].removeprefix('tasks: ')}", "muted") if lines else ()


def _hay(one: FindingHistory) -> tuple[str, ...]:
    by = "person" if one.by == "person" else one.by or ""
    return safe(one.text), one.outcome, by, one.severity or "", safe(one.root)


def _row(one: FindingHistory, i: int, now: float) -> ViewRow:
    sign: Words = ()
    if one.severity in SEVERITY_SIGNS:
        sign = text(SEVERITY_SIGNS[one.severity], SEVERITY_TONES[one.severity])
    who = "" if one.closed is None else "a person" if one.by == "person" else one.by or ""
    took = one.took if one.closed is not None else now - (one.opened or now)
    return ViewRow.of(
        (one.root, one.fingerprint, one.opened, i if one.opened is None else 0),
        text(units.moment(one.opened, now) if one.opened is not None else "before", "muted"),
        sign,
        text(one.text),
        text(one.outcome, _OUTCOMES.get(one.outcome, "plain")),
        text(who, "muted"),
        text(units.duration(took), "muted"),
        text(one.root, "muted"),
    )


def _no_history(filter: str, any_there: bool) -> tuple[Words, ...]:
    if filter and any_there:
        return no_match("nothing", filter)
    return (text("no history yet: no task or finding was opened or closed so far", "muted"),)


def champions_table(champions: Champions, filter: str, now: float) -> TableView:
    """What was pinned, when, for how long and why: the newest first."""
    rows: list[tuple[float, ViewRow]] = []
    for root, pins in champions.items():
        for i, pin in enumerate(pins):
            until = _when(pins[i + 1]) if i + 1 < len(pins) else now
            name, reason = str(pin.get("run") or ""), str(pin.get("reason") or "")
            if not filter or matches(filter, safe(name), safe(reason), safe(root)):
                rows.append((_when(pin), _champion(root, i, name, reason, (_when(pin), until), now)))
    rows.sort(key=lambda pair: -pair[0])
    columns = _CHAMPIONS if len(champions) > 1 else _CHAMPIONS[:-1]
    shown = tuple(row for _, row in rows[:_MOST])
    fitting = as_wide_as_needed(columns, shown, "at")
    return TableView(fitting, shown, _no_champion(filter, champions))


def _when(pin: Mapping[str, object]) -> float:
    at = pin.get("at")
    return float(at) if isinstance(at, int | float) and math.isfinite(at) else 0.0


def _champion(root: str, i: int, name: str, reason: str, span: tuple[float, float], now: float) -> ViewRow:
    since, until = span
    cells = (
        text(units.moment(since, now), "muted"),
        text(f"◆ {name}", "baseline") if name else text("baseline unpinned", "muted"),
        text(units.duration(until - since), "muted"),
        text(reason or "–", "plain" if reason else "faint"),
        text(root, "muted"),
    )
    return ViewRow((root, i), cells)


def _no_champion(filter: str, champions: Champions) -> tuple[Words, ...]:
    if filter and any(champions.values()):
        return no_match("no baseline", filter)
    return (text("no baseline was pinned yet: b on a run makes it the baseline", "muted"),)


_BRIEF = (ViewColumn("label", "", 11), ViewColumn("words", "", 40, grow=1))


def brief_table(briefs: Sequence[tuple[str, Brief]]) -> TableView:
    """The briefs under each other, with the roots' names where there are several."""
    rows: list[ViewRow] = []
    for root, brief in briefs:
        if len(briefs) > 1:
            rows.append(ViewRow.of((root, "root"), (), text(root, "accent")))
        rows.append(ViewRow.of((root, "head"), (), text(f"{brief.span}: {brief.headline}", "strong")))
        rows += [
            ViewRow.of((root, line.label), text(line.label, "muted"), text(line.words))
            for line in brief.lines
        ]
        rows.append(ViewRow.of((root, "end"), (), ()))
    nothing = (text("nothing new since you last looked; F lists all findings", "muted"),)
    return TableView(_BRIEF, tuple(rows), nothing)
