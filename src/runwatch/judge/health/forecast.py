"""Where a curve will end, with a range, and whether that beats the baseline."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np

from runwatch.domain.health import CurveForecast
from runwatch.domain.points import FloatArray
from runwatch.domain.run import Direction
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import median

_POINTS, _SHARE = 30, 0.2
_BLOCKS = 12
_STARTS = ((0.1, 0.2), (0.5, 0.5), (0.9, 1.0))
_GROUPS = 25
_WIDER = 0.03
_HELD_SD = 1.5
_AGAIN = 2.0
"""The range reaches so many times past the better end as the second half so far has gained, for what is left:
exponential decays and learning rates that fall to nothing end better than a power law can know."""
_CONE_ROWS = 24
_TURN, _TAIL = 1.8, 5.0


class _FittedCurve(msgspec.Struct, frozen=True):
    """y = c + a t^-b from step ``begin``, in units of ``unit`` steps; ``sign`` -1: fitted upside down."""

    c: float
    a: float
    b: float
    begin: float
    unit: float
    sign: float

    def at(self, steps: FloatArray | float) -> FloatArray:
        t = np.maximum((np.asarray(steps, dtype=np.float64) - self.begin) / self.unit, 1.0)
        return np.asarray(self.sign * (self.c + self.a * t**-self.b), dtype=np.float64)


def forecast(
    tag: str,
    trace: Trace,
    total_steps: int | None,
    direction: Direction,
    baseline: float | None = None,
    baseline_sd: float = 0.0,
) -> CurveForecast:
    """The final value of ``tag`` at ``total_steps``: a power law fitted to the curve so far (methods
    section 2), between the fit and the last value, 3% wider, and further on the better side; from 30 points
    and a fifth of the run on.

    ``baseline``, ``baseline_sd``: what is to be beaten, and its own spread between seeds. After a change of
    course (a learning-rate drop) the fit begins there, or there is none yet."""
    why_not = _why_not(trace, total_steps, direction)
    if why_not or total_steps is None:
        return CurveForecast(tag, None, None, None, reason=why_not)
    begin = 0
    curve = _fit(trace, direction, begin)
    turn = _turn(trace, curve)
    if turn is not None:
        if not _is_enough(trace, turn, total_steps):
            reason = f"the curve changed its course at step {int(trace.steps[turn])}; too early to tell"
            return CurveForecast(tag, None, None, None, reason=reason)
        begin = turn
        curve = _fit(trace, direction, begin)
    return _with_range(tag, trace, curve, total_steps, direction, baseline, baseline_sd)


def _is_enough(trace: Trace, turn: int, total_steps: int) -> bool:
    """Whether what follows a change of course may be fitted by itself, as a curve of its own would be."""
    blocks = trace.filled - turn
    done = (trace.steps[-1] - trace.steps[turn]) / max(total_steps - trace.steps[turn], 1.0)
    return blocks >= _BLOCKS and blocks * trace.size >= _POINTS and bool(done >= _SHARE)


def _why_not(trace: Trace, total_steps: int | None, direction: Direction) -> str:
    if direction is None:
        return "it is not known whether higher or lower is better"
    if not total_steps:
        return "the planned number of steps is not known"
    if trace.count < _POINTS:
        return f"only {trace.count} points so far, {_POINTS} are needed"
    if (trace.last_step or 0) < _SHARE * total_steps:
        return "less than a fifth of the run is done"
    return ""


def _fit(trace: Trace, direction: Direction, begin: int) -> _FittedCurve:
    """Soft-L1 least squares on the medians of about 25 log-spaced groups of blocks, weighted by the root of
    their counts, from three starts."""
    from scipy.optimize import least_squares

    ends = trace.steps[begin:]
    begins = np.concatenate(((2 * ends[0] - ends[1],), ends[:-1]))
    middles, sign = (begins + ends) / 2, 1.0 if direction == "min" else -1.0
    first = float(begins[0])
    unit = max(float(middles[0]) - first, 1e-9)
    t, y, weights = _groups((middles - first) / unit, sign * trace.means[begin:])
    low, high = _floor(y, direction), float(y.min())
    reach = max(float(y.max()) - low, 1e-12)
    noise = max(1.4826 * median(np.abs(np.diff(y))) / math.sqrt(2), 1e-6 * reach)

    scale, logs = weights / noise, np.log(t)

    def misfit(p: FloatArray) -> FloatArray:
        return np.asarray(scale * (p[0] + p[1] * t ** -p[2] - y))

    def slopes(p: FloatArray) -> FloatArray:
        powers = t ** -p[2]
        return np.column_stack((scale, scale * powers, -scale * p[1] * powers * logs))

    bounds = ([low - 1e-12, 0.0, 0.02], [high + 1e-12, 20 * reach, 2.7])
    starts = [(low + share * (high - low), reach, b) for share, b in _STARTS]
    fits = [
        least_squares(misfit, at, jac=slopes, bounds=bounds, loss="soft_l1", max_nfev=60) for at in starts
    ]
    c, a, b = min(fits, key=lambda fit: fit.cost).x
    return _FittedCurve(float(c), a=float(a), b=float(b), begin=first, unit=unit, sign=sign)


def _groups(t: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    edges = np.unique(np.concatenate(((0,), np.rint(np.geomspace(1, len(t), _GROUPS)).astype(int))))
    pairs = list(pairwise(edges.tolist()))
    middles = np.array([math.exp(float(np.mean(np.log(t[i:j])))) for i, j in pairs])
    medians = np.array([median(y[i:j]) for i, j in pairs])
    return middles, medians, np.sqrt(np.diff(edges) / len(t) * len(pairs))


def _floor(y: FloatArray, direction: Direction) -> float:
    """What the curve cannot fall below: 0 for a positive loss, -1 for a score in 0..1 (upside down), else
    its own range once more below its lowest."""
    lowest, highest = float(y.min()), float(y.max())
    if direction == "min" and lowest >= 0:
        return 0.0
    if direction == "max" and highest <= 0 and lowest >= -1:
        return -1.0
    return lowest - (highest - lowest)


def _turn(trace: Trace, curve: _FittedCurve) -> int | None:
    """The block where the curve left the fit's course; None: it has not. Two places are suspected: the
    greatest excursion of the summed signs of the residuals (the fit lies between two courses), and the
    longest tail off the fit (the new course is young). Either must be a jump past the noise and 2%."""
    residuals = trace.means - curve.at(trace.steps)
    noise = 1.4826 * median(np.abs(np.diff(trace.means))) / math.sqrt(2)
    level = abs(median(trace.means[-5:]))
    for at in (_excursion(residuals), _tail(residuals, noise)):
        if at is not None and _jump(residuals, at) > 4 * noise + 0.02 * level:
            return at
    return None


def _excursion(residuals: FloatArray) -> int | None:
    signs = np.sign(residuals - median(residuals))
    sums = np.abs(np.cumsum(signs)) / math.sqrt(len(signs))
    at = int(np.argmax(sums))
    return at + 1 if sums[at] >= _TURN else None


def _tail(residuals: FloatArray, noise: float) -> int | None:
    scores = np.clip(residuals / max(noise, 1e-12), -3, 3)[::-1]
    sums = np.abs(np.cumsum(scores)) / np.sqrt(np.arange(1, len(scores) + 1))
    length = int(np.argmax(sums)) + 1
    return len(residuals) - length if sums[length - 1] > _TAIL else None


def _jump(residuals: FloatArray, at: int) -> float:
    before, after = residuals[max(at - 10, 0) : at], residuals[at : at + 10]
    if len(before) < 3 or len(after) < 3:
        return 0.0
    return abs(median(after) - median(before))


def _with_range(
    tag: str,
    trace: Trace,
    curve: _FittedCurve,
    total_steps: int,
    direction: Direction,
    baseline: float | None,
    baseline_sd: float,
) -> CurveForecast:
    last = median(trace.means[-5:])
    end = max(float(total_steps), trace.steps[-1])
    about = float(curve.at(end))
    low, high = min(about, last), max(about, last)
    wider = _WIDER * abs(high + low) / 2
    low, high = low - wider, high + wider
    more = _AGAIN * _gained_lately(trace, curve, last) * (1 - float(trace.steps[-1]) / end)
    limit = curve.sign * _floor(curve.sign * trace.means, direction)
    if direction == "min":
        low = max(low - more, min(low, limit))
    else:
        high = min(high + more, max(high, limit))
    cone = _cone(trace, curve, end, low, high)
    beats, reason = _beats((low, about, high), direction, baseline, baseline_sd)
    return CurveForecast(tag, about=about, low=low, high=high, cone=cone, beats_baseline=beats, reason=reason)


def _gained_lately(trace: Trace, curve: _FittedCurve, last: float) -> float:
    """What the second half of the curve so far has gained."""
    half = int(np.searchsorted(trace.steps, (curve.begin + trace.steps[-1]) / 2))
    then = median(trace.means[max(half - 2, 0) : half + 3])
    return max(curve.sign * (then - last), 0.0)


def _cone(
    trace: Trace, curve: _FittedCurve, end: float, low: float, high: float
) -> tuple[tuple[int, float, float, float], ...]:
    begin = float(trace.last_step or 0)
    if end <= begin:
        return ()
    steps = np.linspace(begin, end, _CONE_ROWS)
    share = (steps - begin) / (end - begin)
    middle = curve.at(steps)
    lows = np.minimum(middle[0] * (1 - share) + low * share, middle)
    highs = np.maximum(middle[0] * (1 - share) + high * share, middle)
    return tuple(
        (round(float(s)), float(lo), float(mid), float(hi))
        for s, lo, mid, hi in zip(steps, lows, middle, highs, strict=True)
    )


def _beats(
    expected: tuple[float, float, float], direction: Direction, baseline: float | None, baseline_sd: float
) -> tuple[float | None, str]:
    """The probability that the final value beats ``baseline``: the range to that side of the middle of
    ``expected`` (low, about, high) taken as 1.5 standard deviations. None within a coin's toss."""
    if baseline is None or not math.isfinite(baseline):
        return None, "no baseline for this metric"
    low, about, high = expected
    reach = high - about if baseline > about else about - low
    spread = math.hypot(reach / _HELD_SD, baseline_sd)
    gap = baseline - about if direction == "min" else about - baseline
    chance = 0.5 if spread == 0 else 0.5 * (1 + math.erf(gap / spread / math.sqrt(2)))
    chance = min(max(chance, 0.01), 0.99)
    if 0.35 < chance < 0.65:
        return None, "cannot tell yet: the forecast is too close to the baseline"
    return chance, ""
