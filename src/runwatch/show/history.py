"""Who did what: the history of findings and tasks, as closed stories and as JSON."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from runwatch.domain.task import TaskEvent
from runwatch.text.jsonable import SCHEMA, hparams
from runwatch.text.safe import safe
from runwatch.text.units import duration, iso, moment, plural

_OPENING = ("opened", "reopened", "added")
_CLOSING = ("resolved", "done", "dismissed")


class FindingHistory(msgspec.Struct, frozen=True):
    """One opening of a task and how it ended. Times in seconds since the epoch; ``closed`` None: it is open
    still; ``opened`` None: it was opened before the history begins; ``outcome``: resolved (the condition
    went away), done, dismissed, or open."""

    root: str
    fingerprint: str
    text: str
    severity: str | None
    opened: float | None
    closed: float | None
    outcome: str
    by: str | None

    @property
    def took(self) -> float | None:
        return self.closed - self.opened if self.closed is not None and self.opened is not None else None


def stories(events: Iterable[tuple[str, TaskEvent]]) -> list[FindingHistory]:
    """The stories in a history of (root, event), oldest first, by when they opened or else closed."""
    began: dict[tuple[str, str], TaskEvent] = {}
    histories: list[FindingHistory] = []
    for root, event in events:
        key = (root, event.fingerprint)
        if event.what in _OPENING:
            began.setdefault(key, event)
        elif event.what in _CLOSING:
            first = began.pop(key, None)
            histories.append(_story(root, event, first.at if first else None, event.at, event.what, event.by))
    histories += [_story(root, event, event.at, None, "open", None) for (root, _), event in began.items()]
    return sorted(
        histories, key=lambda story: story.opened if story.opened is not None else story.closed or 0.0
    )


def history_json(events: Iterable[tuple[str, TaskEvent]]) -> dict[str, object]:
    """``tasks history --json``: every event, and each task's opening, closing, by whom and how long."""
    listed = list(events)
    return {
        "schema": SCHEMA,
        "events": [
            {
                "at": iso(event.at),
                "root": root,
                "fingerprint": hparams(event.fingerprint),
                "what": event.what,
                "by": event.by,
                "text": hparams(event.text),
                "severity": event.severity,
            }
            for root, event in listed
        ],
        "tasks": [
            {
                "root": story.root,
                "fingerprint": hparams(story.fingerprint),
                "text": hparams(story.text),
                "severity": story.severity,
                "opened": iso(story.opened),
                "closed": iso(story.closed),
                "outcome": story.outcome,
                "closed_by": story.by,
                "took_s": story.took,
            }
            for story in stories(listed)
        ],
    }


def history_text(events: Iterable[tuple[str, TaskEvent]], now: float) -> list[str]:
    """One line a story: when it opened, what, how it ended and after how long."""
    lines = [
        f"{moment(story.opened, now) if story.opened else 'before':>16}  {ending(story):<28}  "
        f"{safe(story.text, 90)}"
        for story in stories(events)
    ]
    return lines or ["no history yet: nothing was opened or closed since it is kept here"]


def ending(story: FindingHistory) -> str:
    """How a story ended, in words: "done by a person in 3 h"."""
    if story.closed is None:
        return "open"
    who = " by a person" if story.by == "person" else ""
    after = f" in {duration(story.took)}" if story.took is not None else ""
    return f"{story.outcome}{who}{after}"


def week_lines(events: Iterable[tuple[str, TaskEvent]], since: float) -> list[str]:
    """The summary of a span: how many opened and closed, by whom, and how long it took."""
    all_stories = stories(events)
    closed = [s for s in all_stories if s.closed is not None and s.closed >= since]
    opened = [s for s in all_stories if s.opened is not None and s.opened >= since]
    if not closed and not opened:
        return []
    hands = sum(story.by == "person" for story in closed)
    gone = sum(story.outcome == "resolved" for story in closed)
    spans = sorted(story.took for story in closed if story.took is not None)
    typical = f", typically in {duration(spans[len(spans) // 2])}" if spans else ""
    return [
        f"tasks: {len(opened)} opened, {len(closed)} closed ({hands} by a person, "
        f"{plural(gone, 'cleared by itself', 'cleared by themselves')}){typical}"
    ]


def _story(
    root: str, event: TaskEvent, opened: float | None, closed: float | None, outcome: str, by: str | None
) -> FindingHistory:
    return FindingHistory(root, event.fingerprint, event.text, event.severity, opened, closed, outcome, by)
