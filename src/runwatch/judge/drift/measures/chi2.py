"""Two-sample chi-square statistic (homogeneity) on deciles or pooled categories."""

from __future__ import annotations

from runwatch.domain.profile import Ints
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.p_values import chi2_p_value

NAME = "chi2"
LABEL = "chi-square"


def measure(pair: ColumnPair) -> float:
    return chi_square(*pair.bins)[0]


def chi_square(a: Ints, b: Ints) -> tuple[float, float, int]:
    """(statistic, p, degrees of freedom) that two count vectors are of one law; empty levels are left out."""
    some = (a + b) > 0
    a, b = a[some], b[some]
    n, m = int(a.sum()), int(b.sum())
    if len(a) < 2 or not n or not m:
        return 0.0, 1.0, 0
    share = (a + b) / (n + m)
    statistic = float((((a - n * share) ** 2) / (n * share) + ((b - m * share) ** 2) / (m * share)).sum())
    return statistic, chi2_p_value(statistic, len(a) - 1), len(a) - 1
