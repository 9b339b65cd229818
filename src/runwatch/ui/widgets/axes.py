"""From values to dots, and the labels beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.show.screen.chart import ChartView, nice_step
from runwatch.text import units

_FAR = 8e307
_LONGEST = 10
_STRETCH = 5


class Axes(msgspec.Struct, frozen=True):
    """What part of the plane is shown: ``y`` values are logarithms when ``log``."""

    x0: float
    x1: float
    y0: float
    y1: float
    log: bool

    def column(self, x: FloatArray, width: int) -> FloatArray:
        """x in dots of a plot ``width`` cells wide."""
        return (x - self.x0) / (self.x1 - self.x0) * (2 * width - 1)

    def row(self, y: FloatArray, height: int) -> FloatArray:
        """y in dots from the top of a plot ``height`` cells high; NaN where the scale cannot show it."""
        shown = logged(y) if self.log else np.clip(y, -_FAR, _FAR)
        return (self.y1 - shown) / (self.y1 - self.y0) * (4 * height - 1)


def logged(y: FloatArray) -> FloatArray:
    """log10, NaN at and below zero."""
    return np.log10(np.where(y > 0, y, np.nan))


_KNOWN: WeakKeyDictionary[ChartView, Axes | None] = WeakKeyDictionary()


def axes(view: ChartView) -> Axes | None:
    """The view's axes, looked for once."""
    if view not in _KNOWN:
        _KNOWN[view] = _axes(view)
    return _KNOWN[view]


def _axes(view: ChartView) -> Axes | None:
    """The axes that hold all that is drawn in the view's window; None when nothing can be drawn. A level
    far outside does not stretch them."""
    if view.square:
        return Axes(0.0, x1=1.0, y0=0.0, y1=1.0, log=False)
    xs = [x for line in view.lines if len(line.x) for x in (line.x[0], line.x[-1])]
    if not xs:
        return None
    left, right = min(xs), max(xs)
    span = right - left
    x0, x1 = left + view.window[0] * span, left + view.window[1] * span
    log = view.log and any(np.nanmax(line.y, initial=-1.0) > 0 for line in view.lines)
    seen = [_inside(line.x, line.y, x0, x1) for line in view.lines]
    seen += [_inside(band.x, y, x0, x1) for band in view.bands for y in (band.low, band.high)]
    values = np.concatenate([logged(y) if log else y for y in seen])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = max(float(values.min()), -_FAR), min(float(values.max()), _FAR)
    for level in view.levels:
        y = math.log10(level.y) if log and level.y > 0 else level.y
        if math.isfinite(y) and low - _STRETCH * (high - low) <= y <= high + _STRETCH * (high - low):
            low, high = min(low, y), max(high, y)
    room = (high - low) * 0.04 or abs(high) * 0.05 or 0.5
    if x1 <= x0:
        x0, x1 = x0 - 0.5, x0 + 0.5
    return Axes(x0, x1=x1, y0=low - room, y1=high + room, log=log)


def _inside(x: FloatArray, y: FloatArray, x0: float, x1: float) -> FloatArray:
    return y[(x >= x0) & (x <= x1)]


def y_labels(shown: Axes, height: int) -> dict[int, str]:
    """Round values by the line (from the top) that they stand on, at least 3 lines apart."""
    if shown.log:
        return _placed(_log_ticks(shown, height), shown, height)
    step = nice_step((shown.y1 - shown.y0) / max(height / 3, 2))
    ticks = _multiples(step, shown)
    return _placed(ticks if len(ticks) > 1 else _multiples(step / 2, shown), shown, height)


def _multiples(step: float, shown: Axes) -> list[float]:
    return [round(k * step, 12) for k in range(math.ceil(shown.y0 / step), math.floor(shown.y1 / step) + 1)]


def _log_ticks(shown: Axes, height: int) -> list[float]:
    """Powers of ten where two or more are in sight, else round values."""
    whole = [float(e) for e in range(math.ceil(shown.y0), math.floor(shown.y1) + 1) if abs(e) < 308]
    if len(whole) >= 2:
        return [10.0**e for e in whole]
    low, high = 10.0 ** max(shown.y0, -307.0), 10.0 ** min(shown.y1, 307.0)
    step = nice_step((high - low) / max(height / 3, 2))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _placed(ticks: list[float], shown: Axes, height: int) -> dict[int, str]:
    out: dict[int, str] = {}
    step = min((b - a for a, b in pairwise(ticks)), default=0.0)
    for tick in ticks:
        at = float(shown.row(np.array([tick]), height)[0]) // 4
        if math.isfinite(at) and 0 <= at < height:
            out[int(at)] = tick_label(tick, step)
    return out


