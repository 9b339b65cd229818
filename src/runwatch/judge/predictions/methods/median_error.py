"""Median absolute error: a row bootstrap on small samples (it is cheap there, and the jackknife of a
quantile is poor), the delta method with the density at the median on large ones and for forecasts whose
errors resemble their neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.judge.metrics.estimate import Estimate, percentile
from runwatch.judge.predictions.influence import Influence, autocorrelated, difference
from runwatch.judge.predictions.losses import absolute
from runwatch.judge.predictions.sample import Sample

TASKS = ("regression", "forecast")
BACKGROUND = True
DRAWS = 2_000
SMALL = 2_500
_CHUNK = 1_000_000
_SEED = 19_790_101


def estimates(sample: Sample) -> Iterator[Estimate]:
    name = "median_absolute_error"
    if reason := sample.fault("prediction"):
        yield Estimate.unknown(name, math.nan, math.nan, sample.n, reason)
        return
    a, b = (absolute(side) for side in sample.sides)
    values = float(np.median(a)), float(np.median(b))
    if reason := sample.too_few():
        yield Estimate.unknown(name, *values, sample.n, reason)
        return
    first, second = _influence(a), _influence(b)
    small = sample.paired and sample.baseline.group is None and sample.n <= SMALL and sample.horizon == 1
    if small and not (sample.task == "forecast" and autocorrelated(second.rows - first.rows, 1)):
        yield percentile(name, *values, sample.n, _draws(a, b), "row-bootstrap")
    else:
        yield difference(name, sample, first, second, "delta", "delta")


def _draws(a: FloatArray, b: FloatArray) -> FloatArray:
    """Differences of the medians of resampled rows, (DRAWS,)."""
    rng = np.random.default_rng(_SEED)
    n, out = len(a), []
    step = max(_CHUNK // n, 1)
    for start in range(0, DRAWS, step):
        rows = rng.integers(0, n, (min(step, DRAWS - start), n), dtype=np.int32)
        out.append(np.median(b[rows], axis=1) - np.median(a[rows], axis=1))
    return np.concatenate(out)


def _influence(errors: FloatArray) -> Influence:
    """(1/2 - [error <= median]) / density at the median; the density from the spacing of the order
    statistics n^0.8 / 2 places around it (Siddiqui 1960)."""
    ordered = np.sort(errors)
    n, median = len(errors), float(np.median(errors))
    reach = max(int(n**0.8 / 2), 1)
    low, high = max(n // 2 - reach, 0), min(n // 2 + reach, n - 1)
    width = float(ordered[high] - ordered[low])
    rows = (0.5 - (errors <= median)) * width / ((high - low) / n)
    return Influence(median, rows - rows.mean())
