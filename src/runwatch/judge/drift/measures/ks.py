"""Kolmogorov-Smirnov distance: its certified lower and upper end on the grid."""

from __future__ import annotations

import numpy as np

from runwatch.judge.drift.column_pair import ColumnPair

NAME = "ks"


def applies(pair: ColumnPair) -> bool:
    return pair.ordered


def measure(pair: ColumnPair) -> float:
    """max |F - G| over the edges: never above the true distance, at most the largest bin share below it."""
    f, g = pair.cumulative
    return float(np.abs(f - g).max(initial=0.0))


def upper(pair: ColumnPair) -> float:
    """The certified upper end: the true distance lies in ``[measure, upper]``."""
    f, g = pair.cumulative
    f0, g0 = np.concatenate([[0.0], f]), np.concatenate([[0.0], g])
    f1, g1 = np.concatenate([f, [1.0]]), np.concatenate([g, [1.0]])
    wide = ~pair.singleton
    inside = np.maximum(f1 - g0, g1 - f0)[wide]
    return max(measure(pair), float(inside.max(initial=0.0)))
