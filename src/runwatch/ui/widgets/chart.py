"""A chart of curves in braille, with axes, a legend, bands, levels, marks and a cursor that reads them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from runwatch.domain.points import FloatArray
from runwatch.show.screen.chart import ChartBand, ChartView
from runwatch.show.screen.view import Span
from runwatch.text import units
from runwatch.text.fitting import fit_words
from runwatch.ui.bindings import hidden
from runwatch.ui.clipboard import copy
from runwatch.ui.host import host
from runwatch.ui.messages import ExportRequested
from runwatch.ui.palette import Palette, palette
from runwatch.ui.widgets.axes import Axes, axes, label_line, place, x_labels, x_ticks, y_labels
from runwatch.ui.widgets.braille import Cells, rasterised, reduced
from runwatch.ui.widgets.words import line_strip, width_of, wrapped

_LEGEND_SIGN = "━ "
_DASHES = (12, 6, 3, 2)
"""Lengths of dashes and gaps in dots, where there is no colour to tell curves apart."""


class Chart(Widget, can_focus=True):
    """Shows a ``ChartView``; a view with the key of the one shown changes nothing. A cursor (arrow keys where
    it has the focus, or the mouse) reads the curves: their values at one place stand above them."""

    DEFAULT_CSS = "Chart { height: 1fr; min-height: 3; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("left", "move(-1)", "Cursor to the left", "chart.left"),
        hidden("right", "move(1)", "Cursor to the right", "chart.right"),
        hidden("shift+left", "move(-10)", "Ten places to the left", "chart.far-left"),
        hidden("shift+right", "move(10)", "Ten places to the right", "chart.far-right"),
        hidden("home", "move(-100000)", "First value", "chart.first"),
        hidden("end", "move(100000)", "Last value", "chart.last"),
        hidden("y", "copy", "Copy", "chart.copy", "what is under the cursor"),
        Binding(
            "x", "export", "Export", id="chart.export", tooltip="the chart as SVG, PNG or CSV, into a file"
        ),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = ChartView(key=None)
        self._strips: list[Strip] = []
        self._drawn: tuple[object, ...] = ()
        self._plot: tuple[tuple[object, ...], _Plot | None] | None = None
        self.title = "chart"
        """What is drawn, in words."""
        self.cursor: int | None = None
        """The cell of the plot that is read, from its left edge."""

    def show(self, view: ChartView) -> None:
        """Take a new view."""
        if view.key == self._view.key:
            return
        self._view = view
        self._drawn = ()
        self.refresh()

    def on_blur(self) -> None:
        self._point(None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._point(event.x - _gutter(self._view, self.size.height))

    def on_leave(self) -> None:
        if not self.has_focus:
            self._point(None)

    def action_move(self, by: int) -> None:
        room = self.size.width - _gutter(self._view, self.size.height)
        at = room - 1 if self.cursor is None and by < 0 else self.cursor if self.cursor is not None else -1
        self._point(min(max(at + by, 0), max(room - 1, 0)))

    def action_copy(self) -> None:
        """Hand what the cursor reads to the terminal's clipboard."""
        words = read_out(self._view, self.cursor, self.size.width, self.size.height)
        if words:
            copy(self, "".join(span.text for span in words).strip())

    def action_export(self) -> None:
        """Write the chart into a file that the person names."""
        from runwatch.show.html import chart_file

        view, title = self._view, self.title
        if not any(line.name for line in view.lines):
            host(self).say("there is nothing to export yet")
            return
        name = f"{chart_file.stem(title)}.svg"
        make = partial(chart_file.chart_bytes, view, title)
        self.post_message(ExportRequested(name, chart_file.FORMS, make))

    def _point(self, cell: int | None) -> None:
        if cell is not None and cell < 0:
            cell = None
        if cell != self.cursor:
            self.cursor = cell
            self._drawn = ()
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        colours = palette(self.app)
        state = (width, height, id(colours), self.cursor)
        if self._drawn != state:
            mono = self.app.no_color
            shape = (self._view, width, height, mono)
            if self._plot is None or self._plot[0] != shape:
                self._plot = (shape, plot_of(self._view, width, height, mono))
            self._strips = draw(self._view, width, height, colours, self.cursor, mono, self._plot[1])
            self._drawn = state
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(width)
        return strip.apply_style(self.rich_style)


