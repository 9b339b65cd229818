"""Population stability index on the reference's deciles, or on pooled categories; natural logarithm."""

from __future__ import annotations

import numpy as np

from runwatch.domain.profile import Ints
from runwatch.judge.drift.column_pair import ColumnPair

NAME = "psi"
LABEL = "PSI"
_FLOOR = 1e-4


def measure(pair: ColumnPair) -> float:
    return psi(*pair.bins)


def psi(a: Ints, b: Ints) -> float:
    """sum (q - p) ln(q / p) of two count vectors, shares below 1e-4 taken as 1e-4."""
    p, q = np.clip(a / a.sum(), _FLOOR, None), np.clip(b / b.sum(), _FLOOR, None)
    return float(((q - p) * np.log(q / p)).sum())
