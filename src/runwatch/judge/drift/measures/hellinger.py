"""Hellinger distance on deciles or categories."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.profile import Ints
from runwatch.judge.drift.column_pair import ColumnPair

NAME = "hellinger"
LABEL = "Hellinger"


def measure(pair: ColumnPair) -> float:
    return hellinger(*pair.bins)


def hellinger(a: Ints, b: Ints) -> float:
    """sqrt(sum (sqrt p - sqrt q)^2 / 2) of two count vectors: 0 to 1."""
    gap = np.sqrt(a / a.sum()) - np.sqrt(b / b.sum())
    return math.sqrt(float((gap * gap).sum()) / 2)
