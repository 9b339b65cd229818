"""Validation gets worse while training still gets better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.health import HealthSign
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch, RunCheck
from runwatch.judge.health.roles import Role, loss_pairs
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import median
from runwatch.text.safe import safe
from runwatch.text.units import number

_EVALUATIONS = 8
_WORSE = 0.02
_ERRORS = 4.0
_MEDIAN3_ERROR = 0.67
_RECENT = 33
_TRAIN_FALL = 0.01


class BestValidation(CurveCheck):
    """Remembers the best 3-point median of a validation loss, where it was, and the recent values."""

    __slots__ = ("best", "best_index", "best_step", "count", "now", "recent")
    NAME: ClassVar[str] = "best-validation"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"validation"})

    def __init__(self) -> None:
        self.best = math.inf
        self.best_index = self.count = 0
        self.best_step: int | None = None
        self.now = math.nan
        self.recent = np.empty(0)

    def feed(self, batch: PointBatch) -> None:
        if not len(batch.values):
            return
        joined = np.concatenate((self.recent[-2:], batch.values))
        if len(joined) >= 3:
            medians = np.sort(sliding_window_view(joined, 3), axis=1)[:, 1]
            lowest = int(np.argmin(medians))
            self.now = float(medians[-1])
            if medians[lowest] < self.best:
                from_end = len(medians) - 1 - lowest
                self.best = float(medians[lowest])
                self.best_index = self.count + len(batch.values) - 1 - from_end
                self.best_step = int(batch.steps[len(batch.steps) - 1 - from_end])
        self.count += len(batch.values)
        self.recent = np.concatenate((self.recent, batch.values[-_RECENT:]))[-_RECENT:].copy()

    @property
    def evaluations_since(self) -> int:
        """How many evaluations ago the best was."""
        return self.count - 1 - self.best_index

    def rise(self) -> float | None:
        """How much worse than its best the validation loss is now, if surely so: by 2% and by four
        standard errors of the difference of two 3-point medians (three, asked at every evaluation, cry in
        2% of healthy runs, four in 0.5%); else None."""
        if self.evaluations_since < _EVALUATIONS:
            return None
        noise = 1.4826 * median(np.abs(np.diff(self.recent))) / math.sqrt(2)
        error = math.sqrt(2) * _MEDIAN3_ERROR * noise
        rise = self.now - self.best
        return rise if rise > max(_WORSE * abs(self.best), _ERRORS * error) else None

    def signs(self, curve: CurveView) -> list[HealthSign]:
        return []


class Overfitting(RunCheck):
    """The best validation loss is 8 evaluations old or older, the present one surely worse, and the
    training loss of the same name has fallen since."""

    NAME: ClassVar[str] = "overfitting"
    MARK: ClassVar[str] = "◣"
    NEEDS_FIXED_GOAL: ClassVar[bool] = True

    def signs(self, curves: Mapping[str, CurveView]) -> list[HealthSign]:
        risen = {
            tag: memory
            for tag, view in curves.items()
            if isinstance(memory := view.checks.get(BestValidation.NAME), BestValidation)
            and memory.rise() is not None
        }
        signs = []
        for validation, train in loss_pairs(curves).items() if risen else ():
            trace = curves[train].trace
            if validation in risen and trace is not None:
                sign = _sign(curves[validation], risen[validation], train, trace)
                signs += [sign] if sign is not None else []
        return signs


def _sign(curve: CurveView, memory: BestValidation, train: str, trace: Trace) -> HealthSign | None:
    if memory.best_step is None or not _still_falling(trace, memory.best_step):
        return None
    summary = (
        f"{safe(curve.tag)} rose to {number(memory.now)} from its best {number(memory.best)} "
        f"at step {memory.best_step}, while {safe(train)} still falls"
    )
    evidence = {
        "best": memory.best,
        "best_step": memory.best_step,
        "now": memory.now,
        "evaluations_since": memory.evaluations_since,
        "train": train,
        "since": curve.trace.wall_at(memory.best_step) if curve.trace is not None else None,
    }
    last = curve.trace.last_step if curve.trace is not None else None
    return HealthSign(
        "overfitting",
        severity="warning",
        tag=curve.tag,
        first_step=memory.best_step,
        last_step=last,
        summary=summary,
        evidence=evidence,
    )


def _still_falling(trace: Trace, step: int) -> bool:
    """Whether the training loss is lower now than around ``step``, by 1%."""
    at = int(np.searchsorted(trace.steps, step, side="right"))
    if at == 0 or at >= trace.filled:
        return False
    then = median(trace.means[max(at - 3, 0) : at])
    now = median(trace.means[-3:])
    return then - now > _TRAIN_FALL * abs(then)
