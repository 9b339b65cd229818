"""A chart of curves in braille, with axes, a legend, bands, levels and marks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from runwatch.show.screen.chart import ChartBand, ChartView
from runwatch.show.screen.view import Span
from runwatch.ui.palette import Palette, palette
from runwatch.ui.widgets.axes import Axes, axes, x_labels, y_labels
from runwatch.ui.widgets.braille import Cells, rasterised, reduced
from runwatch.ui.widgets.words import line_strip, width_of

_LEGEND_SIGN = "━ "


class Chart(Widget):
    """Shows a ``ChartView``; a view with the key of the one shown changes nothing."""

    DEFAULT_CSS = "Chart { height: 1fr; min-height: 3; }"

    def __init__(self, *, id: str | None = None, legend: bool = True) -> None:
        super().__init__(id=id)
        self._view = ChartView(key=None)
        self._legend = legend
        self._strips: list[Strip] = []
        self._drawn: tuple[object, ...] = ()

    def show(self, view: ChartView) -> None:
        """Take a new view."""
        if view.key == self._view.key:
            return
        self._view = view
        self._drawn = ()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        colours = palette(self.app)
        if self._drawn != (width, height, id(colours)):
            self._strips = draw(self._view, width, height, colours, self._legend)
            self._drawn = (width, height, id(colours))
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(width)
        return strip.apply_style(self.rich_style)


def draw(view: ChartView, width: int, height: int, colours: Palette, legend: bool = True) -> list[Strip]:
    """The whole picture as ``height`` strips of ``width`` cells."""
    shown = axes(view)
    if shown is None or width < 12 or height < 3:
        said = (Span(" " + view.empty, "muted"),)
        return [line_strip(said, width, colours), *[Strip.blank(width)] * (height - 1)]
    several = len(view.lines) + len(view.levels) > 1
    top = [line_strip(_legend(view, width), width, colours)] if legend and several and height > 4 else []
    rows = height - len(top) - 1
    labels = y_labels(shown, rows)
    gutter = max((len(label) for label in labels.values()), default=1) + 1
    plot = _Plot(view, shown, width - gutter, rows)
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


def _legend(view: ChartView, width: int) -> tuple[Span, ...]:
    out: list[Span] = [Span(" ")]
    named = [(line.name, line.tone) for line in view.lines if line.name]
    named += [(level.name, level.tone) for level in view.levels if level.name]
    for i, (name, tone) in enumerate(dict.fromkeys(named)):
        entry = [Span("   " if i else ""), Span(_LEGEND_SIGN, tone), Span(name, "plain")]
        if i and width_of((*out, *entry)) > width - 4:
            out.append(Span(f"  +{len(named) - i}", "muted"))
            break
        out += entry
    return tuple(out)


def _x_axis(view: ChartView, shown: Axes, gutter: int, width: int, colours: Palette) -> Strip:
    left, middle, right = x_labels(shown, "value" if view.square else view.x_axis)
    room = width - gutter
    text = left.ljust(room)
    at = room // 2 - len(middle) // 2
    if len(left) + 2 < at and at + len(middle) + 2 < room - len(right):
        text = text[:at] + middle + text[at + len(middle) :]
    text = text[: room - len(right)] + right
    segments = [Segment(" " * (gutter - 1)), Segment("└", colours["faint"]), Segment(text, colours["muted"])]
    return Strip(segments).adjust_cell_length(width)


class _Plot:
    """The cells of the plot: dots, who is on top in each, shaded cells, and marks."""

    def __init__(self, view: ChartView, shown: Axes, width: int, height: int) -> None:
        self.bits = np.zeros((height, width), dtype=np.uint8)
        self.owner = np.full((height, width), -1, dtype=np.int16)
        self.shade = np.zeros((height, width), dtype=bool)
        self.tones = [line.tone for line in view.lines] + [level.tone for level in view.levels]
        self.marks: dict[tuple[int, int], tuple[str, str]] = {}
        for band in view.bands:
            self.shade |= _shaded(band, shown, width, height)
        for i, level in enumerate(view.levels):
            self._add(len(view.lines) + i, _dashed(level.y, shown, width, height))
        for i, line in enumerate(view.lines):
            x, y = shown.column(line.x, width), shown.row(line.y, height)
            near = (x >= -2 * width) & (x <= 4 * width)
            self._add(i, rasterised(*reduced(x[near], y[near], 2 * width), width, height))
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
        bits, owner, shade = self.bits[y].tolist(), self.owner[y].tolist(), self.shade[y].tolist()
        for x, (bit, who, dark) in enumerate(zip(bits, owner, shade, strict=True)):
            mark = self.marks.get((y, x))
            if mark:
                char, style = mark[0], colours[mark[1]]
            else:
                char = chr(0x2800 + bit) if bit else " "
                style = colours[self.tones[who]] if who >= 0 else Style.null()
            style = style + band if dark else style
            if out and out[-1].style == style:
                out[-1] = Segment(out[-1].text + char, style)
            else:
                out.append(Segment(char, style))
        return out


def _shaded(band: ChartBand, shown: Axes, width: int, height: int) -> NDArray[np.bool_]:
    centres = shown.x0 + (np.arange(width) + 0.5) / width * (shown.x1 - shown.x0)
    low = np.interp(centres, band.x, band.low, left=np.nan, right=np.nan)
    high = np.interp(centres, band.x, band.high, left=np.nan, right=np.nan)
    top, bottom = shown.row(high, height) / 4, shown.row(low, height) / 4
    line = np.arange(height)[:, None] + 0.5
    with np.errstate(invalid="ignore"):
        thin = (bottom - top < 1) & (np.floor((top + bottom) / 2) == line - 0.5)
        return np.asarray((line >= top) & (line <= bottom) | thin)


def _dashed(y: float, shown: Axes, width: int, height: int) -> Cells:
    x = np.arange(0, 2 * width, dtype=np.float64)
    rows = np.where(x % 4 < 2, shown.row(np.full(len(x), y), height), np.nan)
    return rasterised(x, rows, width, height)