def draw(
    view: ChartView,
    width: int,
    height: int,
    colours: Palette,
    cursor: int | None = None,
    mono: bool = False,
    plot: _Plot | None = None,
) -> list[Strip]:
    """The whole plot as ``height`` strips of ``width`` cells. ``cursor``: the cell of the plot that is
    read; ``mono``: curves are distinguished by dashes; ``plot``: what ``plot_of`` gave for the same, so that
    another cursor costs little."""
    shown = axes(view)
    if shown is None or width < 12 or height < 3:
        message = wrapped((Span(view.empty, "muted"),), max(width - 2, 1))[:height]
        lines = [line_strip((Span(" "), *words), width, colours) for words in message]
        return [*lines, *[Strip.blank(width)] * (height - len(lines))]
    rows = _rows(view, height)
    top: list[Strip] = []
    if rows < height - 1:
        words = read_out(view, cursor, width, height) or _legend(view, width)
        top = [line_strip(words, width, colours)]
    labels = y_labels(shown, rows)
    gutter = _gutter(view, height)
    plot = plot or _Plot(view, shown, width - gutter, rows, mono)
    plot.cursor = cursor
    body = [
        Strip(
            [
                Segment(labels.get(y, "").rjust(gutter - 1), colours["muted"]),
                Segment("┤" if y in labels else "│", colours["faint"]),
                *plot.line(y, colours),
            ],
            width,
        )
        for y in range(rows)
    ]
    return [*top, *body, _x_axis(view, shown, gutter, width, colours)]


def plot_of(view: ChartView, width: int, height: int, mono: bool) -> _Plot | None:
    """The plot itself; None where ``draw`` has no room for one."""
    shown = axes(view)
    if shown is None or width < 12 or height < 3:
        return None
    return _Plot(view, shown, width - _gutter(view, height), _rows(view, height), mono)


def _rows(view: ChartView, height: int) -> int:
    """Lines of the plot itself: a line above it where there is room and something to say."""
    named = sum(bool(line.name) for line in view.lines) + len(view.levels) > 1
    above = height > 4 and (named or bool(view.state or view.marks) or height > 8)
    return height - 1 - above


def _gutter(view: ChartView, height: int) -> int:
    """Cells left of the plot."""
    shown = axes(view)
    if shown is None:
        return 1
    labels = y_labels(shown, _rows(view, height))
    return max((len(label) for label in labels.values()), default=1) + 1


def read_out(view: ChartView, cursor: int | None, width: int, height: int) -> tuple[Span, ...]:
    """What the cursor reads: its place, and each named curve's value at the point nearest to it. Nothing
    without a cursor."""
    shown = axes(view)
    if cursor is None or shown is None:
        return ()
    room = max(width - _gutter(view, height), 1)
    x = shown.x0 + (2 * min(cursor, room - 1) + 0.5) / (2 * room - 1) * (shown.x1 - shown.x0)
    near = next((line for line in view.lines if line.selected and len(line.x)), None)
    near = near or max((line for line in view.lines if len(line.x)), key=lambda line: len(line.x))
    x = float(near.x[nearest(near.x, x)])
    out: list[Span] = [Span(f" {place(x, 'value' if view.square else view.x_axis)}", "strong")]
    cell = (shown.x1 - shown.x0) / room
    for line in sorted(view.lines, key=lambda line: not line.selected):
        if not line.name or not len(line.x):
            continue
        at = nearest(line.x, x)
        inside = line.x[0] - cell <= x <= line.x[-1] + cell
        message = units.number(float(line.y[at])) if inside else "–"
        sign, name, value = Span(_LEGEND_SIGN, line.tone), Span(line.name, "muted"), Span(f" {message}")
        rest = width - 2 - width_of((*out, Span("   "), sign, value))
        if width_of((name,)) > rest:
            if len(out) > 1:
                out.append(Span(" …", "muted"))
                break
            name = Span(fit_words(line.name, max(rest, 0)), "muted")
        out += Span("   "), sign, name, value
    return tuple(out)


