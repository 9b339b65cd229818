"""The person's hand: what the to-do file says about a finding's task wins over what runwatch remembers."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec.structs import replace

from runwatch.domain.task import RecordState, Task, TaskEvent, TaskRecord, What

DAY = 86400.0
REOPEN_WITHIN = 14 * DAY
GONE_AFTER = 5.0

Followed = tuple[TaskRecord, list[TaskEvent]]


def follow(record: TaskRecord, task: Task | None, archived: Task | None, held: bool, now: float) -> Followed:
    """The record as the file has it: ``task`` is the finding's line (None: not there), ``archived`` its line
    in done.txt, ``held`` whether the condition holds now."""
    if task is None:
        return _without_line(record, archived, now)
    record = replace(record, missing_since=None)
    if task.source != "rule":
        return _moved(record, "dismissed", now, "dismissed", line=task.line)
    if task.done:
        return _done(record, task, held, now)
    return _to_do(record, task, now)


def adopted(record: TaskRecord, task: Task, now: float, today: date) -> TaskRecord:
    """The record of a line that is in the file though nothing is remembered of it (another machine wrote it,
    or the state was lost)."""
    finished = (today - task.completed).days * DAY if task.completed else 0.0
    state: RecordState = _of(task) if task.source == "rule" else "dismissed"
    return replace(record, state=state, since=now - max(finished, 0.0), count=openings(task), line=task.line)


def openings(task: Task) -> int:
    """How often a finding's line was opened, by its ``n:``."""
    number = task.tags.get("n", "")
    return max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 9 else 1


def is_current(task: Task, today: date) -> bool:
    """Whether a line still stands for its finding: one done more than 14 days ago is history."""
    return not task.done or task.completed is None or (today - task.completed).days * DAY <= REOPEN_WITHIN


def _without_line(record: TaskRecord, archived: Task | None, now: float) -> Followed:
    if record.state not in ("open", "snoozed"):
        return replace(record, line=""), []
    if archived is not None and archived.done:
        auto = archived.state == "resolved" and not record.by_hand
        return _moved(record, "resolved" if auto else "done", now, "resolved" if auto else "done", line="")
    missing = record.missing_since if record.missing_since is not None else now
    if now - missing < GONE_AFTER:
        return replace(record, missing_since=missing), []
    return _moved(replace(record, missing_since=None), "dismissed", now, "dismissed", line="")


def _done(record: TaskRecord, task: Task, held: bool, now: float) -> Followed:
    if record.state in ("done", "resolved"):
        return replace(record, line=task.line), []
    if task.state == "resolved" and not record.by_hand:
        state: RecordState = "done" if held else "resolved"
        return replace(record, state=state, since=now, cleared=False, line=task.line), []
    return _moved(record, "done", now, "done", line=task.line)


def _to_do(record: TaskRecord, task: Task, now: float) -> Followed:
    snoozed = _of(task) == "snoozed"
    state: RecordState = "snoozed" if snoozed else "open"
    if record.state not in ("open", "snoozed"):
        elsewhere = openings(task) > record.count
        record = replace(record, by_hand=not elsewhere, cleared=False, older=False, count=openings(task))
        record, events = _moved(record, state, now, "reopened", line=task.line)
        return record, [replace(event, by="runwatch") for event in events] if elsewhere else events
    if record.line == task.line:
        return (record if record.state == state else replace(record, state=state, since=now)), []
    what: What = "snoozed" if snoozed and f"t:{task.threshold}" not in record.line else "edited"
    since = record.since if record.state == state else now
    record = replace(record, state=state, since=since, line=task.line)
    return record, [_event(record, now, what)]


def _of(task: Task) -> RecordState:
    """A line that a person hides is out of sight like a snoozed one."""
    return "snoozed" if task.state == "hidden" else task.state


def _moved(record: TaskRecord, state: RecordState, now: float, what: What, line: str) -> Followed:
    """The record in another state by the person's hand; staying in one is no event."""
    if record.state == state:
        return replace(record, line=line), []
    record = replace(record, state=state, since=now, line=line, cleared=False)
    return record, [_event(record, now, what)]


def _event(record: TaskRecord, now: float, what: What) -> TaskEvent:
    by: Literal["runwatch", "person"] = "runwatch" if what == "resolved" else "person"
    return TaskEvent(
        record.fingerprint, at=now, what=what, by=by, text=record.title, severity=record.severity
    )
