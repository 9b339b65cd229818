"""Who did what: the history of findings and tasks, by task and as JSON."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from runwatch.domain.task import TaskEvent
from runwatch.text.jsonable import SCHEMA, fields
from runwatch.text.safe import safe
from runwatch.text.units import duration, iso, moment, plural

_OPENING = ("opened", "reopened", "added")
_CLOSING = ("resolved", "done", "dismissed")


class FindingHistory(msgspec.Struct, frozen=True):
    """One opening of a task and how it ended. Times in seconds since the epoch."""

    root: str
    fingerprint: str
    text: str
    severity: str | None
    opened: float | None
    """None: before the history begins."""
    closed: float | None
    """None: it is open still."""
    outcome: str
    """resolved (the condition went away), done, dismissed, or open."""
    by: str | None

    @property
    def took(self) -> float | None:
        return self.closed - self.opened if self.closed is not None and self.opened is not None else None


def finding_histories(events: Iterable[tuple[str, TaskEvent]]) -> list[FindingHistory]:
    """The tasks in a history of (root, event), oldest first, by when they opened or else closed."""
    began: dict[tuple[str, str], TaskEvent] = {}
    histories: list[FindingHistory] = []
    for root, event in events:
        key = (root, event.fingerprint)
        if event.what in _OPENING:
            began.setdefault(key, event)
        elif event.what in _CLOSING:
            first = began.pop(key, None)
            opened = first.at if first else None
            histories.append(FindingHistory(*_about(root, event), opened, event.at, event.what, event.by))
    histories += [
        FindingHistory(*_about(root, event), event.at, None, "open", None)
        for (root, _), event in began.items()
    ]
    return sorted(histories, key=lambda one: one.opened if one.opened is not None else one.closed or 0.0)


def history_json(events: Iterable[tuple[str, TaskEvent]]) -> dict[str, object]:
    """``tasks history --json``: every event, and each task's opening, closing, by whom and how long."""
    listed = list(events)
    return {
        "schema": SCHEMA,
        "events": [
            {"at": iso(event.at), "root": root, **fields(event, "fingerprint what by text severity")}
            for root, event in listed
        ],
        "tasks": [
            {
                **fields(one, "root fingerprint text severity"),
                "opened": iso(one.opened),
                "closed": iso(one.closed),
                "outcome": one.outcome,
                "closed_by": one.by,
                "took_s": one.took,
            }
            for one in finding_histories(listed)
        ],
    }


def history_text(events: Iterable[tuple[str, TaskEvent]], now: float) -> list[str]:
    """One line a task: when it opened, what, how it ended and after how long."""
    lines = [
        f"{moment(one.opened, now) if one.opened else 'before':>16}  {ending(one):<28}  {safe(one.text, 90)}"
        for one in finding_histories(events)
    ]
    return lines or ["no history yet: no task or finding was opened or closed so far"]


def ending(one: FindingHistory) -> str:
    """How a task ended, in words: "done by a person in 3 h"."""
    if one.closed is None:
        return "open"
    who = " by a person" if one.by == "person" else ""
    after = f" in {duration(one.took)}" if one.took is not None else ""
    return f"{one.outcome}{who}{after}"


def week_lines(events: Iterable[tuple[str, TaskEvent]], since: float) -> list[str]:
    """The summary of a span: how many opened and closed, by whom, and how long it took."""
    all_histories = finding_histories(events)
    closed = [s for s in all_histories if s.closed is not None and s.closed >= since]
    opened = [s for s in all_histories if s.opened is not None and s.opened >= since]
    if not closed and not opened:
        return []
    hands = sum(one.by == "person" for one in closed)
    gone = sum(one.outcome == "resolved" for one in closed)
    spans = sorted(one.took for one in closed if one.took is not None)
    typical = f", typically in {duration(spans[len(spans) // 2])}" if spans else ""
    return [
        f"tasks: {len(opened)} opened, {len(closed)} closed ({hands} by a person, "
        f"{plural(gone, 'cleared by itself', 'cleared by themselves')}){typical}"
    ]


def _about(root: str, event: TaskEvent) -> tuple[str, str, str, str | None]:
    return root, event.fingerprint, event.text, event.severity
