"""Log loss and Brier score: paired t on row differences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.influence import difference, mean_of
from runwatch.judge.predictions.losses import brier, log_loss
from runwatch.judge.predictions.sample import Sample

TASKS = ("binary", "multiclass")
BACKGROUND = False


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.score is None and side.fault("score") is None for side in sample.sides):
        return
    reason = sample.fault("score") or not_probabilities(sample)
    for name, loss in (("log_loss", log_loss), ("brier", brier)):
        if reason:
            yield Estimate.unknown(name, math.nan, math.nan, sample.n, reason)
            continue
        a, b = (mean_of(loss(side)) for side in sample.sides)
        yield difference(name, sample, a, b, "paired-t", "paired-t")


def not_probabilities(sample: Sample) -> str | None:
    """Why a side's scores are no probabilities, None when they are."""
    for who, side in (("baseline", sample.baseline), ("candidate", sample.candidate)):
        score: FloatArray = side.score if side.score is not None else np.empty(0)
        if len(score) and (score.min() < 0 or score.max() > 1):
            return f"{who}: scores outside 0..1 are not probabilities"
        if score.ndim == 2 and len(score) and np.abs(score.sum(axis=1) - 1).max() > 0.01:
            return f"{who}: the scores of a row do not add up to 1"
    return None
