"""A task: one line of a todo.txt file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

What = Literal["pending", "opened", "reopened", "resolved", "done", "snoozed", "dismissed", "edited", "added"]
RecordState = Literal["open", "snoozed", "resolved", "done", "pending", "dismissed"]
TaskState = RecordState | Literal["hidden"]


class Task(msgspec.Struct, frozen=True):
    """A line of the to-do file."""

    id: str
    """The ``rw:`` value, else a short hash of the text."""
    line: str
    """As it stands in the file."""
    text: str
    priority: str | None
    done: bool
    created: date | None
    completed: date | None
    due: date | None
    threshold: date | None
    projects: tuple[str, ...]
    contexts: tuple[str, ...]
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    source: Literal["manual", "rule"] = "manual"
    """rule: opened by a finding."""
    fingerprint: str | None = None
    state: TaskState = "open"
    """hidden: the line says ``h:1``, which other programs give lines that are no task."""


class TaskList(msgspec.Struct, frozen=True):
    """The tasks of one to-do file."""

    file: str
    """Its path as shown."""
    tasks: tuple[Task, ...]
    notice: str = ""
    """Read-only, unsaved, …."""
    beyond: int = 0
    """Findings past the cap that opened no line."""
    older: int = 0
    """Findings at the first look that were too old to become tasks."""
    writable: bool = True
    archived: Mapping[date, int] = msgspec.field(default_factory=dict)
    """How many tasks of ``done.txt`` were finished on a day."""

    def done_on(self, day: date) -> int:
        """How many tasks were finished on a day, here or in ``done.txt``."""
        done = (task for task in self.tasks if task.done and task.completed == day)
        here = sum(task.tags.get("h") != "1" for task in done)
        return here + self.archived.get(day, 0)


class TaskEvent(msgspec.Struct, frozen=True):
    """One entry of the history: what happened to a task or finding, when, by whom."""

    fingerprint: str
    at: float
    what: What
    by: Literal["runwatch", "person"]
    text: str
    severity: str | None = None


class TaskRecord(msgspec.Struct, frozen=True):
    """What runwatch remembers of one finding's task, keyed by (root, fingerprint); the to-do file wins over
    it. Times are seconds since the epoch."""

    fingerprint: str
    state: RecordState
    rule: str
    severity: str
    """Of the finding as long as the task is open, then frozen."""
    scope: str
    title: str
    first_seen: float
    last_seen: float
    since: float
    """When ``state`` began."""
    held_since: float | None = None
    """Since when the condition holds without a break."""
    clear_since: float | None = None
    """Since when it is clear without a break."""
    count: int = 0
    """How often it was opened."""
    line: str = ""
    """The file's line as last seen, "" when there is none."""
    lasting: bool = False
    cleared: bool = False
    """A done task's condition went away."""
    by_hand: bool = False
    """A person re-opened it."""
    older: bool = False
    """Too old at the first look to become a task."""
    missing_since: float | None = None
    """Its line is not in the file any more since then (an editor may be in the middle of saving)."""
