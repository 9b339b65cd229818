"""A screen that shows a view of the newest snapshot, and asks for a new one when it is on top again."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

from runwatch.ui.host import Build, Host, host
from runwatch.ui.left_once import LeftOnce
from runwatch.ui.messages import ViewChanged

_EMPTY_AFTER_S = 0.5


class LiveScreen(LeftOnce[None]):
    """``job`` returns a function that makes the view on another thread; ``paint`` shows it. ``painted``: a
    view was shown. It goes on being painted under a dialog. ``finding``: the finding that led here."""

    painted = False
    finding: tuple[str, str] | None = None
    _laid_out_at: float | None = None

    @property
    def host(self) -> Host:
        """The app as its screens know it."""
        return host(self)

    @abstractmethod
    def job(self) -> Build:
        """What makes this screen's view; it may run on any thread and sees no widget."""

    @abstractmethod
    def paint(self, view: Any) -> None:
        """Paint a view that ``job`` made."""

    def view(self) -> Build:
        """What is made for this screen: its job, and what stands around that."""
        return self.job()

    def take(self, view: object) -> None:
        """Paint what ``view`` made."""
        self.paint(view)

    def ask(self) -> None:
        """Have the view made anew."""
        self.host.show_screen(self)

    def _compositor_refresh(self) -> None:
        """Under a dialog Textual marks all of this screen as changed for ever after its first change, and
        every update sends the whole screen to the terminal: pass on what changed and no more."""
        if self is self.app.screen:
            if not self._soon_painted():
                super()._compositor_refresh()
        elif regions := set(self._compositor._dirty_regions):
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
            if self.is_current:
                self.app.screen.refresh(*regions)

    def _soon_painted(self) -> bool:
        """Whether the first view is about to come: the screen isn't drawn empty unless that takes long."""
        if self.painted:
            return False
        now = time.monotonic()
        if self._laid_out_at is None:
            self._laid_out_at = now
            self.set_timer(_EMPTY_AFTER_S, self._draw_empty)
        return now - self._laid_out_at < _EMPTY_AFTER_S

    def _draw_empty(self) -> None:
        if not self.painted:
            self.refresh()

    def on_screen_resume(self) -> None:
        self.ask()

    def on_view_changed(self, event: ViewChanged) -> None:
        if event.message:
            self.host.say(event.message)
        self.ask()
