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
from runwatch.judge.health.windows import BLOCK, MAD_SCALE, Window, median_of_rows
from runwatch.text.safe import safe
from runwatch.text.units import number

_WIDTH = 20
_RUNNING = 3
_FACTOR = 1.5
_ERRORS = 6.0
_MEDIAN_ERROR = 1.2533
_EXPLODED, _EXPLODES_FROM, _EXPLODES_TO = 10.0, 6, 60
_OF_THE_FALL, _OF_THE_FALL_PLAIN = 0.02, 0.5


class Diverged(CurveCheck):
    """The median of 20 points above the best such median by max(log 1.5, 6 standard errors of their
    difference) at three looks, ten points apart. The noise is that of neighbouring
    points, so a steady rise does not hide itself. A rise below 2 % of what the loss had fallen by is none;
    where values are <= 0, it must be half of that."""

    __slots__ = ("_best", "_best_step", "_last", "_since", "_start", "_streak")
    NAME: ClassVar[str] = "diverged"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation"})
    WINDOWS: ClassVar[bool] = True

    def __init__(self) -> None:
        self._best = math.inf
        self._start = math.nan
        self._last = math.nan
        self._best_step: int | None = None
        self._since: int | None = None
        self._streak = 0

    def feed(self, batch: PointBatch) -> None:
        for window in batch.windows:
            ends = np.arange(max(window.before // BLOCK + 1, 2), window.after // BLOCK + 1) * BLOCK
            if len(ends):
                self._look(window, ends)

    def _look(self, window: Window, ends: IntArray) -> None:
        rows = sliding_window_view(window.values, _WIDTH)[ends - _WIDTH - window.origin]
        medians = median_of_rows(rows)
        if math.isnan(self._start):
            self._start = float(medians[0])
        bests = np.minimum.accumulate(np.concatenate(((self._best,), medians)))
        over = _is_over(rows, medians, bests[:-1], self._start)
        self._note_streak(window, ends, over)
        if bests[-1] < self._best:
            self._best = float(bests[-1])
            self._best_step = _step(window, int(ends[int(np.argmin(medians))]))
        self._last = float(medians[-1])

    def _note_streak(self, window: Window, ends: IntArray, over: np.ndarray) -> None:
        below = np.flatnonzero(~over)
        begins = int(below[-1]) + 1 if len(below) else 0
        trailing = len(over) - begins
        if trailing and (len(below) or not self._streak):
            self._since = _step(window, int(ends[begins]))
        self._streak = trailing if len(below) else self._streak + trailing

    def signs(self, curve: CurveView) -> list[HealthSign]:
        if curve.trace is None:
            return []
        if self._streak < _RUNNING:
            return _exploded(curve, curve.trace)
        return [_sign(curve, curve.trace, self._best, self._best_step, self._last, self._since)]


def _sign(
    curve: CurveView, trace: Trace, best: float, best_step: int | None, now: float, since: int | None
) -> HealthSign:
    summary = f"{safe(curve.tag)} rose to {number(now)} from its best {number(best)} at step {best_step}"
    evidence = {
        "best": best,
        "best_step": best_step,
        "now": now,
        "since_step": since,
        "since": trace.wall_at(since),
    }
    return HealthSign("diverged", "critical", curve.tag, best_step, trace.last_step, summary, evidence)


def _exploded(curve: CurveView, trace: Trace) -> list[HealthSign]:
    """A curve too short for the rolling medians, such as one of epochs: the median of its last three points
    is ten times the best such median and twice the first. Its trace still holds the points themselves."""
    values = trace.means
    if not _EXPLODES_FROM <= trace.count <= _EXPLODES_TO or values.min() <= 0:
        return []
    medians = np.sort(sliding_window_view(values, 3), axis=1)[:, 1]
    at = int(np.argmin(medians))
    best, now = float(medians[at]), float(medians[-1])
    if now < _EXPLODED * best or now < 2 * float(medians[0]) or at == len(medians) - 1:
        return []
    since = at + 3 + int(np.argmax(values[at + 3 :] > 2 * best))
    return [_sign(curve, trace, best, int(trace.steps[at + 1]), now, int(trace.steps[since]))]


def _step(window: Window, end: int) -> int:
    return window.step_at(end - 1)


def _is_over(rows: FloatArray, medians: FloatArray, bests: FloatArray, start: float) -> np.ndarray:
    """Whether each median (k,) is above the best before it; only candidates pay for their noise."""
    fall = np.maximum(start - bests, 0.0)
    positive = bests > 0
    need = np.where(positive, _OF_THE_FALL, _OF_THE_FALL_PLAIN) * fall
    need = np.maximum(need, (_FACTOR - 1) * np.abs(np.where(np.isfinite(bests), bests, 0.0)))
    over = np.asarray(np.isfinite(bests) & (medians - bests > need))
    at = np.flatnonzero(over)
    if len(at):
        over[at] = _beyond_noise(rows[at], medians[at], bests[at])
    return over


def _beyond_noise(rows: FloatArray, medians: FloatArray, bests: FloatArray) -> np.ndarray:
    logs = (rows.min(axis=1) > 0) & (bests > 0)
    values = np.log(rows, where=logs[:, None], out=rows.copy())
    steps = np.sort(np.abs(np.diff(values, axis=1)), axis=1)[:, (_WIDTH - 1) // 2]
    noise = MAD_SCALE * steps / math.sqrt(2)
    error = math.sqrt(2) * _MEDIAN_ERROR * noise / math.sqrt(_WIDTH)
    safe_best = np.where(logs, bests, 1.0)
    rise = np.where(logs, np.log(np.where(logs, medians, 1.0) / safe_best), medians - bests)
    return np.asarray(rise > _ERRORS * error)
