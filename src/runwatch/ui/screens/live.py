"""A screen that shows a view of the newest snapshot, and asks for a new one when it is on top again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from runwatch.domain.situation import Snapshot
from runwatch.ui.host import Host, host


class LiveScreen(Screen[None]):
    """``job`` returns a function that makes the view on another thread; ``paint`` shows it. ``painted``: a
    view was shown. Under a dialog nothing is painted anew: with every line of it the terminal would be sent
    the whole screen."""

    painted = False

    @property
    def host(self) -> Host:
        """The app as its screens know it."""
        return host(self)

    @abstractmethod
    def job(self) -> Callable[[Snapshot, float], Any]:
        """What makes this screen's view; it may run on any thread and sees no widget."""

    @abstractmethod
    def paint(self, view: Any) -> None:
        """Paint a view that ``job`` made."""

    def ask(self) -> None:
        """Have the view made anew."""
        self.host.look(self)

    def on_screen_resume(self) -> None:
        self.ask()

    def on_asked(self) -> None:
        self.ask()
