"""A log: colours kept, everything else that a terminal would obey made visible; search and jumps."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from rich.cells import cell_len
from rich.color import ColorParseError
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from runwatch.show.screen.view import Span
from runwatch.text.console import ConsoleLine, ConsoleStyle, find_first_error, is_error, search
from runwatch.ui.bindings import hidden
from runwatch.ui.clipboard import copy
from runwatch.ui.host import host
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import wrapped


class LogView(ScrollView, can_focus=True):
    """Lines of a log. Follows the end until one scrolls away from it."""

    DEFAULT_CSS = """
    LogView { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("down,j", "go(1)", "Down", "log.down"),
        hidden("up,k", "go(-1)", "Up", "log.up"),
        hidden("pagedown,ctrl+f", "page(2)", "Page down", "log.page-down"),
        hidden("pageup,ctrl+b", "page(-2)", "Page up", "log.page-up"),
        hidden("ctrl+d", "page(1)", "Half a page down", "log.half-down"),
        hidden("ctrl+u", "page(-1)", "Half a page up", "log.half-up"),
        hidden("g,home", "end(False)", "First", "log.first"),
        hidden("G,end", "end(True)", "Last", "log.last"),
        Binding("n", "hit(1)", "Next hit", id="log.next"),
        hidden("N", "hit(-1)", "Previous hit", "log.previous"),
        hidden("y", "copy", "Copy", "log.copy", "the marked line, else the visible lines"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[ConsoleLine] = []
        self.following = True
        self.words = ""
        self._hits: list[int] = []
        self._at: int | None = None
        self._rows: list[tuple[int, int]] = []
        self._first: dict[int, int] = {}
        self._nothing = ""

    def show(self, lines: list[ConsoleLine], nothing: str = "this file is empty") -> None:
        """Take the lines; the same again changes nothing. ``nothing``: what to say where there are none."""
        if nothing != self._nothing:
            self._nothing = nothing
            self.refresh()
        if lines == self.lines:
            return
        moved = _moved(self.lines, lines)
        top = self._rows[int(self.scroll_y)][0] if int(self.scroll_y) < len(self._rows) else 0
        self.lines = lines
        self._at = self._at + moved if self._at is not None else None
        self._hits = search(lines, self.words)
        self._wrap()
        if self.following:
            self.scroll_end(animate=False)
        elif moved:
            self.scroll_to(y=self._row_of(max(top + moved, 0)), animate=False)
        self.refresh()

    def _wrap(self) -> None:
        """Break the lines where the screen ends: (line, its first character) for each row."""
        width = max(self.size.width - 1, 10)
        self._rows = [
            (i, start)
            for i, line in enumerate(self.lines)
            for start in range(0, max(cell_len(line.text), 1), width)
        ]
        self._first = {}
        for row, (i, start) in enumerate(self._rows):
            if not start:
                self._first[i] = row
        self.virtual_size = Size(self.size.width, len(self._rows))

    def _row_of(self, line: int) -> int:
        return self._first.get(line, max(len(self._rows) - 1, 0))

    def on_resize(self, event: events.Resize) -> None:
        self._wrap()
        if self.following:
            self.scroll_end(animate=False)
        self.refresh()

    def find(self, words: str) -> int:
        """Mark the lines that hold the words, go to the last of them; how many there are."""
        self.words = words
        self._hits = search(self.lines, words)
        self.refresh_bindings()
        if self._hits:
            self._jump(self._hits[-1])
        self.refresh()
        return len(self._hits)

    def to_first_error(self) -> bool:
        """Go to the first traceback or error; False when there is none."""
        at = find_first_error(self.lines)
        if at is not None:
            self._jump(at)
        return at is not None

    def _jump(self, at: int) -> None:
        self.following = False
        self._at = at
        self.scroll_to(y=max(self._row_of(at) - self.size.height // 3, 0), animate=False)
        self.refresh()

    def action_go(self, by: int) -> None:
        self.following = by > 0 and self.scroll_offset.y + by >= self.max_scroll_y
        self.scroll_relative(y=by, animate=False)

    def action_page(self, halves: int) -> None:
        """Half pages down, or up."""
        self.action_go(halves * max((self.size.height - 1) // 2, 1))

    def action_end(self, last: bool) -> None:
        self.following = last
        self.scroll_to(y=self.max_scroll_y if last else 0, animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a search ``n`` walks the findings, as everywhere."""
        return action != "hit" or bool(self.words)

    def action_hit(self, by: int) -> None:
        if not self._hits:
            host(self).say(f"no line with “{self.words}”")
            return
        here = self._at if self._at is not None else -1
        later = [at for at in self._hits if (at > here if by > 0 else at < here)]
        self._jump((later[0] if by > 0 else later[-1]) if later else self._hits[0 if by > 0 else -1])

    def action_copy(self) -> None:
        """Copy the line that was found, else the lines on the screen."""
        top = int(self.scroll_y)
        seen = {line for line, _ in self._rows[top : top + self.size.height]}
        chosen = [self._at] if self._at is not None else sorted(seen)
        copy(self, "\n".join(self.lines[i].text for i in chosen))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.following = False

    def render_line(self, y: int) -> Strip:
        colours = palette(self.app)
        width = self.size.width
        row = y + int(self.scroll_y)
        if row >= len(self._rows):
            wrapped_lines = wrapped((Span(self._nothing, "muted"),), width - 2) if not self.lines else ()
            message = "".join(span.text for span in wrapped_lines[y]) if y < len(wrapped_lines) else ""
            strip = Strip([Segment(f" {message}", colours["muted"])]).adjust_cell_length(width)
            return strip.apply_style(self.rich_style)
        index, start = self._rows[row]
        line = self.lines[index]
        segments = [Segment(span.text, rich_style(span.style)) for span in line.spans]
        room = max(width - 1, 10)
        strip = Strip(segments).crop(start, start + room).adjust_cell_length(width)
        if is_error(line):
            strip = strip.apply_style(colours["bad"])
        if index == self._at:
            strip = strip.apply_style(colours["cursor"])
        elif self._hits and index in self._hits:
            strip = strip.apply_style(colours["band"])
        return strip.apply_style(self.rich_style)


_ENOUGH = 5


def _moved(old: list[ConsoleLine], new: list[ConsoleLine]) -> int:
    """By how many lines what was there is further down now: more of the beginning was read, or less of it
    is kept. 0 when nothing of it is there any more."""
    for place in range(len(new) if old else 0):
        if new[place : place + _ENOUGH] == old[:_ENOUGH]:
            return place
    for place in range(len(old) if new else 0):
        if old[place : place + _ENOUGH] == new[:_ENOUGH]:
            return -place
    return 0


@lru_cache(maxsize=512)
def rich_style(style: ConsoleStyle) -> RichStyle:
    """A log's style for the screen; an unknown colour is left out."""
    try:
        return RichStyle(
            color=style.color,
            bgcolor=style.background,
            bold=style.bold or None,
            dim=style.dim or None,
            italic=style.italic or None,
            underline=style.underline or None,
            reverse=style.reverse or None,
            strike=style.strike or None,
        )
    except ColorParseError:
        return RichStyle(bold=style.bold or None)