def nearest(x: FloatArray, at: float) -> int:
    """The index of the element of ascending ``x`` nearest to ``at``."""
    right = int(np.clip(np.searchsorted(x, at), 1, max(len(x) - 1, 1)))
    if len(x) == 1:
        return 0
    return right - 1 if at - x[right - 1] <= x[right] - at else right


_SHORTEST_NAME = 10
"""Cells in which the last name of a legend still says something."""


def _legend(view: ChartView, width: int) -> tuple[Span, ...]:
    out: list[Span] = [Span(" ")]
    state = (Span("  "), Span(view.state, "info")) if view.state else ()
    room = width - width_of(state)
    entries = _legend_entries(view, room - 1)
    for i, (sign, name) in enumerate(entries):
        left = len(entries) - i
        gap = Span("   " if i else "")
        if i and width_of((*out, gap, sign, name)) > room - 4 * (left > 1):
            rest = room - width_of((*out, gap, sign))
            cut = left == 1 and rest >= _SHORTEST_NAME
            out += (gap, sign, Span(fit_words(name.text, rest))) if cut else (Span(f"  +{left}", "muted"),)
            break
        out += gap, sign, name
    rest = width - 1 - width_of((*out, *state))
    return (*out, Span(" " * max(rest, 0)), *state) if state else tuple(out)


def _legend_entries(view: ChartView, room: int) -> list[tuple[Span, Span]]:
    """Lines, the selected one first, then levels and marks; marks come second where there is no room for all:
    a line can be known from the other charts, a sign cannot."""
    ordered = sorted(view.lines, key=lambda line: not line.selected)
    lines = [(line.name, line.tone) for line in ordered if line.name]
    lines += [(level.name, level.tone) for level in view.levels if level.name]
    named = [(Span(_LEGEND_SIGN, tone), Span(name, "plain")) for name, tone in dict.fromkeys(lines)]
    signs = dict.fromkeys((f"{mark.sign} ", mark.name, mark.tone) for mark in view.marks if mark.name)
    marks = [(Span(sign, tone), Span(name, "plain")) for sign, name, tone in signs]
    entries = [*named, *marks]
    if sum(width_of(entry) + 3 for entry in entries) - 3 <= room:
        return entries
    return [*named[:1], *marks, *named[1:]]


_AXIS_NAMES = {
    "step": "step",
    "batch": "batch",
    "epoch": "epoch",
    "time": "since start",
    "clock": "clock",
    "value": "",
}


