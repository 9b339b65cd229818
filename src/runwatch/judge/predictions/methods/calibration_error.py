"""Expected calibration error (Naeini and others 2015) with 15 equal-width bins, by the jackknife."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.jackknife import jackknife
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

    yield jackknife("ece", sample, (a, b), leave_out)
