"""What is drawn: lines, bands, levels and marks on common axes. Arrays only; no terminal in here."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.points import FloatArray, Points
from runwatch.show.screen.view import Tone

XAxis = Literal["step", "batch", "epoch", "time", "clock", "value"]
"""Steps; batches, the first is 1; epochs; seconds since the first point; seconds since the epoch; values that
are none of these."""


class ChartLine(msgspec.Struct, frozen=True, eq=False):
    """A curve; one without a name is a shadow of another, which no legend tells of."""

    name: str
    tone: Tone
    x: FloatArray
    """Ascending."""
    y: FloatArray
    """NaN where it breaks."""
    selected: bool = False
    """The one that the person looks at, named first."""


class ChartBand(msgspec.Struct, frozen=True, eq=False):
    """A shaded range over x."""

    x: FloatArray
    low: FloatArray
    high: FloatArray


class ChartMark(msgspec.Struct, frozen=True):
    """A sign at one place of the x axis, and what it stands for."""

    x: float
    sign: str
    tone: Tone
    name: str = ""


class ChartLevel(msgspec.Struct, frozen=True):
    """A horizontal line, such as the baseline's value."""

    y: float
    name: str
    tone: Tone = "baseline"


class ChartView(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """A chart."""

    key: Hashable
    """Two charts of one key are the same plot."""
    lines: tuple[ChartLine, ...] = ()
    bands: tuple[ChartBand, ...] = ()
    marks: tuple[ChartMark, ...] = ()
    levels: tuple[ChartLevel, ...] = ()
    log: bool = False
    x_axis: XAxis = "step"
    window: tuple[float, float] = (0.0, 1.0)
    """The part of the x axis that is shown, as shares in 0..1."""
    square: bool = False
    """Both axes run from 0 to 1."""
    empty: str = "nothing to draw yet"
    state: str = ""
    """How it is drawn where that is not as a matter of course ("log, smoothed 0.9")."""


class ChartAsk(msgspec.Struct, frozen=True):
    """How a person wants to see curves. ``smooth``: the weight of the past in 0..1, drawing only."""

    log: bool = False
    smooth: float = 0.0
    x_axis: XAxis = "step"
    window: tuple[float, float] = (0.0, 1.0)


def has_times(points: Points) -> bool:
    """Whether the series can be drawn over time."""
    return bool(np.isfinite(points.wall_times).any())


def line(
    points: Points, name: str, tone: Tone, ask: ChartAsk, selected: bool = False, epochs: Points | None = None
) -> ChartLine:
    """A series as a curve: in order of x, infinities as gaps, smoothed when asked. Over time only what has
    times is drawn; over ``epochs`` (given by step, in between in proportion) not what lies before them."""
    x = points.steps.astype(np.float64)
    if ask.x_axis == "epoch":
        x = _in_epochs(x, epochs) if epochs is not None and len(epochs) else np.full(len(x), np.nan)
    if ask.x_axis in ("time", "clock"):
        first = np.nanmin(points.wall_times) if ask.x_axis == "time" and has_times(points) else 0.0
        x = points.wall_times - first
    y = np.where(np.isfinite(points.values), points.values, np.nan)
    keep = np.isfinite(x)
    x, y = x[keep], y[keep]
    if len(x) > 1 and np.any(np.diff(x) < 0):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return ChartLine(name, tone=tone, x=x, y=smoothed(y, ask.smooth) if ask.smooth else y, selected=selected)


def placed(
    marks: tuple[ChartMark, ...], points: Points, ask: ChartAsk, epochs: Points | None
) -> tuple[ChartMark, ...]:
    """Marks, given by step, where the curve of ``points`` is at that step on the x axis that is asked for."""
    if ask.x_axis == "step" or not marks or not len(points):
        return marks
    steps = np.array([mark.x for mark in marks])
    if ask.x_axis == "epoch":
        x = _in_epochs(steps, epochs) if epochs is not None and len(epochs) else np.full(len(steps), np.nan)
    else:
        timed = np.isfinite(points.wall_times)
        walls = points.wall_times[timed]
        first = float(np.nanmin(walls, initial=np.inf)) if ask.x_axis == "time" else 0.0
        x = (
            np.interp(steps, points.steps[timed], walls - first)
            if len(walls)
            else np.full(len(steps), np.nan)
        )
    return tuple(replace(mark, x=float(at)) for mark, at in zip(marks, x, strict=True) if math.isfinite(at))


def _in_epochs(steps: FloatArray, epochs: Points) -> FloatArray:
    """Past the last known epoch by the pace so far."""
    known, first = np.unique(epochs.steps, return_index=True)
    values = epochs.values[first]
    x: FloatArray = np.interp(steps, known, values, left=np.nan)
    span = known[-1] - known[0]
    if span > 0:
        after = steps > known[-1]
        x[after] = values[-1] + (steps[after] - known[-1]) * (values[-1] - values[0]) / span
    return x


def state(ask: ChartAsk) -> str:
    """How curves are drawn, where it is not as a matter of course."""
    low, high = ask.window
    words = ["log"] * ask.log + [f"smoothed {ask.smooth:g}"] * (ask.smooth > 0)
    words += [f"{low:.0%} to {high:.0%}"] * ((low, high) != (0.0, 1.0))
    return ", ".join(words)


def smoothed(values: FloatArray, weight: float) -> FloatArray:
    """The exponential moving average with its start-up bias taken off (as TensorBoard draws it); NaN stays
    NaN and is skipped. At most 4,000 points are averaged one by one: longer series are thinned first."""
    out = values.copy()
    finite = np.flatnonzero(np.isfinite(values))
    stride = max(1, len(finite) // 4000)
    weight **= stride
    average, norm = 0.0, 0.0
    seen, result = finite[::stride], []
    for value in values[seen].tolist():
        average = weight * average + (1 - weight) * value
        norm = weight * norm + (1 - weight)
        result.append(average / norm)
    if result:
        out[finite] = np.interp(finite, seen, result)
    return out


def toggled_log(ask: ChartAsk) -> ChartAsk:
    """The same with the other y scale."""
    return replace(ask, log=not ask.log)


_SMOOTHS = (0.0, 0.6, 0.9, 0.97)


def next_smooth(ask: ChartAsk) -> ChartAsk:
    """The next degree of smoothing, after the last none."""
    at = _SMOOTHS.index(ask.smooth) if ask.smooth in _SMOOTHS else 0
    return replace(ask, smooth=_SMOOTHS[(at + 1) % len(_SMOOTHS)])


def other_axis(ask: ChartAsk) -> ChartAsk:
    """By step, by epoch, by the time since the first point, by the clock."""
    order: tuple[XAxis, ...] = ("step", "epoch", "time", "clock")
    at = order.index(ask.x_axis) + 1 if ask.x_axis in order else 0
    return replace(ask, x_axis=order[at % len(order)])


def zoomed(ask: ChartAsk, factor: float) -> ChartAsk:
    """Closer (factor < 1) or wider, the right end kept where it is."""
    low, high = ask.window
    width = min(max((high - low) * factor, 0.01), 1.0)
    low = max(0.0, high - width)
    return replace(ask, window=(low, min(1.0, low + width)))


def panned(ask: ChartAsk, share: float) -> ChartAsk:
    """Moved along x by a share of what is shown."""
    low, high = ask.window
    shift = min(max((high - low) * share, -low), 1.0 - high)
    return replace(ask, window=(low + shift, high + shift))


def nice_step(rough: float) -> float:
    """The round number (1, 2, 5 times a power of ten) next above."""
    if rough <= 0:
        return 1.0
    rough = max(rough, 1e-300)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= rough * 0.999)
