"""What a person asks for: the screen submits intents, the monitor answers each."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, cast, get_args

import msgspec

from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.remark import RemarkKind
from runwatch.domain.run import RunKey


class _OfRoot(msgspec.Struct, frozen=True):
    root: str


class _OfTask(_OfRoot, frozen=True):
    id: str


class PinBaseline(msgspec.Struct, frozen=True):
    """``since``: when an earlier pin that is put back was made; None: now."""

    run: RunKey
    reason: str = ""
    since: float | None = None


class ClearBaseline(_OfRoot, frozen=True):
    pass


class AddTask(msgspec.Struct, frozen=True):
    text: str
    root: str


class FinishTask(_OfTask, frozen=True):
    pass


class ReopenTask(_OfTask, frozen=True):
    pass


class SnoozeTask(_OfTask, frozen=True):
    until: date


class EditTask(_OfTask, frozen=True):
    text: str


class SetPriority(_OfTask, frozen=True):
    priority: str | None


class ArchiveTasks(_OfRoot, frozen=True):
    """Move what is done into ``done.txt`` beside the list."""


class AddNote(_OfRoot, frozen=True):
    """A note in the person's own words on a run, a batch or the baseline."""

    kind: RemarkKind
    subject: str
    text: str


class Silence(_OfRoot, frozen=True):
    """No task and no alert for one fingerprint (or rule, or scope) until a time (seconds since the epoch)."""

    match: str
    until: float


class Undo(_OfRoot, frozen=True):
    token: str


class MarkLooked(msgspec.Struct, frozen=True):
    """The person has seen the board: every watched root was looked at now."""


class KeepView(_OfRoot, frozen=True):
    """Remember how a person arranged this root's board: ``view`` is the screen's own text."""

    view: str


class Rescan(msgspec.Struct, frozen=True):
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
    | ArchiveTasks
    | Silence
    | AddNote
    | Undo
    | MarkLooked
    | KeepView
    | Rescan
)


class IntentAnswer(msgspec.Struct, frozen=True):
    """What became of an intent."""

    intent: Intent
    ok: bool
    message: str
    """What was done, or why not."""
    undo: str | None = None
    """A token that takes it back."""
    warning: str = ""
    """What the person may not have thought of; it stands in ``message`` too."""
    task: str = ""
    """The id of the task that was added or changed, "" for none."""


def root_of(intent: Intent) -> str:
    """The root that an intent is about; "/": of the machine."""
    return intent.run.root if isinstance(intent, PinBaseline) else str(getattr(intent, "root", "/"))


_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Intent)}


def to_json(intent: Intent) -> str:
    """One intent as JSON text, for the machine that shall do it."""
    return json.dumps({"intent": type(intent).__name__, "of": to_plain(intent)})


def from_json(text: str) -> Intent | None:
    """The intent of ``to_json``'s text; None when this version knows no such intent."""
    try:
        body = json.loads(text)
        return cast(Intent, from_plain(_KINDS[body["intent"]], body["of"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
