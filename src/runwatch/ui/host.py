"""What screens and panes may ask of the app, and the app of what watches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

from runwatch.domain.borders import JsonDict
from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.drift import Distribution
from runwatch.domain.intents import Intent, IntentAnswer
from runwatch.domain.media import MediaContent, MediaList, MediaSeries
from runwatch.domain.points import Points
from runwatch.domain.predictions import TextRows
from runwatch.domain.run import Problem, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.ui.messages import Request
from runwatch.ui.selection import Selection
from runwatch.ui.settings import UiSettings

if TYPE_CHECKING:
    from runwatch.show.brief import Brief

T = TypeVar("T")
Build = Callable[[Snapshot, float], Any]
"""Makes the view that a pane or screen then paints."""

AnyApp = App[Any]
AnyScreen = Screen[Any]
Weight = Literal["information", "warning", "error"]


class Watching(Protocol):
    """What the screen needs of the monitor. ``publish`` and ``answered`` are called on its threads; whatever
    gives something may read the disk, ``briefs`` waits until all was judged or ``given_up()``: thread workers
    only."""

    def start(self, publish: Callable[[Snapshot], None]) -> None: ...
    def stop(self) -> None: ...
    def submit(self, intent: Intent, answered: Callable[[IntentAnswer], None]) -> None: ...
    def series(self, key: RunKey, tag: str) -> Points: ...
    def distribution(
        self, data_set: str, root: str, column: str, batch: int | None
    ) -> Distribution | None: ...
    def console(self, key: RunKey, path: str, end: int | None, size: int) -> tuple[bytes, int]: ...
    def system_tags(self, key: RunKey) -> tuple[str, ...]: ...
    def media(self, key: RunKey) -> MediaList: ...
    def media_contents(self, key: RunKey, wanted: MediaSeries) -> list[MediaContent]: ...
    def slice_rows(self, key: PredictionsKey, label: str) -> TextRows | Problem: ...
    def history(self) -> list[tuple[str, TaskEvent]]: ...
    def saved_view(self, root: str) -> str: ...
    def champions(self, root: str) -> list[JsonDict]: ...
    def briefs(self, given_up: Callable[[], bool]) -> list[tuple[str, Brief]]: ...


class Host(Protocol):
    """The app as its screens know it."""

    watching: Watching
    settings: UiSettings
    choice: Selection
    snapshot: Snapshot | None
    """The newest that was shown, None before the first."""
    own_themes: tuple[str, ...]
    briefs: Sequence[tuple[str, Brief]]
    """(root, what happened there since a person last looked), as of the start."""
    finding: tuple[str, str] | None
    """The one that was walked to last."""
    undos: deque[Callable[[], object]]
    """What takes the last changes back, the newest last."""

    def say(self, text: str, severity: Weight = "information") -> None:
        """A notice in plain text."""

    def submit_intent(self, intent: Intent) -> None:
        """Hand an intent to the monitor; its answer comes back as a notice."""

    def open(self, request: Request) -> None:
        """Show what is asked for, or ask the person what belongs to it."""

    def walk_to(self, key: tuple[str, str]) -> None:
        """Show what one finding is about; later steps go on from it."""

    def ask(self, dialog: Screen[T], then: Callable[[T | None], None]) -> None:
        """Put a question over the screen; ``then`` gets its answer, None when it was left."""

    def suspend(self) -> AbstractContextManager[None]:
        """Give the terminal to another program for a while."""

    def mark_seen(self) -> None:
        """The person has seen what happened."""

    def save_view(self) -> None:
        """Remember how the board is arranged."""

    def take_theme(self, name: str) -> None:
        """Change the colours, until the app ends."""

    def show_screen(self, screen: object) -> None:
        """From now on build and show this screen's view, if it is the one that is seen."""


def host(node: DOMNode) -> Host:
    """The app that a screen, pane or widget is in."""
    return cast("Host", node.app)
