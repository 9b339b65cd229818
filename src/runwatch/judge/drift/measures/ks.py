"""Kolmogorov-Smirnov distance: its certified lower and upper end on the grid."""

from __future__ import annotations

import numpy as np

from runwatch.judge.drift.column_pair import ColumnPair

NAME = "ks"
LABEL = "Kolmogorov-Smirnov"
_LARGEST_STEP, _ROWS_A_STEP = 0.1, 5


def measure(pair: ColumnPair) -> float | None:
    return distance(pair) if pair.ordered else None


def distance(pair: ColumnPair) -> float:
    """max |F - G| over the edges: never above the true distance, at most the largest bin share below it."""
    f, g = pair.cumulative
    return float(np.abs(f - g).max(initial=0.0))


def unrounded(pair: ColumnPair) -> float:
    """The distance; where one side's values are a coarser rounding of the other's, at the middle of its steps
    (the mid-distribution function, Parzen 2004), which rounding leaves in its place."""
    sides = pair.reference.counts, pair.current.counts
    for coarse, fine in (sides, sides[::-1]):
        held = coarse > 0
        stepped = coarse.sum() >= _ROWS_A_STEP * held.sum() and coarse.max() <= _LARGEST_STEP * coarse.sum()
        if stepped and 2 * fine[~held].sum() >= fine.sum() > 0:
            f, g = ((np.cumsum(side) - side / 2) / side.sum() for side in sides)
            return float(np.abs(f - g)[held].max())
    return distance(pair)


def upper(pair: ColumnPair) -> float:
    """The certified upper end: the true distance lies in ``[distance, upper]``."""
    f, g = pair.cumulative
    f0, g0 = np.concatenate([[0.0], f]), np.concatenate([[0.0], g])
    f1, g1 = np.concatenate([f, [1.0]]), np.concatenate([g, [1.0]])
    wide = ~pair.singleton
    inside = np.maximum(f1 - g0, g1 - f0)[wide]
    return max(distance(pair), float(inside.max(initial=0.0)))