def tick_label(value: float, step: float = 0.0) -> str:
    """A round number without trailing zeros, with the digits that tell it from those ``step`` away as far
    as there is room for them."""
    digits = 3
    if step > 0 and value:
        digits = max(digits, math.floor(math.log10(abs(value))) - math.floor(math.log10(step)) + 2)
    message = units.number(value, digits)
    if len(message) > _LONGEST:
        message = units.number(value, 3)
    return message.rstrip("0").rstrip(".") if "." in message and "e" not in message else message


def place(x: float, axis: str) -> str:
    """One place of the x axis in full."""
    if axis == "time":
        return units.duration(x)
    if axis == "clock":
        from datetime import datetime

        return datetime.fromtimestamp(x).strftime("%Y-%m-%d %H:%M:%S")
    if axis == "epoch":
        return f"epoch {units.number(x)}"
    return f"{axis} {round(x):,}" if axis in _COUNTED else units.number(x)


_TIMES = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 43200.0, 86400.0, 604800.0)
_LEAST_TICKS = 5
_COUNTED = ("step", "batch")


def x_ticks(shown: Axes, axis: str, room: int) -> list[tuple[float, str]]:
    """Round places of the x axis with their labels: five or more where ``room`` cells hold them."""
    span = shown.x1 - shown.x0
    for count in (8, 6, _LEAST_TICKS, 4, 3, 2):
        step = _time_step(span / count) if axis in ("time", "clock") else nice_step(span / count)
        if axis in _COUNTED:
            step = max(step, 1.0)
        ticks = _whole(shown.x0, shown.x1, step, axis)
        labels = [_x_label(tick, step, axis) for tick in ticks]
        if axis in _COUNTED and len(set(labels)) < len(labels):
            labels = [f"{round(tick):,}" for tick in ticks]
        if len(set(labels)) == len(labels) and sum(len(label) + 2 for label in labels) <= room:
            return list(zip(ticks, labels, strict=True))
    return []


def _whole(x0: float, x1: float, step: float, axis: str) -> list[float]:
    """Multiples of ``step``; of the clock those of this place's days."""
    shift = _local_offset(x0) if axis == "clock" else 0.0
    first, last = math.ceil((x0 + shift) / step - 1e-9), math.floor((x1 + shift) / step + 1e-9)
    return [round(k * step, 12) - shift for k in range(first, min(last, first + 60) + 1)]


def _local_offset(at: float) -> float:
    from datetime import datetime

    offset = datetime.fromtimestamp(at).astimezone().utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _time_step(rough: float) -> float:
    return next((step for step in _TIMES if step >= rough), max(rough, _TIMES[-1]))


def _x_label(tick: float, step: float, axis: str) -> str:
    if axis == "time":
        return units.duration(tick) if tick else "0"
    if axis == "clock":
        from datetime import datetime

        form = "%d %b" if step >= 86400 else "%H:%M" if step >= 60 else "%H:%M:%S"
        return datetime.fromtimestamp(tick).strftime(form)
    if axis in ("value", "epoch"):
        return tick_label(tick, step)
    return units.count(round(tick))


def label_line(room: int, labels: Iterable[tuple[int, str]]) -> list[str]:
    """``room`` cells with each (place, label) where it is, moved inwards at the edges; one that would touch
    another is left out."""
    cells = [" "] * room
    for place, label in labels:
        at = min(max(place, 0), max(room - len(label), 0))
        if all(cell == " " for cell in cells[max(at - 1, 0) : at + len(label) + 1]):
            cells[at : at + len(label)] = label
    return cells


def x_labels(shown: Axes, axis: str) -> tuple[str, str, str]:
    """Left, middle and right."""
    middle = (shown.x0 + shown.x1) / 2
    if axis == "time":
        return units.duration(shown.x0), units.duration(middle), units.duration(shown.x1)
    if axis in ("value", "epoch") or shown.x1 - shown.x0 <= 2:
        step = (shown.x1 - shown.x0) / 2
        return tick_label(shown.x0, step), tick_label(middle, step), tick_label(shown.x1, step)
    steps = round(shown.x0), round(middle), round(shown.x1)
    short = units.count(steps[0]), units.count(steps[1]), units.count(steps[2])
    return short if len(set(short)) == 3 else (f"{steps[0]:,}", f"{steps[1]:,}", f"{steps[2]:,}")
