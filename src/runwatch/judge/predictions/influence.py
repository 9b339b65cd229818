"""Differences of smooth metrics by the influence of each row (the delta method).

A metric with value m and row influences u (mean 0) has standard error sd(u)/sqrt(n). For a mean of row
losses u is loss minus mean, which makes the paired t test of it; the same sums by unit serve grouped rows,
and the same series serves Diebold-Mariano."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.predictions.sample import Sample


class Influence(msgspec.Struct, frozen=True, eq=False):
    """A metric's ``value`` on one side and each row's influence on it (n,), mean 0."""

    value: float
    rows: FloatArray


def mean_of(losses: FloatArray) -> Influence:
    """Influence of a plain mean of row losses."""
    mean = float(losses.mean())
    return Influence(mean, losses - mean)


_HORIZONS, _LAGS = 50, 4


def difference(
    name: str, sample: Sample, baseline: Influence, candidate: Influence, method: str, test: str
) -> Estimate:
    """Candidate minus baseline: paired where rows are, by unit where rows repeat one (a forecast's series),
    with Diebold-Mariano's variance for one series, else from two standard errors (Welch's degrees)."""
    values = baseline.value, candidate.value
    if reason := sample.too_few():
        return Estimate.unknown(name, *values, sample.n, reason)
    if not sample.paired:
        return _unpaired(name, sample, baseline, candidate, method)
    rows = candidate.rows - baseline.rows
    group = sample.baseline.group
    if sample.task == "forecast" and group is None:
        return _forecast(name, values, rows, sample.horizon, method)
    se, df, units = _standard_error(rows, group)
    return from_standard_error(name, *values, units, se, df, method, test)


def _standard_error(rows: FloatArray, group: IntArray | None) -> tuple[float, float, int]:
    """(standard error, degrees of freedom, units) of a metric with these row influences."""
    n = len(rows)
    if group is None:
        return float(rows.std(ddof=1)) / float(np.sqrt(n)), n - 1, n
    sums = np.bincount(group, weights=rows)
    units = len(sums)
    return float(np.sqrt(units / (units - 1) * np.square(sums).sum())) / n, units - 1, units


def _unpaired(name: str, sample: Sample, baseline: Influence, candidate: Influence, method: str) -> Estimate:
    se_a, df_a, units_a = _standard_error(baseline.rows, sample.baseline.group)
    se_b, df_b, units_b = _standard_error(candidate.rows, sample.candidate.group)
    square = se_a**2 + se_b**2
    df = square**2 / (se_a**4 / df_a + se_b**4 / df_b) if square > 0 else float("inf")
    units = min(units_a, units_b)
    values = baseline.value, candidate.value
    return from_standard_error(name, *values, units, float(np.sqrt(square)), df, method, "welch-t")


def _forecast(
    name: str, values: tuple[float, float], rows: FloatArray, horizon: int, method: str
) -> Estimate:
    """Diebold-Mariano with the Harvey-Leybourne-Newbold correction, against t(n-1); where the loss
    differences are autocorrelated past the horizon, or 50 horizons do not fit into the series, with a
    long-run variance by the data."""
    n = len(rows)
    named = method if method == "delta" else "diebold-mariano"
    if (n < _HORIZONS * horizon and horizon > 1) or autocorrelated(rows, horizon):
        se, df = long_run_se(rows, horizon)
        note = "the errors may be autocorrelated: long-run variance (equally weighted cosines)"
        return from_standard_error(name, *values, n, se, df, named, "diebold-mariano-ewc", note)
    se, note = diebold_mariano_se(rows, horizon)
    return from_standard_error(name, *values, n, se, n - 1, named, "diebold-mariano", note)


def autocorrelated(rows: FloatArray, horizon: int) -> bool:
    """Whether the mean autocorrelation at the four lags from ``horizon`` on is more than a standard error
    above zero: enough to make the narrower variance unsafe."""
    n = len(rows)
    centred = rows - rows.mean()
    square = float(centred @ centred)
    lags = [lag for lag in range(horizon, horizon + _LAGS) if lag < n]
    if not lags or square <= 0:
        return False
    total = sum(float(centred[lag:] @ centred[: n - lag]) for lag in lags) / square
    return total + len(lags) / n > math.sqrt(len(lags) / n)


def _independent(rows: FloatArray) -> float:
    """How many independent values tell the mean of a series as well, were it a first-order autoregression;
    the estimate of its coefficient is 4/n too low where it is near one (Marriott, Pope 1954)."""
    n = len(rows)
    centred = rows - rows.mean()
    square = float(centred @ centred)
    alike = float(centred[1:] @ centred[:-1]) / square + 4 / n if square > 0 else 0.0
    alike = min(max(alike, 0.0), 0.99)
    return n * (1 - alike) / (1 + alike)


def long_run_se(rows: FloatArray, horizon: int) -> tuple[float, int]:
    """(standard error of the mean of an autocorrelated series, its degrees of freedom): the equally weighted
    cosine estimator with 0.4 n^(2/3) terms (Lazarus, Lewis, Stock, Watson 2018; for Diebold-Mariano,
    fixed-smoothing as in Coroneo, Iacone 2020), none of a period below four horizons, and no more than a
    third of as many as independent values would tell as much: waves that are shorter than the memory of the
    series show too little of its variance."""
    n = len(rows)
    most = min(int(0.4 * n ** (2 / 3)), int(_independent(rows) / 3))
    terms = max(3, min(most, n // (2 * horizon)) if horizon > 1 else most)
    place = (np.arange(n) + 0.5) / n
    waves = np.cos(np.pi * np.arange(1, terms + 1)[:, None] * place)
    weights = math.sqrt(2 / n) * (waves @ (rows - rows.mean()))
    return math.sqrt(float(np.square(weights).mean()) / n), terms


def diebold_mariano_se(rows: FloatArray, horizon: int) -> tuple[float, str]:
    """(standard error of the mean of a loss difference series that is ``horizon`` steps ahead, note).

    Harvey, Leybourne, Newbold 1997; autocovariances up to horizon-1, divisor n. Where their sum is not
    positive, horizon 1 is used and the note says so."""
    n = len(rows)
    centred = rows - rows.mean()
    lags = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(min(horizon, n))]
    h, variance, note = horizon, lags[0] + 2 * sum(lags[1:]), ""
    correction = (n + 1 - 2 * h + h * (h - 1) / n) / n
    if variance <= 0 or correction <= 0:
        h, variance, correction = 1, lags[0], (n - 1) / n
        note = f"the variance at horizon {horizon} is not positive: horizon 1 was used" if horizon > 1 else ""
    return float(np.sqrt(variance / n / correction)), note
