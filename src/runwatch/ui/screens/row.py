"""One row of a table with all its words, where the line had no room for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from runwatch.show.screen.view import Span, ViewColumn, ViewRow, Words
from runwatch.ui.bindings import hidden
from runwatch.ui.left_once import LeftOnce
from runwatch.ui.palette import palette
from runwatch.ui.widgets.words import content, width_of

_LABEL, _SHORT = 16, 52


class RowScreen(LeftOnce[None], ModalScreen[None]):
    """Every cell with its column's name, wrapped; those that the table had to drop as well. A column of signs
    has no line of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", id="row.close"),
        hidden("j", "scroll(1)", "Down", "row.down"),
        hidden("k", "scroll(-1)", "Up", "row.up"),
    ]

    def __init__(self, columns: tuple[ViewColumn, ...], row: ViewRow) -> None:
        super().__init__()
        self._columns, self._row = columns, row

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog brief") as box:
            box.border_title = Content("in full")
            box.border_subtitle = Content("escape closes")
            with VerticalScroll():
                yield Static(Content("\n").join(content(line, palette(self.app)) for line in self._lines()))

    def _lines(self) -> Iterator[Words]:
        sign: Words = ()
        for column, cell in zip(self._columns, self._row.cells, strict=False):
            if column.width == 1:
                sign = (*cell, Span(" "))
            elif any(span.text.strip() for span in cell):
                label = Span(column.title.ljust(_LABEL) if column.title else "", "muted")
                if width_of(cell) > _SHORT:
                    yield (label,)
                    label = Span("")
                yield (label, *sign, *cell)
                sign = ()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
