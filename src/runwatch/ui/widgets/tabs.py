"""The names of the panes on one line, where only one of them fits on the screen."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from runwatch.show.screen.view import Span, Tone
from runwatch.text.safe import safe
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import line_strip, width_of


class Tabs(Widget):
    """(number, name, what is bad there), one of them active; a click posts ``Picked``."""

    DEFAULT_CSS = "Tabs { height: 1; }"

    class Picked(Message):
        """A name was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names: tuple[tuple[int, str, str], ...] = ()
        self._active = 0

    def show(self, names: tuple[tuple[int, str, str], ...], active: int) -> None:
        """Take names and which of them is active."""
        if (names, active) != (self._names, self._active):
            self._names, self._active = names, active
            self.refresh()

    def _spans(self) -> list[tuple[int, tuple[Span, ...]]]:
        """All names, closer together where there is little room; where there is less only the active one's,
        the others by their numbers; and where that is too much, a part of it."""
        for gap, close in ((" ", False), ("", False), ("", True)):
            full = self._labels(False, gap, close)
            if sum(width_of(spans) for _, spans in full) <= self.size.width:
                return full
        numbers = self._labels(True, "", True)
        surplus = sum(width_of(spans) for _, spans in numbers) - self.size.width
        return self._labels(True, "", True, surplus) if surplus > 0 else numbers

    def _labels(
        self, short: bool, gap: str, close: bool = False, surplus: int = 0
    ) -> list[tuple[int, tuple[Span, ...]]]:
        out: list[tuple[int, tuple[Span, ...]]] = []
        for i, (number, name, bad) in enumerate(self._names):
            here = i == self._active
            if here and surplus:
                name = safe(name, max(cell_len(name) - surplus, 1))
            edge = ("[", "]") if here else (" ", "" if close else " ")
            tone: Tone = "strong" if here else "muted"
            out.append(
                (
                    number,
                    (
                        Span(edge[0], "accent"),
                        Span(f"{number} ", "key"),
                        Span(name if here or not short else "", tone),
                        Span(f" {bad}" if bad else "", "bad"),
                        Span(edge[1], "accent"),
                        Span(gap),
                    ),
                )
            )
        return out

    def render_line(self, y: int) -> Strip:
        words = tuple(span for _, spans in self._spans() for span in spans)
        return line_strip(words, self.size.width, palette(self.app), self.rich_style)

    def on_click(self, event: events.Click) -> None:
        at = 0
        for number, spans in self._spans():
            end = at + width_of(spans)
            if at <= event.x < end:
                self.post_message(self.Picked(number))
                return
            at = end
