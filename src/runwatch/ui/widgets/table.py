"""A table that draws only the lines that are seen: any number of rows costs the same."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from runwatch.show.screen.view import Span, TableView, ViewColumn, ViewRow, keys_of
from runwatch.text.fitting import fit_end
from runwatch.ui.bindings import hidden
from runwatch.ui.clipboard import copy
from runwatch.ui.palette import Palette, palette
from runwatch.ui.widgets.words import changed_cells, fitted, line_strip, wrapped


class TableWidget(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a ``TableView``. The cursor stays on its row's key across refreshes, and only lines that
    changed are painted again. Until a person moves it, it stays on the first row. ``tight``: one cell between
    columns. ``lasting``: the cursor shows without the focus too. Enter or a second click
    posts ``Opened``, a moved cursor ``Moved``."""

    DEFAULT_CSS = """
    TableWidget { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("down,j", "move(1)", "Down", "table.down"),
        hidden("up,k", "move(-1)", "Up", "table.up"),
        hidden("pagedown,ctrl+f", "page(1)", "Page down", "table.page-down"),
        hidden("pageup,ctrl+b", "page(-1)", "Page up", "table.page-up"),
        hidden("ctrl+d", "half(1)", "Half a page down", "table.half-down"),
        hidden("ctrl+u", "half(-1)", "Half a page up", "table.half-up"),
        hidden("g,home", "jump(False)", "First", "table.first"),
        hidden("G,end", "jump(True)", "Last", "table.last"),
        Binding("enter", "open", "Open", id="table.open"),
        hidden("y", "copy", "Copy", "table.copy", "the row under the cursor"),
    ]

    class Moved(Message):
        """The cursor is on another row; ``key`` is None when there is no row."""

        def __init__(self, table: TableWidget, key: Hashable) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> TableWidget:
            return self.table

    class Opened(Moved):
        """The row was chosen."""

    class Titled(Message):
        """The title of a column was clicked; ``column`` is its key."""

        def __init__(self, table: TableWidget, column: str) -> None:
            super().__init__()
            self.table, self.column = table, column

        @property
        def control(self) -> TableWidget:
            return self.table

    def __init__(
        self,
        *,
        id: str | None = None,
        header: bool = True,
        cursor: bool = True,
        lasting: bool = False,
        tight: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._view = TableView((), ())
        self._header = header
        self._cursor = 0
        self._with_cursor, self._lasting, self._tight = cursor, lasting, tight
        self._touched = False
        self._widths: list[tuple[ViewColumn, int, int]] = []
        self._laid_out: tuple[tuple[ViewColumn, ...], int] = ((), 0)
        self._gap = 2

    @property
    def view(self) -> TableView:
        """What is shown."""
        return self._view

    @property
    def row(self) -> ViewRow | None:
        """The row under the cursor, None when there is no row."""
        rows = self._view.rows
        return rows[self._cursor] if rows else None

    @property
    def key(self) -> Hashable:
        """Its key."""
        return self.row.key if self.row else None

    def show(self, view: TableView) -> None:
        """Take a new view; what is equal is not painted again."""
        old, key = self._view, self.key
        if view == old:
            return
        self._view = view
        before = self._cursor
        self._cursor = self._find(key)
        self.virtual_size = Size(self.size.width, len(view.rows) + self._header)
        if view.columns != old.columns or not view.rows or not old.rows:
            self.refresh()
        else:
            self._refresh_changed(old.rows, view.rows)
        if self._cursor != before:
            self._reveal()
        if bool(view.rows) != bool(old.rows):
            self.refresh_bindings()
        if self.key != key:
            self.post_message(self.Moved(self, self.key))

    def _find(self, key: Hashable) -> int:
        rows = self._view.rows
        if not self._touched:
            return 0
        keys = keys_of(rows)
        if self._cursor < len(rows) and keys[self._cursor] == key:
            return self._cursor
        with suppress(ValueError):
            return keys.index(key)
        return max(min(self._cursor, len(rows) - 1), 0)

    def _refresh_changed(self, old: Sequence[ViewRow], new: Sequence[ViewRow]) -> None:
        top = int(self.scroll_y)
        for i in range(top, top + self.size.height):
            before = old[i] if i < len(old) else None
            after = new[i] if i < len(new) else None
            if before != after:
                self._refresh_row(i, before, after)

    def _refresh_row(self, index: int, before: ViewRow | None = None, after: ViewRow | None = None) -> None:
        """Paint a row again; of a row that only changed, the cells that did."""
        y, width = index + self._header - int(self.scroll_y), self.size.width
        if not 0 <= y < self.size.height:
            return
        start, end = 0, width
        if before is not None and after is not None and index != self._cursor:
            self._lay_out()
            colours = palette(self.app)
            drawn = [self._draw_row(row, False, width, colours) for row in (before, after)]
            span = changed_cells(*drawn)
            if span is None:
                return
            start, end = span
        self.refresh(Region(start, y, end - start, 1))

    def select(self, key: Hashable) -> None:
        """Put the cursor on a row by its key, if it is there."""
        with suppress(ValueError):
            self._go(keys_of(self._view.rows).index(key))

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self.size.width, len(self._view.rows) + self._header)
        self._reveal()

    def _lay_out(self) -> None:
        wanted = self._view.columns, self.size.width
        if wanted == self._laid_out:
            return
        self._laid_out = wanted
        self._widths, self._gap = layout(self._view.columns, self.size.width - 2, 1 if self._tight else 2)

    def render_line(self, y: int) -> Strip:
        return self._line(y).apply_style(self.rich_style).simplify()

    def _line(self, y: int) -> Strip:
        self._lay_out()
        colours = palette(self.app)
        width = self.size.width
        rows = self._view.rows
        if not rows:
            return self._render_empty(y, width, colours)
        if self._header and y == 0:
            return self._render_header(width, colours)
        index = y - self._header + int(self.scroll_y)
        if index >= len(rows):
            return Strip.blank(width)
        return self._render_row(index, width, colours)

    def _render_empty(self, y: int, width: int, colours: Palette) -> Strip:
        lines = [part for line in self._view.empty for part in wrapped(line, width - 2)]
        if y == self.size.height - 1 and len(lines) > y + 1:
            return line_strip((*_LEAD, *lines[y], Span(" …", "muted")), width, colours)
        return line_strip((*_LEAD, *lines[y]), width, colours) if y < len(lines) else Strip.blank(width)

    def _render_header(self, width: int, colours: Palette) -> Strip:
        style = colours["muted"]
        segments = [Segment(" ")]
        for i, (column, have, _) in enumerate(self._widths):
            segments.append(Segment(" " * (self._gap if i else 0)))
            title = column.title
            if cell_len(title) > have:
                title = fit_end(title, have) if column.keep_end else set_cell_size(title, have)
            blank = " " * (have - cell_len(title))
            segments.append(Segment(blank + title if column.right else title + blank, style))
        return Strip(segments).adjust_cell_length(width)

    def _render_row(self, index: int, width: int, colours: Palette) -> Strip:
        here = self._with_cursor and index == self._cursor
        return self._draw_row(self._view.rows[index], here, width, colours)

    def _draw_row(self, row: ViewRow, here: bool, width: int, colours: Palette) -> Strip:
        mark = "▌" if here and self.has_focus else " "
        segments = [Segment(mark, colours["accent"])]
        for i, (column, have, at) in enumerate(self._widths):
            if i:
                segments.append(Segment(" " * self._gap))
            if row.wide == column.key:
                room = width - 1 - sum(segment.cell_length for segment in segments)
                segments += fitted(row.cells[at], max(room, 1), colours)
                break
            segments += fitted(row.cells[at], have, colours, column.right, column.keep_end)
        strip = Strip(segments).adjust_cell_length(width)
        if not here or not (self.has_focus or self._lasting):
            return strip
        ground = colours["cursor" if self.has_focus else "cursor-blurred"]
        return Strip([_grounded(segment, ground) for segment in strip], width)

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        self._refresh_row(self._cursor)

    def _go(self, index: int) -> None:
        index = max(min(index, len(self._view.rows) - 1), 0)
        if index == self._cursor or not self._view.rows:
            return
        self._touched = True
        self._refresh_row(self._cursor)
        self._cursor = index
        self._refresh_row(index)
        self._reveal()
        self.post_message(self.Moved(self, self.key))

    def _reveal(self) -> None:
        top, room = int(self.scroll_y), self.size.height - self._header
        if room <= 0 or not self._with_cursor:
            return
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + room:
            self.scroll_to(y=self._cursor - room + 1, animate=False)

    def action_move(self, by: int) -> None:
        if self._with_cursor:
            self._go(self._cursor + by)
        else:
            self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - self._header - 1, 1))

    def action_half(self, by: int) -> None:
        self.action_move(by * max((self.size.height - self._header) // 2, 1))

    def action_jump(self, last: bool) -> None:
        self.action_move(len(self._view.rows) * (1 if last else -1))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open" or self._opens

    def why_not(self, action: str) -> str:
        """Why the key of an action does nothing now."""
        return "there is nothing to open here"

    @property
    def _opens(self) -> bool:
        return self._with_cursor and bool(self._view.rows)

    def action_open(self) -> None:
        if self._opens:
            self.post_message(self.Opened(self, self.key))

    def action_copy(self) -> None:
        """Copy the row in full, its cells apart by tabs."""
        if self._with_cursor and self.row is not None:
            cells = ("".join(span.text for span in cell).strip() for cell in self.row.cells)
            copy(self, "\t".join(cell.replace("\t", " ") for cell in cells).strip("\t"))

    def _title_at(self, x: int) -> str | None:
        self._lay_out()
        left = 1
        for column, have, _ in self._widths:
            if left <= x < left + have + self._gap:
                return column.key
            left += have + self._gap
        return None

    def on_click(self, event: events.Click) -> None:
        column = self._title_at(event.x) if self._header and event.y == 0 and self._view.rows else None
        if column is not None:
            self.post_message(self.Titled(self, column))
            return
        index = event.y - self._header + int(self.scroll_y)
        if not 0 <= index < len(self._view.rows) or event.y < self._header:
            return
        if index == self._cursor and event.chain > 1:
            self.action_open()
        self._go(index)


_LEAD = (Span(" "),)


def _grounded(segment: Segment, ground: Style) -> Segment:
    style = segment.style
    if style is not None and style.bgcolor is not None:
        return segment
    return Segment(segment.text, (style or Style.null()) + ground)


def layout(
    columns: tuple[ViewColumn, ...], width: int, widest_gap: int = 2
) -> tuple[list[tuple[ViewColumn, int, int]], int]:
    """Which columns fit into ``width`` cells, how wide each is, its place among the cells, and the gap."""
    shown = list(enumerate(columns))
    gap = widest_gap
    while shown and _needed(shown, gap) > width:
        if gap == 2 and _needed(shown, 1) <= width:
            gap = 1
            break
        worst = max(shown, key=lambda pair: pair[1].drop)
        if worst[1].drop == 0:
            gap = 1
            break
        shown.remove(worst)
    spare = width - _needed(shown, gap)
    shares = sum(column.grow for _, column in shown)
    widths = []
    for at, column in shown:
        extra = spare * column.grow // shares if shares and spare > 0 else 0
        widths.append((column, column.width + extra, at))
    if spare < 0:
        widths = _squeeze(widths, -spare)
    return widths, gap


def _needed(shown: list[tuple[int, ViewColumn]], gap: int) -> int:
    return sum(column.width for _, column in shown) + gap * (len(shown) - 1)


def _squeeze(widths: list[tuple[ViewColumn, int, int]], by: int) -> list[tuple[ViewColumn, int, int]]:
    """Take ``by`` cells from the columns that grow, always from the widest: all stay readable."""
    have = [width for _, width, _ in widths]
    yielding = [i for i, (column, _, _) in enumerate(widths) if column.grow]
    for _ in range(by):
        widest = max(yielding, key=lambda i: have[i], default=None)
        if widest is None or have[widest] <= 3:
            break
        have[widest] -= 1
    return [(column, width, at) for (column, _, at), width in zip(widths, have, strict=True)]
