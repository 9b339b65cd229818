"""Moving the borders between the panes of the board with the mouse."""

from __future__ import annotations

from itertools import pairwise

from textual import events

from runwatch.ui.left_once import LeftOnce
from runwatch.ui.panes.base import Pane
from runwatch.ui.selection import Selection

PARTS, LEAST = 50, 12
"""The board's width, and what either column keeps of it."""


class Borders(LeftOnce[None]):
    """``panes`` in their order."""

    choice: Selection
    panes: list[Pane]
    _dragged: tuple[str, str] | None = None

    def arrange_panes(self) -> None:
        """Give each pane its room."""
        raise NotImplementedError

    def rearranged(self) -> None:
        """Arrange the panes as they are wanted now, and remember that."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the border between the columns, or between two panes of one."""
        if self.has_class("tabbed") or self.choice.full:
            return
        left = self.query_one("#left").region
        if event.screen_x in (left.right - 1, left.right) and left.height:
            self._dragged = ("", "")
        for above, below in pairwise(p for p in self.panes if p.display and p.PLACE != "strip"):
            edge = above.region.bottom
            inside = above.region.x < event.screen_x < above.region.right - 1
            if above.PLACE == below.PLACE and inside and event.screen_y in (edge - 1, edge):
                self._dragged = (above.ID, below.ID)
        if self._dragged is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is None:
            return
        if self._dragged == ("", ""):
            parts = round(PARTS * event.screen_x / max(self.size.width, 1))
            self.choice.left = max(LEAST, min(parts, PARTS - LEAST))
        else:
            above, below = (next(p for p in self.panes if name == p.ID) for name in self._dragged)
            room = above.region.height + below.region.height
            share = max(1, min(event.screen_y - above.region.y, room - 1))
            total = sum(self.choice.weights.get(p.ID, p.WEIGHT) for p in (above, below))
            weight = max(1, min(round(total * share / max(room, 1)), total - 1))
            self.choice.weights |= {above.ID: weight, below.ID: total - weight}
        self.arrange_panes()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()
            self.rearranged()
