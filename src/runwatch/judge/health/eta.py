"""How fast a run is, and when it will be done."""

from __future__ import annotations

import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.domain.run import Progress
from runwatch.judge.health.trace import Trace

_TENTH, _AT_LEAST, _PIECES = 0.1, 50, 10


def progress(
    trace: Trace | None,
    step: int | None,
    epoch: float | None = None,
    total_steps: int | None = None,
    total_epochs: float | None = None,
) -> Progress:
    """How far a run is, its speed and the time left (about, low, high; seconds).

    The speed is that of the last tenth of the run, pauses included; the range comes from the 10th and 90th
    percentile of ten pieces' speeds. ``trace``: the run's clock. Without a total there is no ETA."""
    fraction = _fraction(step, epoch, total_steps, total_epochs)
    tail = _tail(trace) if trace is not None else None
    if tail is None:
        return Progress(total_steps, total_epochs, fraction)
    steps, walls = tail
    speed = float((steps[-1] - steps[0]) / (walls[-1] - walls[0]))
    left = _steps_left(step, fraction, total_steps)
    eta = _range(left, speed, steps, walls) if left is not None and speed > 0 else None
    return Progress(total_steps, total_epochs=total_epochs, fraction=fraction, speed=speed, eta=eta)


def _fraction(
    step: int | None, epoch: float | None, total_steps: int | None, total_epochs: float | None
) -> float | None:
    if step is not None and total_steps:
        return min(max(step / total_steps, 0.0), 1.0)
    if epoch is not None and total_epochs:
        return min(max(epoch / total_epochs, 0.0), 1.0)
    return None


def _steps_left(step: int | None, fraction: float | None, total_steps: int | None) -> float | None:
    if step is None or fraction is None:
        return None
    if total_steps:
        return float(max(total_steps - step, 0))
    return step * (1 - fraction) / fraction if fraction > 0 else None


def _tail(trace: Trace) -> tuple[FloatArray, FloatArray] | None:
    """Steps and times of the last tenth of the run (ten blocks and 50 steps at least); None: no clock."""
    known = np.isfinite(trace.walls)
    steps, walls = trace.steps[known], trace.walls[known]
    if len(steps) < 2 or walls[-1] <= walls[0] or steps[-1] <= steps[0]:
        return None
    span = max(_TENTH * (steps[-1] - steps[0]), _AT_LEAST)
    begin = int(np.searchsorted(steps, steps[-1] - span, side="right")) - 1
    begin = max(min(begin, len(steps) - 1 - _PIECES), 0)
    steps, walls = steps[begin:], walls[begin:]
    return (steps, walls) if walls[-1] > walls[0] and steps[-1] > steps[0] else None


def _range(left: float, speed: float, steps: FloatArray, walls: FloatArray) -> tuple[float, float, float]:
    at = np.unique(np.linspace(0, len(steps) - 1, _PIECES + 1).astype(int))
    times = np.diff(walls[at])
    rates = np.diff(steps[at])[times > 0] / times[times > 0]
    rates = rates[rates > 0]
    about = left / speed
    if not len(rates):
        return about, about, about
    slow, fast = np.percentile(rates, (10, 90))
    return about, min(left / float(fast), about), max(left / float(slow), about)
