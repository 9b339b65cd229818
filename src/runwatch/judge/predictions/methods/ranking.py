"""ROC AUC by DeLong, DeLong, Clarke-Pearson 1988, in the fast form of Sun and Xu 2014: one sort a side."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.predictions.influence import Influence, difference
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("binary", "multiclass")
BACKGROUND = False


class Components(msgspec.Struct, frozen=True, eq=False):
    """DeLong's structural components: ``v10`` (m,) of the positives, ``v01`` (n,) of the negatives."""

    auc: float
    v10: FloatArray
    v01: FloatArray


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.score is None and side.fault("score") is None for side in sample.sides):
        return
    if reason := sample.fault("score"):
        yield Estimate.unknown("roc_auc", math.nan, math.nan, sample.n, reason)
        return
    if sample.task == "binary":
        yield _binary(sample)
    else:
        yield _one_versus_rest(sample)


def components(positive: NDArray[np.bool_], score: FloatArray) -> Components:
    """Structural components from midranks; ties count one half. Needs both classes."""
    order = np.argsort(score)
    ordered, is_positive = score[order], positive[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.concatenate((starts[1:], [len(ordered)]))
    below = np.concatenate(([0], np.cumsum(is_positive)))
    lengths = ends - starts
    positives_below = np.repeat((below[starts] + below[ends]) / 2, lengths)
    negatives_below = np.repeat((starts - below[starts] + ends - below[ends]) / 2, lengths)
    m, n = int(below[-1]), len(ordered) - int(below[-1])
    v10, v01 = np.empty(len(score)), np.empty(len(score))
    v10[order], v01[order] = negatives_below / n, 1 - positives_below / m
    first = v10[positive]
    return Components(float(first.mean()), first, v01[~positive])


def _binary(sample: Sample) -> Estimate:
    a, b = (_side_components(side) for side in sample.sides)
    values = (math.nan if a is None else a.auc, math.nan if b is None else b.auc)
    if a is None or b is None:
        return Estimate.unknown("roc_auc", *values, sample.n, "only one class in the truth")
    if reason := sample.too_few():
        return Estimate.unknown("roc_auc", *values, sample.n, reason)
    if sample.baseline.group is not None:
        first, second = _influence(sample.baseline, a), _influence(sample.candidate, b)
        return difference("roc_auc", sample, first, second, "delong", "delong")
    if sample.paired:
        square = _variance(b.v10 - a.v10, b.v01 - a.v01)
    else:
        square = _variance(a.v10, a.v01) + _variance(b.v10, b.v01)
    return from_standard_error("roc_auc", *values, sample.n, math.sqrt(square), math.inf, "delong", "delong")


def _side_components(side: Side) -> Components | None:
    positive = side.truth == 1
    if side.score is None or positive.all() or not positive.any():
        return None
    return components(positive, side.score)


def _variance(v10: FloatArray, v01: FloatArray) -> float:
    return float(v10.var(ddof=1)) / len(v10) + float(v01.var(ddof=1)) / len(v01)


def _influence(side: Side, part: Components) -> Influence:
    positive = side.truth == 1
    rows = np.empty(len(positive))
    rows[positive] = (part.v10 - part.auc) * (len(positive) / len(part.v10))
    rows[~positive] = (part.v01 - part.auc) * (len(positive) / len(part.v01))
    return Influence(part.auc, rows)


def _one_versus_rest(sample: Sample) -> Estimate:
    """The plain mean of each class's AUC against the rest; row influences averaged over the classes."""
    a, b = (_mean_influence(side, len(sample.labels)) for side in sample.sides)
    if a is None or b is None:
        reason = "a class is absent from the truth, or has no score"
        return Estimate.unknown("roc_auc", math.nan, math.nan, sample.n, reason)
    return difference("roc_auc", sample, a, b, "delong", "delong")


def _mean_influence(side: Side, classes: int) -> Influence | None:
    whole = classes > 1 and len(np.unique(side.truth)) == classes
    if side.score is None or side.score.ndim != 2 or not whole:
        return None
    total, rows = 0.0, np.zeros(len(side))
    for label in range(classes):
        positive = side.truth == label
        part = components(positive, side.score[:, label])
        total += part.auc / classes
        one = Side(positive.astype(np.int64), None, None, None)
        rows += _influence(one, part).rows / classes
    return Influence(total, rows)
