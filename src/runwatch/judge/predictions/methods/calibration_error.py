"""Expected calibration error (Naeini and others 2015) with 15 equal-width bins, by the jackknife. On few rows
it is above 0 for a perfect model, and less so for a bad one, so that its difference leans: the interval holds
the difference without that as well."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.predictions.jackknife import BLOCKS, jackknife
from runwatch.judge.predictions.methods.probabilities import not_probabilities
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("binary", "multiclass")
BACKGROUND = False
BINS = 15


def bin_of(probability: FloatArray, bins: int = BINS) -> IntArray:
    """Bin 0..bins-1 of each probability: ``(lo, hi]``, the first closed below."""
    edges = np.linspace(0, 1, bins + 1)
    return np.clip(np.searchsorted(edges, probability, side="left") - 1, 0, bins - 1)


def confidence(side: Side) -> tuple[FloatArray, FloatArray]:
    """(outcome 0/1, probability) a row: of the positive class, or of the top label of K."""
    assert side.score is not None
    if side.score.ndim == 1:
        return side.truth.astype(np.float64), side.score
    top = side.score.argmax(axis=1)
    return (top == side.truth).astype(np.float64), side.score[np.arange(len(top)), top]


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.score is None and side.fault("score") is None for side in sample.sides):
        return
    if reason := sample.fault("score") or not_probabilities(sample):
        yield Estimate.unknown("ece", math.nan, math.nan, sample.n, reason)
        return
    parts = [confidence(side) for side in sample.sides]
    binned = [(bin_of(probability), outcome - probability) for outcome, probability in parts]
    a, b = (float(np.abs(np.bincount(bins, gaps)).sum()) / len(gaps) for bins, gaps in binned)

    def leave_out(side: int, blocks: IntArray, count: int) -> FloatArray:
        bins, gaps = binned[side]
        table = np.bincount(blocks * BINS + bins, gaps, count * BINS).reshape(count, BINS)
        rows = len(gaps) - np.bincount(blocks, minlength=count)
        return np.asarray(np.abs(table.sum(axis=0) - table).sum(axis=1) / rows)

    estimate = jackknife("ece", sample, (a, b), leave_out)
    true = [_true_error(*binned[i], parts[i][1]) for i in (0, 1)]
    better = 0 if true[0] < true[1] else 1
    true[better] = min(true[better], max(0.0, (a, b)[better] - _by_chance(*binned[better], parts[better][1])))
    yield _both(estimate, true[1] - true[0])


def _true_error(bins: IntArray, gaps: FloatArray, probability: FloatArray) -> float:
    """The calibration error without what chance adds, which is most where the error is least: the bins' true
    gaps are taken as normal around 0 with one spread for all rates, learned from the bins (empirical Bayes,
    Morris 1983), and their absolute values averaged over what is then likely."""
    from scipy import special

    rows = np.bincount(bins, minlength=BINS)
    used, n = rows > 0, len(gaps)
    share = rows[used] / n
    seen = np.bincount(bins, gaps, BINS)[used] / n
    chance = np.bincount(bins, probability * (1 - probability), BINS)[used] / n**2
    spread = max(0.0, float(((seen**2 - chance) / share).sum() / share.sum()))
    if spread == 0:
        return 0.0
    shrunk = spread * share**2 / (spread * share**2 + chance)
    middle, sd = shrunk * seen, np.sqrt(shrunk * chance) + 1e-15
    z = middle / sd
    folded = sd * math.sqrt(2 / math.pi) * np.exp(-(z**2) / 2) + middle * (1 - 2 * special.ndtr(-z))
    return float(folded.sum())


def _by_chance(bins: IntArray, gaps: FloatArray, probability: FloatArray) -> float:
    """The calibration error that a perfect model of so many rows would show in the mean. Of the better side
    all of it may be chance, which the bins' spread, never below 0, cannot say."""
    chance = np.bincount(bins, probability * (1 - probability), BINS)
    return float(np.sqrt(2 / math.pi * chance).sum()) / len(gaps)


def _both(estimate: Estimate, without_chance: float) -> Estimate:
    """The interval, wide enough for the difference as it is and without what chance adds to either side; the
    p-value of the one nearer to none."""
    if estimate.ci is None or estimate.se is None:
        return estimate
    half = (estimate.ci[1] - estimate.ci[0]) / 2
    low, high = sorted((estimate.delta, without_chance))
    near = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    p = (
        1.0
        if near == 0
        else from_standard_error("", 0, near, estimate.n, estimate.se, BLOCKS - 1, "", "").p_value
    )
    return replace(estimate, ci=(low - half, high + half), p_value=p, method="group-jackknife-both")
