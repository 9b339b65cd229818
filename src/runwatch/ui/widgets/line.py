"""One line of words, with more words at its right end."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from runwatch.show.screen.view import Words
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import changed_cells, fitted, line_strip, width_of, wrapped

_LEAST = 12


class LineWidget(Widget):
    """Shows words on one line; where there is no room for both the right end is cut, and gives
    way when little would be left of it. ``collapse``: takes no line when there is nothing to say;
    ``wrap``: takes as many lines as the left words need, when there are no right ones."""

    DEFAULT_CSS = "LineWidget { height: 1; padding: 0 1; }  LineWidget.wrap { height: auto; }"

    def __init__(self, *, id: str | None = None, collapse: bool = False, wrap: bool = False) -> None:
        super().__init__(id=id, classes="wrap" if wrap else None)
        self._collapse, self._wrap = collapse, wrap
        self.display = not collapse
        self._left: Words = ()
        self._right: Words = ()

    def show(self, left: Words, right: Words = ()) -> None:
        """Take new words; equal ones are not painted again."""
        if (left, right) == (self._left, self._right):
            return
        drawn = self.is_attached and self.content_size.width > 0 and not self._wrap
        before = self._strip() if drawn else None
        self._left, self._right = left, right
        if self._collapse and self.display != bool(left or right):
            self.display = bool(left or right)
            before = None
        if before is None:
            self.refresh(layout=self._wrap)
        elif span := changed_cells(before, self._strip()):
            self.refresh(Region(span[0], 0, span[1] - span[0], 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(wrapped(self._left, width)) if self._wrap and not self._right else 1

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if self._wrap and not self._right and width > 0:
            lines = wrapped(self._left, width)
            words = lines[y] if y < len(lines) else ()
            return line_strip(words, width, palette(self.app), self.rich_style)
        return Strip.blank(width) if y or width <= 0 else self._strip()

    def _strip(self) -> Strip:
        width, colours, ground = self.content_size.width, palette(self.app), self.rich_style
        room = min(width_of(self._right), width - min(width_of(self._left), width // 2) - 2)
        if room < min(width_of(self._right), _LEAST):
            return Strip(fitted(self._left, width, colours), width).apply_style(ground)
        left = fitted(self._left, width - room - (2 if room else 0), colours)
        right = fitted(self._right, room, colours) if room else []
        if right:
            left.append(Segment("  "))
        return Strip([*left, *right], width).apply_style(ground)


class OpenLine(LineWidget, can_focus=True):
    """A line that stands for something: Enter or a click posts ``Opened``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open", id="line.open")]

    class Opened(Message):
        """The line was chosen."""

        def __init__(self, line: OpenLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> OpenLine:
            return self.line

    def action_open(self) -> None:
        self.post_message(self.Opened(self))

    def on_click(self) -> None:
        self.post_message(self.Opened(self))