def _x_axis(view: ChartView, shown: Axes, gutter: int, width: int, colours: Palette) -> Strip:
    axis = "value" if view.square else view.x_axis
    room = width - gutter
    name = _AXIS_NAMES[axis] if room > 40 else ""
    ticks = x_ticks(shown, axis, room - len(name) - 2) or _ends(shown, axis, room)
    columns = shown.column(np.array([tick for tick, _ in ticks]), room)
    places = [int(at) // 2 - len(label) // 2 for at, (_, label) in zip(columns, ticks, strict=True)]
    cells = label_line(room, zip(places, (label for _, label in ticks), strict=True))
    if name and all(cell == " " for cell in cells[room - len(name) - 1 :]):
        cells[room - len(name) :] = name
    segments = [
        Segment(" " * (gutter - 1)),
        Segment("└", colours["faint"]),
        Segment("".join(cells), colours["muted"]),
    ]
    return Strip(segments).adjust_cell_length(width)


def _ends(shown: Axes, axis: str, room: int) -> list[tuple[float, str]]:
    left, middle, right = x_labels(shown, axis)
    if len(left) + len(middle) + len(right) + 4 > room:
        return [(shown.x0, left), (shown.x1, right)]
    return [(shown.x0, left), ((shown.x0 + shown.x1) / 2, middle), (shown.x1, right)]


_DOTS = Style(reverse=False, underline=False)
"""Without colours some tones are reversed, and dots would be blocks."""


class _Plot:
    """The cells of the plot: dots, who is on top in each, marks, and shaded half cells (two a line)."""

    def __init__(self, view: ChartView, shown: Axes, width: int, height: int, mono: bool = False) -> None:
        self.bits = np.zeros((height, width), dtype=np.uint8)
        self.owner = np.full((height, width), -1, dtype=np.int16)
        self.shade = np.zeros((2 * height, width), dtype=bool)
        self.cursor: int | None = None
        self.tones = [line.tone for line in view.lines] + [level.tone for level in view.levels]
        self.marks: dict[tuple[int, int], tuple[str, str]] = {}
        for band in view.bands:
            self.shade |= _shaded(band, shown, width, 2 * height)
        for i, level in enumerate(view.levels):
            self._add(len(view.lines) + i, _dashed(level.y, shown, width, height))
        for i, line in enumerate(view.lines):
            x, y = shown.column(line.x, width), shown.row(line.y, height)
            near = (x >= -2 * width) & (x <= 4 * width)
            x, y = reduced(x[near], y[near], 2 * width)
            if mono and line.name and not line.selected:
                y = np.where(np.floor(x / _DASHES[i % len(_DASHES)]) % 2 == 0, y, np.nan)
            self._add(i, rasterised(x, y, width, height))
        for mark in view.marks:
            column = int(shown.column(np.array([mark.x]), width)[0]) // 2
            if 0 <= column < width:
                self.marks[(0, column)] = (mark.sign, mark.tone)

    def _add(self, owner: int, cells: Cells) -> None:
        self.bits |= cells
        self.owner[cells > 0] = owner

    def line(self, y: int, colours: Palette) -> list[Segment]:
        """One line of cells as segments."""
        out: list[Segment] = []
        band = colours["band"]
        edge = Style(color=band.bgcolor)
        inks = [colours[tone] + _DOTS for tone in self.tones]
        bits, owner = self.bits[y].tolist(), self.owner[y].tolist()
        upper, lower = self.shade[2 * y].tolist(), self.shade[2 * y + 1].tolist()
        for x, (bit, who) in enumerate(zip(bits, owner, strict=True)):
            char, style = " ", Style.null()
            if mark := self.marks.get((y, x)):
                char, style = mark[0], colours[mark[1]]
            elif bit:
                char, style = chr(0x2800 + bit), inks[who]
            elif x == self.cursor:
                char, style = "│", colours["muted"]
            elif upper[x] != lower[x]:
                char, style = ("▀", edge) if upper[x] else ("▄", edge)
            if (upper[x] and lower[x]) or (char not in " ▀▄" and (upper[x] or lower[x])):
                style = style + band
            if out and out[-1].style == style:
                out[-1] = Segment(out[-1].text + char, style)
            else:
                out.append(Segment(char, style))
        return out


def _shaded(band: ChartBand, shown: Axes, width: int, height: int) -> NDArray[np.bool_]:
    centres = shown.x0 + (np.arange(width) + 0.5) / width * (shown.x1 - shown.x0)
    low = np.interp(centres, band.x, band.low, left=np.nan, right=np.nan)
    high = np.interp(centres, band.x, band.high, left=np.nan, right=np.nan)
    top, bottom = (shown.row(y, height // 2) / 2 for y in (high, low))
    line = np.arange(height)[:, None] + 0.5
    with np.errstate(invalid="ignore"):
        thin = (bottom - top < 1) & (np.floor((top + bottom) / 2) == line - 0.5)
        return np.asarray((line >= top) & (line <= bottom) | thin)


def _dashed(y: float, shown: Axes, width: int, height: int) -> Cells:
    x = np.arange(0, 2 * width, dtype=np.float64)
    rows = np.where(x % 4 < 2, shown.row(np.full(len(x), y), height), np.nan)
    return rasterised(x, rows, width, height)
