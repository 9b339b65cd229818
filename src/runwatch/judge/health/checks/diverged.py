"""A loss that has left its best level for good."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.roles import Role
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import BLOCK, MAD_SCALE, Window, median_of_rows, rows_at
from runwatch.text.safe import safe
from runwatch.text.units import number

_WIDTH = 20
_RUNNING = 3
_FACTOR = 1.5
_ERRORS = 6.0
_MEDIAN_ERROR = 1.2533
_EXPLODED, _EXPLODES_FROM, _EXPLODES_TO = 10.0, 6, 60
_OF_THE_FALL, _OF_THE_HALVINGS, _OF_THE_FALL_PLAIN = 0.3, 0.75, 0.5
_BACK, _BACK_LEAST, _NOTABLE_FALL = 0.8, 0.1, 0.25
_STAYS, _ABOVE_PEAK = 0.6, 0.1


class Diverged(CurveCheck):
    """The median of 20 points above the best such median by max(50%, 6 standard errors of their difference)
    at three looks, ten points apart, or by four fifths of what the loss had fallen by and a tenth. The
    noise is that of neighbouring points, so a steady rise does not hide itself. A restart of the learning
    rate takes back a part of the fall: a rise below 30% of it, counted from the first three points, is
    none, unless it undoes three quarters of the halvings; where values are <= 0, it must be half of that.
    A loss that falls again by two fifths of its rise was at a restart of its rate or at a new stage: then
    only a rise above that peak counts. It is critical above twice the level where it began, which no
    restart and no new stage explains."""

    __slots__ = ("_best", "_best_step", "_cleared", "_first", "_last", "_peak", "_since", "_start", "_streak")
    NAME: ClassVar[str] = "diverged"
    MARK: ClassVar[str] = "✗"
    NEEDS_FIXED_GOAL: ClassVar[bool] = True
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation"})
    WINDOWS: ClassVar[bool] = True

    def __init__(self) -> None:
        self._best = math.inf
        self._start = self._first = math.nan
        self._last = math.nan
        self._best_step: int | None = None
        self._since: int | None = None
        self._streak = 0
        self._peak = self._cleared = -math.inf

    def feed(self, batch: PointBatch) -> None:
        for window in batch.windows:
            ends = np.arange(max(window.before // BLOCK + 1, 2), window.after // BLOCK + 1) * BLOCK
            if len(ends):
                self._check(window, ends)

    def _check(self, window: Window, ends: IntArray) -> None:
        if len(ends) == 1 and self._is_new_best(window, int(ends[0])):
            return
        rows = rows_at(window.values, ends - _WIDTH - window.origin, _WIDTH)
        medians = median_of_rows(rows)
        self._begin(float(medians[0]), window)
        bests = np.minimum.accumulate(np.concatenate(((self._best,), medians)))
        above = bool((medians > bests[:-1]).any())
        if above or self._streak:
            over = _is_over(rows, medians, bests[:-1], self._first)
            self._note_streak(window, ends, medians, bests[:-1], over)
        if bests[-1] < self._best:
            self._best = float(bests[-1])
            self._best_step = _step(window, int(ends[int(np.argmin(medians))]))
        self._last = float(medians[-1])

    def _is_new_best(self, window: Window, end: int) -> bool:
        """A new block alone, no worse than all before it, which is how most go: Python tells it in a tenth of
        numpy's time."""
        at = end - window.origin
        row = sorted(window.values[at - _WIDTH : at].tolist())
        median = (row[_WIDTH // 2 - 1] + row[_WIDTH // 2]) / 2
        if self._streak or not median <= self._best:
            return False
        self._begin(median, window)
        if median < self._best:
            self._best, self._best_step = median, _step(window, end)
        self._last = median
        return True

    def _begin(self, median: float, window: Window) -> None:
        if math.isnan(self._start):
            self._start = median
            self._first = max(median, sorted(window.values[:3].tolist())[1])

    def _note_streak(
        self, window: Window, ends: IntArray, medians: FloatArray, bests: FloatArray, over: np.ndarray
    ) -> None:
        at = 0
        while at < len(over):
            if not self._streak and not over[at]:
                ahead = np.flatnonzero(over[at:])
                if not len(ahead):
                    return
                at += int(ahead[0])
            self._note(window, int(ends[at]), float(medians[at]), float(bests[at]), bool(over[at]))
            at += 1

    def _note(self, window: Window, end: int, median: float, best: float, over: bool) -> None:
        if over and not self._streak and median <= self._cleared + _ABOVE_PEAK * (self._cleared - best):
            return
        if over:
            self._since = self._since if self._streak else _step(window, end)
            self._streak += 1
            self._peak = max(self._peak, median) if self._streak > 1 else median
        if not over or median <= best + _STAYS * (self._peak - best):
            self._cleared = max(self._cleared, self._peak) if self._streak >= _RUNNING else self._cleared
            self._streak = 0

    @property
    def stands(self) -> bool:
        """Whether the loss is above its best for good, as far as can be seen now."""
        return self._streak >= _RUNNING

    def signs(self, curve: CurveView) -> list[HealthSign]:
        if curve.trace is None:
            return []
        if not self.stands:
            return _exploded(curve, curve.trace)
        return [_sign(curve, curve.trace, self._best, self._best_step, self._last, self._since, self._start)]


def _sign(
    curve: CurveView,
    trace: Trace,
    best: float,
    best_step: int | None,
    now: float,
    since: int | None,
    start: float,
) -> HealthSign:
    beyond = now - start > max(abs(start), start - best)
    summary = f"{safe(curve.tag)} rose to {number(now)} from its best {number(best)} at step {best_step}"
    if not beyond:
        summary += "; a restart of the learning rate or a new stage of the training can look like this"
    evidence = {
        "start": start,
        "best": best,
        "best_step": best_step,
        "now": now,
        "since_step": since,
        "since": trace.wall_at(since),
    }
    return HealthSign(
        "diverged",
        severity="critical" if beyond else "warning",
        tag=curve.tag,
        first_step=best_step,
        last_step=trace.last_step,
        summary=summary,
        evidence=evidence,
    )


def _exploded(curve: CurveView, trace: Trace) -> list[HealthSign]:
    """A curve too short for the rolling medians, such as one of epochs: the median of its last three points
    is ten times the best such median and twice the first. Its trace still holds the points themselves."""
    values = trace.means
    if not _EXPLODES_FROM <= trace.count <= _EXPLODES_TO:
        return []
    first, now = sorted(values[:3].tolist())[1], sorted(values[-3:].tolist())[1]
    if now < 2 * first or values.min() <= 0:
        return []
    medians = np.sort(sliding_window_view(values, 3), axis=1)[:, 1]
    at = int(np.argmin(medians))
    best = float(medians[at])
    if now < _EXPLODED * best:
        return []
    since = at + 3 + int(np.argmax(values[at + 3 :] > 2 * best))
    return [_sign(curve, trace, best, int(trace.steps[at + 1]), now, int(trace.steps[since]), first)]


def _step(window: Window, end: int) -> int:
    return window.step_at(end - 1)


def _is_over(rows: FloatArray, medians: FloatArray, bests: FloatArray, start: float) -> np.ndarray:
    """Whether each median (k,) is above the best before it; only candidates pay for their noise."""
    fall = np.maximum(start - bests, 0.0)
    positive = bests > 0
    need = np.where(
        positive, np.minimum(_OF_THE_FALL * fall, _by_ratio(bests, start)), _OF_THE_FALL_PLAIN * fall
    )
    known = np.abs(np.where(np.isfinite(bests), bests, 0.0))
    back = np.where(
        positive & (fall > _NOTABLE_FALL * known), np.maximum(_BACK * fall, _BACK_LEAST * known), np.inf
    )
    need = np.maximum(need, np.minimum((_FACTOR - 1) * known, back))
    over = np.asarray(np.isfinite(bests) & (medians - bests > need))
    at = np.flatnonzero(over)
    if len(at):
        over[at] = _beyond_noise(rows[at], medians[at], bests[at])
    return over


def _by_ratio(bests: FloatArray, start: float) -> FloatArray:
    """The rise that takes back three quarters of how often the loss had halved."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = np.where((bests > 0) & (start > bests), start / bests, 1.0)
        return np.asarray(bests * (ratio**_OF_THE_HALVINGS - 1))


def _beyond_noise(rows: FloatArray, medians: FloatArray, bests: FloatArray) -> np.ndarray:
    logs = (rows.min(axis=1) > 0) & (bests > 0)
    values = np.log(rows, where=logs[:, None], out=rows.copy())
    steps = np.sort(np.abs(np.diff(values, axis=1)), axis=1)[:, (_WIDTH - 1) // 2]
    noise = MAD_SCALE * steps / math.sqrt(2)
    error = math.sqrt(2) * _MEDIAN_ERROR * noise / math.sqrt(_WIDTH)
    safe_best = np.where(logs, bests, 1.0)
    rise = np.where(logs, np.log(np.where(logs, medians, 1.0) / safe_best), medians - bests)
    return np.asarray(rise > _ERRORS * error)
