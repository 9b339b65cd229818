"""A chart as files: SVG that stands alone, the same as PNG, and its points as CSV."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray
from runwatch.show.html.svg import escaped
from runwatch.show.screen.chart import ChartLine, ChartView, nice_step
from runwatch.show.tabular import render
from runwatch.text import units
from runwatch.text.safe import safe

FORMS = {".svg": "svg", ".png": "png", ".csv": "csv"}
_WIDTH, _HEIGHT = 900, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 40, 44
_LINE_HEIGHT = 18
_MOST_POINTS = 4000
_LARGEST = 1e300
"""Beyond it differences overflow."""
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito (2008), Color Universal Design: told apart with any colour vision."""
_DASHES = ("", "6 3", "2 3")
_X_NAMES = {
    "step": "step",
    "batch": "batch",
    "epoch": "epoch",
    "time": "seconds since start",
    "clock": "seconds since 1970 (UTC)",
    "value": "",
}
_X_COLUMNS = {
    "step": "step",
    "batch": "batch",
    "epoch": "epoch",
    "time": "seconds",
    "clock": "unix_time",
    "value": "x",
}
_Range = tuple[float, float]


def chart_text(view: ChartView, title: str, form: str) -> str:
    """The chart as ``svg`` (what is in its window) or ``csv`` (every point of each named curve: curve, x,
    value; values as they are drawn, smoothed where that was asked for; empty where there is none)."""
    return _svg(view, title) if form == "svg" else _csv(view)


def chart_bytes(view: ChartView, title: str, form: str) -> str | bytes:
    """``chart_text``, or the drawing as ``png``. Raises OSError when Pillow is missing."""
    if form != "png":
        return chart_text(view, title, form)
    from runwatch.show.html.chart_png import png

    return png(_svg(view, title))


def stem(title: str) -> str:
    """A file name made of a chart's title, without its ending."""
    return re.sub(r"[^\w.-]+", "-", safe(title, 60)).strip("-.") or "chart"


def _csv(view: ChartView) -> str:
    rows = [
        (line.name, _exact(x), _exact(y))
        for line in view.lines
        if line.name
        for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True)
    ]
    rows += [(level.name, "", _exact(level.y)) for level in view.levels if level.name]
    return render(("curve", _X_COLUMNS["value" if view.square else view.x_axis], "value"), rows, "csv")


def _exact(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _svg(view: ChartView, title: str) -> str:
    log = view.log and any(bool(np.any(line.y > 0)) for line in view.lines)
    xs = _x_range(view)
    ys = _y_range(view, xs, log)
    named = list(dict.fromkeys(line.name for line in view.lines if line.name))
    levels = [level for level in view.levels if level.name]
    entries = [*named, *(level.name for level in levels)]
    height = _HEIGHT + _LINE_HEIGHT * len(entries)
    message = f"{title} ({view.state})" if view.state else title
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="13">',
        f"<title>{escaped(message)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{escaped(message)}</text>',
        f'<clipPath id="plot"><rect x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM}"/></clipPath>',
        *_axes(view, xs, ys, log),
        '<g clip-path="url(#plot)" fill="none" stroke-width="1.6">',
    ]
    for band in view.bands:
        x, low, high = band.x, _scaled(band.low, log), _scaled(band.high, log)
        edge = np.isfinite(low) & np.isfinite(high)
        outline = [*_places(x[edge], low[edge], xs, ys), *_places(x[edge], high[edge], xs, ys)[::-1]]
        parts.append(f'<polygon points="{" ".join(outline)}" fill="#999999" fill-opacity="0.25"/>')
    for line in view.lines:
        style = _style(named.index(line.name)) if line.name else 'stroke="#bbbbbb"'
        parts += [f'<polyline points="{piece}" {style}/>' for piece in _pieces(line, xs, ys, log)]
    for i, level in enumerate(levels):
        y = _down(float(_scaled(np.array([level.y]), log)[0]), ys)
        parts.append(f'<path d="M{_LEFT},{y:.1f}H{_WIDTH - _RIGHT}" {_style(len(named) + i)}/>')
    parts.append("</g>")
    for mark in view.marks:
        if xs[0] <= mark.x <= xs[1]:
            sign = f"{escaped(mark.sign)}<title>{escaped(mark.name)}</title>"
            parts.append(
                f'<text x="{_across(mark.x, xs):.1f}" y="{_TOP + 10}" text-anchor="middle">{sign}</text>'
            )
    for i, name in enumerate(entries):
        y = _HEIGHT + _LINE_HEIGHT * i
        parts.append(f'<path d="M{_LEFT},{y}h28" stroke-width="2" {_style(i)}/>')
        parts.append(f'<text x="{_LEFT + 36}" y="{y + 4}">{escaped(name)}</text>')
    return "\n".join([*parts, "</svg>"])


