"""Precision, recall, F1 and cost of the candidate over all thresholds."""

from __future__ import annotations

import numpy as np

from runwatch.domain.comparison import ThresholdPoint
from runwatch.judge.predictions.confusion_metrics import cost, f1, precision, recall
from runwatch.judge.predictions.sample import Sample, Side

_POINTS = 101


def threshold_curve(sample: Sample) -> tuple[ThresholdPoint, ...]:
    """At most 101 thresholds (quantiles of the candidate's scores; predicted positive: score >= threshold),
    ascending. To be read at the threshold in use: choosing one on the rows compared is optimistic."""
    side = sample.candidate
    if (
        sample.task != "binary"
        or side.score is None
        or side.fault("score")
        or side.score.ndim != 1
        or not len(side)
    ):
        return ()
    order = np.argsort(side.score)
    scores, positive = side.score[order], np.asarray(side.truth == 1)[order]
    thresholds = np.unique(np.quantile(scores, np.linspace(0, 1, _POINTS), method="nearest"))
    first = np.searchsorted(scores, thresholds, side="left")
    below = np.concatenate(([0], np.cumsum(positive)))[first].astype(np.float64)
    tp = positive.sum() - below
    fp = len(scores) - first - tp
    counts = tp, fp, below, first - below
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = [metric(counts) for metric in (precision, recall, f1)]
    costs = cost(sample.costs)(counts) if sample.costs is not None else [None] * len(thresholds)
    return tuple(
        ThresholdPoint(
            float(t), precision=float(p), recall=float(r), f1=float(f), cost=None if c is None else float(c)
        )
        for t, p, r, f, c in zip(thresholds, *columns, costs, strict=True)
    )


def operating_threshold(sample: Sample, stated: float | None) -> float | None:
    """The threshold in use on the candidate: the stated one, else the least score predicted positive where
    the predictions follow the scores; None when they do not."""
    side = sample.candidate
    if sample.task != "binary" or side.score is None or side.faults or side.prediction is None:
        return None
    positive = side.prediction == 1
    if stated is not None and np.array_equal(positive, side.score >= stated):
        return stated
    return _implied(side)


def _implied(side: Side) -> float | None:
    assert side.score is not None
    positive = np.asarray(side.prediction == 1)
    if positive.all() or not positive.any():
        return None
    low, high = float(side.score[~positive].max()), float(side.score[positive].min())
    if low > high:
        return None
    return 0.5 if low < 0.5 <= high else high
