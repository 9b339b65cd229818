"""A loss that no longer falls: a hint, never a task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray
from runwatch.judge.health.base import CurveView, RunCheck
from runwatch.text.safe import safe
from runwatch.text.units import number

_AT_LEAST = 48
_GAIN, _EXCLUDED, _WORSE = 0.002, 0.01, 0.01


class Plateau(RunCheck):
    """In the last quarter of a curve, the median of its last third is no better than that of its first by
    0.2 %, a gain of 1 % is excluded by two standard errors, and it isn't worse by 1 % (that has other names).
    Works on the trace's block means."""

    NAME: ClassVar[str] = "plateau"

    def signs(self, curves: Mapping[str, CurveView]) -> list[HealthSign]:
        return [sign for curve in curves.values() if (sign := _of_curve(curve)) is not None]


def _of_curve(curve: CurveView) -> HealthSign | None:
    trace = curve.trace
    if curve.role not in ("train", "validation") or trace is None or trace.filled < _AT_LEAST:
        return None
    quarter = trace.means[-(trace.filled // 4) :]
    if not _is_flat(quarter):
        return None
    first = int(trace.steps[-len(quarter)])
    summary = f"{safe(curve.tag)} has stayed at {number(float(np.median(quarter)))} since step {first}"
    evidence = {"level": float(np.median(quarter)), "since_step": first}
    return HealthSign("plateau", "info", curve.tag, first, trace.last_step, summary, evidence)


def _is_flat(quarter: FloatArray) -> bool:
    third = len(quarter) // 3
    first, last = float(np.median(quarter[:third])), float(np.median(quarter[-third:]))
    size = abs(first)
    if size == 0:
        return last == 0
    noise = 1.4826 * float(np.median(np.abs(np.diff(quarter)))) / math.sqrt(2)
    error = math.sqrt(2) * 1.2533 * noise / math.sqrt(third) / size
    gain = (first - last) / size
    return -_WORSE < gain < _GAIN and gain + 2 * error < _EXCLUDED