def _style(i: int) -> str:
    dash = _DASHES[i // len(_COLOURS) % len(_DASHES)]
    return f'stroke="{_COLOURS[i % len(_COLOURS)]}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _scaled(values: FloatArray, log: bool) -> FloatArray:
    if not log:
        return np.clip(values, -_LARGEST, _LARGEST)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


def _x_range(view: ChartView) -> _Range:
    if view.square:
        return 0.0, 1.0
    every = np.concatenate([line.x for line in view.lines] or [np.zeros(0)])
    low, high = _range(every)
    return low + view.window[0] * (high - low), low + view.window[1] * (high - low)


def _y_range(view: ChartView, xs: _Range, log: bool) -> _Range:
    if view.square:
        return 0.0, 1.0
    seen = [line.y[(line.x >= xs[0]) & (line.x <= xs[1])] for line in view.lines]
    levels = np.array([level.y for level in view.levels], dtype=np.float64)
    return _range(_scaled(np.concatenate([*seen, levels]), log))


def _range(values: FloatArray) -> _Range:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    size = max(abs(low), abs(high))
    if high - low > max(1e-12 * size, 1e-300):
        return low, high
    return low - max(size, 1.0) / 2, high + max(size, 1.0) / 2


def _across(x: float, xs: _Range) -> float:
    return _LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (_WIDTH - _LEFT - _RIGHT)


def _down(y: float, ys: _Range) -> float:
    return _HEIGHT - _BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (_HEIGHT - _BOTTOM - _TOP)


def _places(x: FloatArray, y: FloatArray, xs: _Range, ys: _Range) -> list[str]:
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return [f"{_across(a, xs):.1f},{_down(b, ys):.1f}" for a, b in pairs]


def _pieces(line: ChartLine, xs: _Range, ys: _Range, log: bool) -> list[str]:
    """The curve between its gaps, one "x,y x,y" each; a point on its own is a short dash."""
    x, y = _thinned(line.x, _scaled(line.y, log))
    gaps = np.flatnonzero(~np.isfinite(y))
    out = []
    for a, b in zip(np.split(x, gaps), np.split(y, gaps), strict=True):
        finite = np.isfinite(b)
        places = _places(a[finite], b[finite], xs, ys)
        if len(places) == 1:
            left, _, top = places[0].partition(",")
            places.append(f"{float(left) + 2:.1f},{top}")
        if places:
            out.append(" ".join(places))
    return out


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most about 4,000 points: of each stretch the least and the greatest, and a gap if it has one."""
    if len(x) <= _MOST_POINTS:
        return x, y
    selected: list[int] = []
    for part in np.array_split(np.arange(len(x)), _MOST_POINTS // 2):
        finite: NDArray[np.intp] = part[np.isfinite(y[part])]
        ends = (
            {int(finite[np.argmin(y[finite])]), int(finite[np.argmax(y[finite])])} if len(finite) else set()
        )
        selected += sorted(ends | {int(i) for i in part[~np.isfinite(y[part])][:1]})
    return x[selected], y[selected]


def _axes(view: ChartView, xs: _Range, ys: _Range, log: bool) -> list[str]:
    base, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [f'<path d="M{_LEFT},{_TOP}V{base}H{right}" fill="none" stroke="#444444"/>']
    for tick in _ticks(xs):
        x = _across(tick, xs)
        parts.append(f'<path d="M{x:.1f},{base}v5" stroke="#444444"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{base + 19}" text-anchor="middle">{escaped(units.number(tick))}</text>'
        )
    for tick in _ticks(ys):
        y = _down(tick, ys)
        message = (
            units.number(tick) if not log else units.number(10**tick) if abs(tick) < 300 else f"1e{tick:g}"
        )
        parts.append(f'<path d="M{_LEFT},{y:.1f}H{right}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escaped(message)}</text>')
    name = "" if view.square else _X_NAMES[view.x_axis]
    parts.append(f'<text x="{right}" y="{base + 36}" text-anchor="end">{name}</text>')
    return parts


def _ticks(span: _Range) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) within, five to ten of them."""
    step = nice_step((span[1] - span[0]) / 6)
    first, last = math.ceil(span[0] / step - 1e-9), math.floor(span[1] / step + 1e-9)
    return [i * step for i in range(first, last + 1)]
