"""What panes and screens tell the app: few, frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from textual.message import Message

from runwatch.domain.run import RunKey
from runwatch.show.screen.destinations import Destination
from runwatch.show.screen.tasks import TaskKey

TaskVerb = Literal["add", "toggle", "snooze", "priority", "edit"]
"""What ``actions`` can do with a task."""


class TaskAction(NamedTuple):
    """Something to do with a task."""

    action: TaskVerb
    key: TaskKey | None
    """None where a new one is added."""


class BaselineAction(NamedTuple):
    """Something to do with the baseline: pin ``run`` with a reason, or take its root's pin off."""

    action: Literal["pin", "clear"]
    run: RunKey | None


class NoteAction(NamedTuple):
    """A note on a run, in the person's own words."""

    run: RunKey


class TakeBack(NamedTuple):
    """Undo the last change."""


Request = Destination | TaskAction | BaselineAction | NoteAction | TakeBack


class ViewChanged(Message):
    """Something was chosen that changes what is to be shown; ``message``: a word about it for the foot."""

    def __init__(self, message: str = "") -> None:
        super().__init__()
        self.message = message


class ExportRequested(Message):
    """A person wants a file of what is seen. ``name``: what to begin with; ``forms``: form by ending;
    ``make``: what a file of a form holds, called on a worker; it may raise OSError."""

    def __init__(self, name: str, forms: Mapping[str, str], make: Callable[[str], str | bytes]) -> None:
        super().__init__()
        self.name, self.forms, self.make = name, forms, make


class ViewFailed(Message, bubble=False):
    """The view could not be built, or the monitor could not start: an error of ours, to be seen."""

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__()
        self.what, self.error = what, error
