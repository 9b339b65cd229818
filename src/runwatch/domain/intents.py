"""The way back: what a person asks for. Panes post intents; the monitor answers each with an ``Answer``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from runwatch.domain.run import RunKey


@dataclass(frozen=True, slots=True)
class PinBaseline:
    """``since``: when an earlier pin that is put back was made; None: now."""

    run: RunKey
    reason: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class ClearBaseline:
    root: str


@dataclass(frozen=True, slots=True)
class AddTask:
    text: str
    root: str


@dataclass(frozen=True, slots=True)
class FinishTask:
    root: str
    id: str


@dataclass(frozen=True, slots=True)
class ReopenTask:
    root: str
    id: str


@dataclass(frozen=True, slots=True)
class SnoozeTask:
    root: str
    id: str
    until: date


@dataclass(frozen=True, slots=True)
class EditTask:
    root: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class SetPriority:
    root: str
    id: str
    priority: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """No task and no alert for one fingerprint (or rule, or scope) until a time (seconds since the epoch)."""

    root: str
    match: str
    until: float


@dataclass(frozen=True, slots=True)
class Undo:
    root: str
    token: str


@dataclass(frozen=True, slots=True)
class MarkLooked:
    """The person has seen the board (sets the "since you last looked" marker)."""


@dataclass(frozen=True, slots=True)
class Rescan:
    """Walk everything now."""


Intent = (
    PinBaseline
    | ClearBaseline
    | AddTask
    | FinishTask
    | ReopenTask
    | SnoozeTask
    | EditTask
    | SetPriority
    | Silence
    | Undo
    | MarkLooked
    | Rescan
)


@dataclass(frozen=True, slots=True)
class Answer:
    """``ok`` and what was done, or why not; ``undo``: a token that takes it back; ``warning``: what the
    person may not have thought of (it stands in ``message`` too)."""

    intent: Intent
    ok: bool
    message: str
    undo: str | None = None
    warning: str = ""
