"""Metrics that a person installed, by the delete-a-group jackknife: functions
``metric(truth, prediction, score) -> float`` under an entry point of the group ``runwatch.metrics``, whose
name is the metric's. Classes come as codes 0..K-1 (binary: 1 is positive); ``prediction`` or ``score`` is
None where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.plugins import plug_ins
from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.predictions import TASKS as ALL_TASKS
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.jackknife import jackknife
from runwatch.judge.predictions.sample import Sample, Side
from runwatch.text.safe import safe

TASKS = ALL_TASKS
BACKGROUND = True

Metric = Callable[..., float]


def estimates(sample: Sample) -> Iterator[Estimate]:
    if not sample.asked:
        return
    for point in plug_ins("metric"):
        if point.name not in sample.asked:
            continue
        try:
            yield _estimate(point.name, point.load(), sample)
        except Exception as error:  # a stranger's code: whatever it raises is its own problem, not ours
            reason = f"the installed metric failed: {safe(repr(error), 200)}; update or remove {point.value}"
            yield Estimate.unknown(point.name, math.nan, math.nan, sample.n, reason)


def _estimate(name: str, metric: Metric, sample: Sample) -> Estimate:
    a, b = (_value(metric, side) for side in sample.sides)
    if reason := sample.fault("prediction") or sample.fault("score"):
        return Estimate.unknown(name, a, b, sample.n, reason)
    if not math.isfinite(a) or not math.isfinite(b):
        return Estimate.unknown(name, a, b, sample.n, "the installed metric is undefined on these rows")

    def leave_out(side: int, blocks: IntArray, count: int) -> FloatArray:
        return np.array([_value(metric, sample.sides[side], blocks != block) for block in range(count)])

    return jackknife(name, sample, (a, b), leave_out)


def _value(metric: Metric, side: Side, keep: NDArray[np.bool_] | None = None) -> float:
    columns = (side.truth, side.prediction, side.score)
    selected = columns if keep is None else [None if column is None else column[keep] for column in columns]
    return float(metric(*selected))
