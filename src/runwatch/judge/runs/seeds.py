"""From metric values only: seeds of the baseline, of both sides, matched or not, over one task or several."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from runwatch.domain.points import FloatArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error, percentile

FEWEST = 3
"""Seeds that a prediction band needs."""
_DRAWS = 2_000
_SEED = 20_211_213


def prediction_band(values: Sequence[float]) -> tuple[float, float]:
    """Where one more seed of the same model falls in 95%: mean ± t(.975, k-1) sd sqrt(1 + 1/k), k >= 2."""
    from scipy import special

    k = len(values)
    half = float(special.stdtrit(k - 1, 0.975)) * float(np.std(values, ddof=1)) * math.sqrt(1 + 1 / k)
    mean = float(np.mean(values))
    return mean - half, mean + half


def against_seeds(name: str, seeds: Sequence[float], candidate: float) -> Estimate:
    """One candidate against k >= 3 seeds of the baseline: the interval of its difference from their mean that
    holds the next seed's in 95%."""
    k = len(seeds)
    sd, mean = float(np.std(seeds, ddof=1)), float(np.mean(seeds))
    se = sd * math.sqrt(1 + 1 / k)
    estimate = from_standard_error(name, mean, candidate, k, se, k - 1, "seeds-t", "seeds-t")
    return replace(estimate, spread=sd * math.sqrt(2))


def welch(name: str, baseline: Sequence[float], candidate: Sequence[float]) -> Estimate:
    """Two groups of at least two seeds: Welch's t on their means. The note says the smallest difference that
    so many seeds show in 80% of cases."""
    k_a, k_b = len(baseline), len(candidate)
    part_a, part_b = float(np.var(baseline, ddof=1)) / k_a, float(np.var(candidate, ddof=1)) / k_b
    square = part_a + part_b
    df = square**2 / (part_a**2 / (k_a - 1) + part_b**2 / (k_b - 1)) if square > 0 else math.inf
    means = float(np.mean(baseline)), float(np.mean(candidate))
    estimate = from_standard_error(name, *means, min(k_a, k_b), math.sqrt(square), df, "welch-t", "welch-t")
    estimate = _with_visible(estimate, math.sqrt(square), df)
    size = hedges_g(baseline, candidate)
    return estimate if math.isnan(size) else replace(estimate, note=f"Hedges g {size:.2f}; {estimate.note}")


def matched(name: str, baseline: Sequence[float], candidate: Sequence[float]) -> Estimate:
    """The same seeds on both sides, in one order: paired t on their differences."""
    differences = np.asarray(candidate, np.float64) - np.asarray(baseline, np.float64)
    k = len(differences)
    se = float(differences.std(ddof=1)) / math.sqrt(k)
    means = float(np.mean(baseline)), float(np.mean(candidate))
    return _with_visible(from_standard_error(name, *means, k, se, k - 1, "paired-t", "paired-t"), se, k - 1)


def _with_visible(estimate: Estimate, se: float, df: float) -> Estimate:
    from scipy import special

    if not math.isfinite(df) or se == 0:
        return estimate
    visible = se * float(special.stdtrit(df, 0.975) + special.stdtrit(df, 0.8))
    return replace(estimate, note=f"this many seeds show a difference of {visible:.3g} in 80% of cases")


def over_tasks(name: str, baseline: FloatArray, candidate: FloatArray) -> Estimate:
    """Several tasks x seeds (Agarwal and others 2021): ``baseline`` (k_a, tasks), ``candidate`` (k_b, tasks),
    values of one metric where higher is better: the difference of interquartile means by a bootstrap of
    seeds, stratified by task, 2,000 draws."""
    rng = np.random.default_rng(_SEED)
    drawn_a, drawn_b = (_resampled(values, rng) for values in (baseline, candidate))
    a, b = interquartile_mean(baseline), interquartile_mean(candidate)
    seeds = min(len(baseline), len(candidate))
    return percentile(name, a, b, seeds, drawn_b - drawn_a, "stratified-bootstrap")


def _resampled(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    seeds, tasks = values.shape
    rows = rng.integers(0, seeds, (_DRAWS, seeds, tasks))
    drawn = np.sort(values[rows, np.arange(tasks)].reshape(_DRAWS, -1), axis=1)
    cut = drawn.shape[1] // 4
    return np.asarray(drawn[:, cut : drawn.shape[1] - cut].mean(axis=1))


def interquartile_mean(values: FloatArray) -> float:
    """Mean of what is left when a quarter (rounded down) is cut off at each end, over all seeds and tasks."""
    ordered = np.sort(values, axis=None)
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def probability_of_improvement(baseline: FloatArray, candidate: FloatArray) -> float:
    """Mean over tasks of Mann-Whitney's U / (k_a k_b): how often a candidate run beats a baseline run."""
    wins = candidate[:, None, :] > baseline[None, :, :]
    ties = candidate[:, None, :] == baseline[None, :, :]
    return float((wins + 0.5 * ties).mean(axis=(0, 1)).mean())


def hedges_g(baseline: Sequence[float], candidate: Sequence[float]) -> float:
    """Difference of means in pooled standard deviations, corrected for small samples; NaN without spread."""
    k_a, k_b = len(baseline), len(candidate)
    pooled = ((k_a - 1) * np.var(baseline, ddof=1) + (k_b - 1) * np.var(candidate, ddof=1)) / (k_a + k_b - 2)
    if pooled == 0:
        return math.nan
    correction = 1 - 3 / (4 * (k_a + k_b) - 9)
    return float((np.mean(candidate) - np.mean(baseline)) / math.sqrt(float(pooled)) * correction)
