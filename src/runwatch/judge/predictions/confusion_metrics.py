"""Metrics of two classes as functions of their four counts, arrays of one shape; undefined is NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from runwatch.domain.comparison import Costs
from runwatch.domain.points import FloatArray

Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""(tp, fp, fn, tn)."""


def accuracy(counts: Counts) -> FloatArray:
    tp, fp, fn, tn = counts
    return (tp + tn) / (tp + fp + fn + tn)


def precision(counts: Counts) -> FloatArray:
    tp, fp, _, _ = counts
    return tp / (tp + fp)


def recall(counts: Counts) -> FloatArray:
    tp, _, fn, _ = counts
    return tp / (tp + fn)


def specificity(counts: Counts) -> FloatArray:
    _, fp, _, tn = counts
    return tn / (tn + fp)


def f1(counts: Counts) -> FloatArray:
    tp, fp, fn, _ = counts
    return 2 * tp / (2 * tp + fp + fn)


def fbeta(beta: float) -> Callable[[Counts], FloatArray]:
    """F-beta: recall weighs ``beta`` times as much as precision."""

    def of(counts: Counts) -> FloatArray:
        tp, fp, fn, _ = counts
        return np.asarray((1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp))

    return of


def balanced_accuracy(counts: Counts) -> FloatArray:
    return (recall(counts) + specificity(counts)) / 2


def youden(counts: Counts) -> FloatArray:
    return recall(counts) + specificity(counts) - 1


def mcc(counts: Counts) -> FloatArray:
    tp, fp, fn, tn = counts
    return (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def cohen_kappa(counts: Counts) -> FloatArray:
    tp, fp, fn, tn = counts
    n = tp + fp + fn + tn
    chance = ((tp + fp) * (tp + fn) + (tn + fn) * (tn + fp)) / n**2
    return ((tp + tn) / n - chance) / (1 - chance)


def cost(costs: Costs) -> Callable[[Counts], FloatArray]:
    """Business cost per 1,000 rows."""

    def per_thousand(counts: Counts) -> FloatArray:
        tp, fp, fn, tn = counts
        total = costs.tp * tp + costs.fp * fp + costs.fn * fn + costs.tn * tn
        return np.asarray(1000 * total / (tp + fp + fn + tn))

    return per_thousand


COUNT_METRICS: Mapping[str, Callable[[Counts], FloatArray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "f1": f1,
    "mcc": mcc,
    "cohen_kappa": cohen_kappa,
    "youden": youden,
}
UNDEFINED = {
    "precision": "no row is predicted positive",
    "recall": "no positive in the truth",
    "specificity": "no negative in the truth",
    "balanced_accuracy": "only one class in the truth",
    "youden": "only one class in the truth",
    "mcc": "only one class in the truth or in the predictions",
    "cohen_kappa": "only one class in the truth and in the predictions",
    "f1": "no positive in the truth or in the predictions",
}
