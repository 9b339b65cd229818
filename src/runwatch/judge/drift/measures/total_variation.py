"""Total variation distance on deciles or pooled categories, and its greatest single part."""

from __future__ import annotations

import numpy as np

from runwatch.domain.profile import Ints
from runwatch.judge.drift.column_pair import ColumnPair

NAME = "total_variation"


def measure(pair: ColumnPair) -> float:
    return total_variation(*pair.bins)


def total_variation(a: Ints, b: Ints) -> float:
    """Half the sum of absolute share differences of two count vectors."""
    return float(np.abs(a / a.sum() - b / b.sum()).sum()) / 2
