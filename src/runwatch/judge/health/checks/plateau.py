"""A loss that no longer falls: a hint, never a task."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.roles import Role
from runwatch.judge.health.windows import median
from runwatch.text.safe import safe
from runwatch.text.units import number

_AT_LEAST = 48
_GAIN, _EXCLUDED, _WORSE = 0.002, 0.01, 0.01


class Plateau(CurveCheck):
    """In the last quarter of a curve, the median of its last third is no better than that of its first by
    0.2%, a gain of 1% is excluded by two standard errors, and it isn't worse by 1% (that has other names).
    Works on the trace's block means and remembers nothing itself."""

    __slots__ = ()
    NAME: ClassVar[str] = "plateau"
    MARK: ClassVar[str] = "▬"
    NEEDS_FIXED_GOAL: ClassVar[bool] = True
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation"})

    def feed(self, batch: PointBatch) -> None:
        """Nothing to remember: the trace is enough."""

    def signs(self, curve: CurveView) -> list[HealthSign]:
        trace = curve.trace
        if trace is None or trace.filled < _AT_LEAST:
            return []
        quarter = trace.means[-(trace.filled // 4) :]
        if not _is_flat(quarter):
            return []
        first, level = int(trace.steps[-len(quarter)]), median(quarter)
        summary = f"{safe(curve.tag)} has stayed at {number(level)} since step {first}"
        evidence = {"level": level, "since_step": first}
        return [
            HealthSign(
                "plateau",
                severity="info",
                tag=curve.tag,
                first_step=first,
                last_step=trace.last_step,
                summary=summary,
                evidence=evidence,
            )
        ]


def _is_flat(quarter: FloatArray) -> bool:
    third = len(quarter) // 3
    first, last = median(quarter[:third]), median(quarter[-third:])
    size = abs(first)
    if size == 0:
        return last == 0
    noise = 1.4826 * median(np.abs(np.diff(quarter))) / math.sqrt(2)
    error = math.sqrt(2) * 1.2533 * noise / math.sqrt(third) / size
    gain = (first - last) / size
    return -_WORSE < gain < _GAIN and gain + 2 * error < _EXCLUDED
