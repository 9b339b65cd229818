"""Reliability of probabilities: bins, ECE, and the ECE that a perfect model of this size would show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runwatch.domain.comparison import Calibration, CalibrationBin
from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.predictions.methods.calibration_error import BINS, bin_of, confidence
from runwatch.judge.predictions.methods.probabilities import not_probabilities
from runwatch.judge.predictions.sample import Sample

_DRAWS = 2_000
_SEED = 20_150_125
_Z = 1.959963984540054


def calibrations(sample: Sample) -> Mapping[str, Calibration]:
    """Reliability by "baseline" and "candidate"; empty where there are no probabilities."""
    if sample.task not in ("binary", "multiclass") or sample.fault("score") or not_probabilities(sample):
        return {}
    result = {}
    for who, side in (("baseline", sample.baseline), ("candidate", sample.candidate)):
        if side.score is not None and len(side):
            result[who] = calibrate(*confidence(side))
    return result


def calibrate(outcome: FloatArray, probability: FloatArray) -> Calibration:
    """Reliability of ``probability`` (n,) in 0..1 for ``outcome`` (n,) 0 or 1, in 15 equal-width bins.
    ``miscalibrated``: ECE past the 95th percentile of what outcomes drawn from the probabilities themselves
    give (consistency, Bröcker and Smith 2007)."""
    bins = bin_of(probability)
    n = len(probability)
    counts = np.bincount(bins, minlength=BINS)
    predicted = np.bincount(bins, probability, BINS).astype(np.float64)
    seen = np.bincount(bins, outcome, BINS).astype(np.float64)
    ece = float(np.abs(seen - predicted).sum()) / n
    null = _null_ece(bins, predicted)
    rows = tuple(_bin(int(counts[i]), predicted[i], seen[i]) for i in range(BINS) if counts[i])
    return Calibration(rows, ece, null, ece > null)


def _bin(n: int, predicted: float, seen: float) -> CalibrationBin:
    low, high = wilson(float(seen), n)
    return CalibrationBin(n, predicted=float(predicted) / n, observed=float(seen) / n, low=low, high=high)


def wilson(successes: float, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a rate (1927)."""
    rate, z2 = successes / n, _Z**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * float(np.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def _null_ece(bins: IntArray, predicted: FloatArray) -> float:
    """95th percentile of ECE over 2,000 draws of each bin's outcomes ~ binomial(its rows, its mean
    probability)."""
    rng = np.random.default_rng(_SEED)
    counts = np.bincount(bins, minlength=BINS)
    gaps = (
        rng.binomial(counts, np.minimum(predicted / np.maximum(counts, 1), 1.0), (_DRAWS, BINS)) - predicted
    )
    return float(np.quantile(np.abs(gaps).sum(axis=1) / len(bins), 0.95))
