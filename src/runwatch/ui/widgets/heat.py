"""Histograms over steps: a column a step, the fuller the more."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from runwatch.show.screen.media import BINS, HeatView
from runwatch.show.screen.view import Span
from runwatch.text import units
from runwatch.ui.palette import Palette, palette
from runwatch.ui.widgets.axes import Axes, label_line, x_ticks, y_labels
from runwatch.ui.widgets.words import line_strip

_SIGNS = " ·░▒▓█"
_PLAIN_SIGNS = " .:+#@"
_LEVELS = (1e-9, 0.08, 0.25, 0.5, 0.75)
"""Shares of a step's greatest density at which the next sign begins."""


class HeatWidget(Widget, can_focus=True):
    """Shows a ``HeatView``; ``chosen``: the index of the step that is looked at."""

    DEFAULT_CSS = "HeatWidget { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._view: HeatView | None = None
        self._chosen = 0
        self._plain = False
        self._drawn: tuple[object, ...] = ()
        self._strips: list[Strip] = []

    def show(self, view: HeatView | None, chosen: int, plain: bool) -> None:
        """``plain``: ASCII alone."""
        self._view, self._chosen, self._plain = view, chosen, plain
        self._drawn = ()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        colours = palette(self.app)
        state = (width, height, id(colours))
        if state != self._drawn:
            signs = _PLAIN_SIGNS if self._plain else _SIGNS
            shades = None
            if not self._plain and not self.app.no_color:
                shades = _shades(colours["series1"], self.background_colors[1])
            self._strips = _heatmap(self._view, self._chosen, width, height, colours, signs, shades)
            self._drawn = state
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(width)
        return strip.apply_style(self.rich_style)


def _heatmap(
    view: HeatView | None,
    chosen: int,
    width: int,
    height: int,
    colours: Palette,
    signs: str,
    shades: list[Style] | None,
) -> list[Strip]:
    if view is None or width < 16 or height < 4:
        message = "nothing to draw" if view is None else "too little room"
        return [line_strip((Span(f" {message}", "muted"),), width, colours)]
    rows = height - 2
    first, last = view.steps[0], view.steps[-1]
    shown = Axes(first, x1=last if last > first else first + 1, y0=view.low, y1=view.high, log=False)
    labels = y_labels(shown, rows)
    gutter = max((len(label) for label in labels.values()), default=1) + 1
    room = width - gutter
    columns = _columns(view, room)
    levels = _levels(view, columns, rows)
    marks = "".join("▾" if i == chosen else " " for i in columns)
    top = Strip([Segment(" " * gutter), Segment(marks if signs is _SIGNS else marks.replace("▾", "v"))])
    body = [
        Strip(
            [
                Segment(labels.get(y, "").rjust(gutter - 1), colours["muted"]),
                Segment("┤" if y in labels else "│", colours["faint"]),
                *_segments(levels[y].tolist(), colours, signs, shades),
            ]
        )
        for y in range(rows)
    ]
    return [top.adjust_cell_length(width), *body, _x_axis(view, shown, gutter, room, colours)]


def _columns(view: HeatView, room: int) -> list[int]:
    """Which step each column shows: the newest at or before its place."""
    steps = np.array(view.steps, dtype=np.float64)
    if len(steps) < 2:
        return [0] * room
    gap = (steps[-1] - steps[0]) / (len(steps) - 1)
    places = steps[0] + np.arange(room) / room * (steps[-1] - steps[0] + gap)
    columns: list[int] = np.clip(np.searchsorted(steps, places, "right") - 1, 0, len(steps) - 1).tolist()
    return columns


def _levels(view: HeatView, columns: list[int], rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """How dense each cell is, as the index of its sign; the greatest values at the top."""
    edges = np.linspace(0, BINS, rows + 1)
    below = np.concatenate([np.zeros((len(view.shares), 1)), np.cumsum(view.shares, axis=1)], axis=1)
    bins = np.arange(BINS + 1)
    mass = np.stack([np.diff(np.interp(edges, bins, row)) for row in below])
    density = mass / max(BINS / rows, 1e-9)
    density /= np.maximum(density.max(axis=1, keepdims=True), 1e-300)
    return np.searchsorted(_LEVELS, density[columns].T[::-1], "right")


def _segments(levels: list[int], colours: Palette, signs: str, shades: list[Style] | None) -> list[Segment]:
    if shades is None:
        return [Segment("".join(signs[level] for level in levels), colours["series1"])]
    return [Segment(" " * len(list(same)), shades[level]) for level, same in groupby(levels)]


def _shades(ink: Style, paper: Color) -> list[Style] | None:
    """From the ground to the curves' colour in as many steps as there are signs; None where there are no
    colours."""
    if ink.color is None:
        return None
    full = Color.from_rich_color(ink.color)
    return [Style(bgcolor=paper.blend(full, share).rich_color) for share in (0.0, 0.12, 0.3, 0.5, 0.75, 1.0)]


def _x_axis(view: HeatView, shown: Axes, gutter: int, room: int, colours: Palette) -> Strip:
    """Labels under the columns that begin there."""
    gap = (shown.x1 - shown.x0) / max(len(view.steps) - 1, 1)
    ticks = x_ticks(shown, "step", room) or [(shown.x0, units.count(view.steps[0]))]
    whole = shown.x1 - shown.x0 + gap
    cells = label_line(room, ((int((tick - shown.x0) / whole * room), label) for tick, label in ticks))
    return Strip(
        [
            Segment(" " * (gutter - 1)),
            Segment("└", colours["faint"]),
            Segment("".join(cells)[:room], colours["muted"]),
        ]
    ).adjust_cell_length(gutter + room)
