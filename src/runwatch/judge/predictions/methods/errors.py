"""Errors of a regression or forecast: means of row losses, and RMSE and R2 by the delta method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.influence import Influence, difference, mean_of
from runwatch.judge.predictions.losses import absolute, pinball, relative, squared
from runwatch.judge.predictions.named_metrics import numbers
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("regression", "forecast")
BACKGROUND = False
DIRECTIONS: Mapping[str, Direction] = {"pinball_": "min"}


def rmse(side: Side) -> Influence:
    mean = mean_of(squared(side))
    root = math.sqrt(mean.value)
    return Influence(root, mean.rows / (2 * root) if root > 0 else mean.rows)


def r2(side: Side) -> Influence:
    """1 - MSE / variance of the truth; NaN where the truth is constant."""
    mean = mean_of(squared(side))
    spread = np.square(side.truth - side.truth.mean())
    variance = float(spread.mean())
    if variance == 0:
        return Influence(math.nan, np.zeros(len(side)))
    rows = -mean.rows / variance + mean.value / variance**2 * (spread - variance)
    return Influence(1 - mean.value / variance, rows)


Metrics = dict[str, tuple[Callable[[Side], Influence], str]]
METRICS: Metrics = {
    "mse": (lambda side: mean_of(squared(side)), "paired-t"),
    "rmse": (rmse, "delta"),
    "mae": (lambda side: mean_of(absolute(side)), "paired-t"),
    "r2": (r2, "delta"),
    "mape": (lambda side: mean_of(relative(side)), "paired-t"),
}


def estimates(sample: Sample) -> Iterator[Estimate]:
    reason = sample.fault("prediction")
    for name, (influence, method) in (METRICS | _pinballs(sample)).items():
        if reason:
            yield Estimate.unknown(name, math.nan, math.nan, sample.n, reason)
            continue
        if name == "mape" and any(bool((side.truth == 0).any()) for side in sample.sides):
            yield Estimate.unknown(name, math.nan, math.nan, sample.n, "the truth has zeros")
            continue
        a, b = (influence(side) for side in sample.sides)
        if not math.isfinite(a.value) or not math.isfinite(b.value):
            yield Estimate.unknown(name, a.value, b.value, sample.n, "the truth is constant")
            continue
        yield difference(name, sample, a, b, method, method)


def _pinballs(sample: Sample) -> Metrics:
    return {name: (_pinball(quantile), "paired-t") for name, quantile in numbers(sample.asked, "pinball")}


def _pinball(quantile: float) -> Callable[[Side], Influence]:
    return lambda side: mean_of(pinball(side, quantile))
