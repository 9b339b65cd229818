"""Row losses: one number a row, whose mean is the metric."""

from __future__ import annotations

import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.judge.predictions.sample import Side

_EPSILON = float(np.finfo(np.float64).eps)


def log_loss(side: Side) -> FloatArray:
    """Minus the log of the probability given to the true class, clipped at the float epsilon (as in
    scikit-learn)."""
    return np.asarray(-np.log(np.clip(_of_truth(side), _EPSILON, 1 - _EPSILON)))


def brier(side: Side) -> FloatArray:
    """Squared error of the probability (two classes), or its sum over the classes."""
    assert side.score is not None
    if side.score.ndim == 1:
        return np.asarray(np.square(side.score - side.truth))
    truth = side.truth.astype(np.int64)
    rows = np.square(side.score).sum(axis=1)
    return np.asarray(rows + 1 - 2 * side.score[np.arange(len(truth)), truth])


def _of_truth(side: Side) -> FloatArray:
    assert side.score is not None
    if side.score.ndim == 1:
        return np.asarray(np.where(side.truth == 1, side.score, 1 - side.score))
    return np.asarray(side.score[np.arange(len(side)), side.truth.astype(np.int64)])


def error(side: Side) -> FloatArray:
    """1 where the predicted class is wrong."""
    assert side.prediction is not None
    return np.asarray(side.prediction != side.truth, dtype=np.float64)


def squared(side: Side) -> FloatArray:
    assert side.prediction is not None
    return np.asarray(np.square(side.truth - side.prediction))


def absolute(side: Side) -> FloatArray:
    assert side.prediction is not None
    return np.abs(side.truth - side.prediction)


def pinball(side: Side, quantile: float) -> FloatArray:
    """Loss of a predicted ``quantile`` (Koenker, Bassett 1978): an error below it weighs ``quantile``, one
    above it the rest."""
    assert side.prediction is not None
    error = side.truth - side.prediction
    return np.maximum(quantile * error, (quantile - 1) * error)


def relative(side: Side) -> FloatArray:
    """Absolute error over the absolute truth, the latter not below the float epsilon."""
    return np.asarray(absolute(side) / np.maximum(np.abs(side.truth), _EPSILON))
