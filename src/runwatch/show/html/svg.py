"""Small charts as inline SVG: curves on common axes, and a grid of verdicts. All text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import msgspec

from runwatch.text.safe import safe
from runwatch.text.units import number

_WIDTH, _HEIGHT = 560, 180
_LEFT, _BOTTOM, _TOP, _RIGHT = 84, 22, 10, 10
_MOST_POINTS = 400
_CELL_W, _CELL_H, _NAMES_W = 16, 18, 190
_LEAST_SCALE, _SCALE = 0.8, 1.25


class SvgCurve(msgspec.Struct, frozen=True):
    """``steps`` and ``values`` of one length; ``style``: a CSS class of the page."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]
    style: str


def curves(title: str, lines: Sequence[SvgCurve]) -> str:
    """Curves on common axes; "" when there is nothing finite to draw."""
    drawn = [(line, _finite(line)) for line in lines]
    points = [point for _, segments in drawn for point in segments]
    if len(points) < 2:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_range, y_range = _range(xs), _range(ys)
    parts = [
        f'<svg class="curves" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(title)}">',
        f"<title>{escaped(title)}</title>",
        _axes(x_range, y_range),
    ]
    for line, segments in drawn:
        path = " ".join(f"{_x(x, x_range):.1f},{_y(y, y_range):.1f}" for x, y in _thinned(segments))
        name = f"<title>{escaped(line.name)}</title>"
        parts.append(f'<polyline class="{line.style}" points="{path}">{name}</polyline>')
    keys = dict.fromkeys((line.style, line.name) for line in lines)
    legend = "".join(f'<span class="key {style}">{escaped(name)}</span>' for style, name in keys)
    return f"<figure><figcaption>{escaped(title)}: {legend}</figcaption>{''.join(parts)}</svg></figure>"


def grid(title: str, rows: Sequence[tuple[str, Sequence[str]]], columns: Sequence[str]) -> str:
    """A heat map: ``rows`` are (name, a word per column), the words stable, warning, drifted, unknown."""
    if not rows or not columns:
        return ""
    width, height = _NAMES_W + _CELL_W * len(columns) + 4, _CELL_H * len(rows) + 4
    parts = [
        f'<svg viewBox="0 0 {width} {height}" style="min-width:{_LEAST_SCALE * width:.0f}px;'
        f'max-width:{_SCALE * width:.0f}px" role="img" aria-label="{escaped(title)}">'
    ]
    for r, (name, verdicts) in enumerate(rows):
        y = r * _CELL_H
        parts.append(
            f'<text x="{_NAMES_W - 6}" y="{y + 13}" text-anchor="end">{escaped(safe(name, 28))}</text>'
        )
        for c, verdict in enumerate(verdicts):
            label = escaped(f"{name}, {columns[c]}: {verdict}")
            parts.append(
                f'<rect class="{verdict}" x="{_NAMES_W + c * _CELL_W}" y="{y + 1}" '
                f'width="{_CELL_W - 2}" height="{_CELL_H - 2}"><title>{label}</title></rect>'
            )
            if verdict in _MARKS:
                x = _NAMES_W + c * _CELL_W + (_CELL_W - 2) / 2
                parts.append(
                    f'<text class="mark {verdict}" x="{x}" y="{y + 13}" text-anchor="middle">'
                    f"{_MARKS[verdict]}</text>"
                )
    span = f"{escaped(columns[0])} to {escaped(columns[-1])}" if len(columns) > 1 else escaped(columns[0])
    return f"<figure><figcaption>{escaped(title)} ({span})</figcaption>{''.join(parts)}</svg></figure>"


_MARKS = {"warning": "!", "drifted": "✗", "unknown": "?"}


def escaped(words: str) -> str:
    """Text as HTML and SVG take it literally."""
    return escape(safe(words))


def _finite(line: SvgCurve) -> list[tuple[float, float]]:
    pairs = zip(line.steps, line.values, strict=True)
    return [(float(x), float(y)) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most 400 points: the least and the greatest of each stretch, in order."""
    if len(points) <= _MOST_POINTS:
        return points
    size = math.ceil(2 * len(points) / _MOST_POINTS)
    selected = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        selected += sorted({min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])})
    return selected


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _x(value: float, span: tuple[float, float]) -> float:
    return _LEFT + (value - span[0]) / (span[1] - span[0]) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, span: tuple[float, float]) -> float:
    return _HEIGHT - _BOTTOM - (value - span[0]) / (span[1] - span[0]) * (_HEIGHT - _BOTTOM - _TOP)


def _axes(xs: tuple[float, float], ys: tuple[float, float]) -> str:
    base, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    return (
        f'<path class="axis" d="M{_LEFT},{_TOP}V{base}H{right}"/>'
        f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end">{escaped(number(ys[1], 3))}</text>'
        f'<text x="{_LEFT - 4}" y="{base}" text-anchor="end">{escaped(number(ys[0], 3))}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">step {escaped(number(xs[0]))}</text>'
        f'<text x="{right}" y="{_HEIGHT - 6}" text-anchor="end">{escaped(number(xs[1]))}</text>'
    )
