"""Jensen-Shannon distance (the square root of the divergence, natural logarithm) on deciles or categories."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.profile import Floats, Ints
from runwatch.judge.drift.column_pair import ColumnPair

NAME = "js"
LABEL = "Jensen-Shannon"


def measure(pair: ColumnPair) -> float:
    return js_distance(*pair.bins)


def js_distance(a: Ints, b: Ints) -> float:
    """Of two count vectors; 0 for equal shares, sqrt(ln 2) for disjoint ones."""
    p, q = a / a.sum(), b / b.sum()
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_kl(p, middle) + _kl(q, middle)) / 2))


def _kl(p: Floats, q: Floats) -> float:
    some = p > 0
    return float((p[some] * np.log(p[some] / q[some])).sum())
