"""The rules of non-inferiority at their edges, and how many cases would settle them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from runwatch.domain.comparison import CompareOptions
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.metrics.verdict import cases_needed, decide
from runwatch.judge.predictions.comparing import compare_predictions


@pytest.mark.parametrize(
    ("difference", "low", "high", "verdict"),
    [
        (0.5, 0.01, 1.0, "better"),
        (0.5, 0.0, 1.0, "equivalent"),
        (0.0, -0.99, 0.5, "equivalent"),
        (-0.5, -0.99, -0.01, "equivalent"),
        (-1.0, -2.0, -0.01, "worse"),
        (-1.5, -2.0, -0.01, "worse"),
        (-0.99, -2.0, -0.01, "inconclusive"),
        (-1.5, -4.0, 0.01, "inconclusive"),
        (-1.5, -4.0, 0.0, "inconclusive"),
    ],
)
def test_each_rule_at_its_edge(difference: float, low: float, high: float, verdict: str) -> None:
    """The tolerance is 1: a sure loss of just that much is worse; twice as much is not asked for."""
    assert decide(difference, low, high, 1.0)[0] == verdict


def test_cases_for_eighty_percent_power() -> None:
    assert cases_needed(100, 1.0, 0.0, 0.1) == math.ceil((2.8 / 0.1) ** 2)
    assert cases_needed(2000, 1.0, -0.05, 0.1) == math.ceil((2.8 / 0.05) ** 2)
    assert cases_needed(10, 0.0, 0.0, 0.1) is None


def test_the_number_that_is_told_is_a_lower_bound() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300)
    first, second = (np.clip(0.5 + 0.2 * (truth - 0.5) + 0.2 * rng.normal(size=300), 0, 1) for _ in range(2))
    a, b = (
        PredictionRows(n, truth, (s > 0.5).astype(int), {"score": s})
        for n, s in (("a", first), ("b", second))
    )
    auc = next(m for m in compare_predictions(a, b, CompareOptions()).metrics if m.name == "roc_auc")
    assert auc.verdict == "inconclusive" and auc.n_needed > 300 and "rows or more" in auc.reason


@pytest.mark.parametrize(("rows", "bend"), [(1000, 0.5), (4000, 0.5), (1000, 0.0)])
def test_the_interval_of_the_calibration_error_holds_the_true_difference(rows: int, bend: float) -> None:
    def draw(rng, n: int) -> tuple[PredictionRows, PredictionRows]:
        logit = rng.normal(-0.5, 1.5, n)
        truth = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
        sides = (1 / (1 + np.exp(-logit * k)) for k in (1.0, 1.0 + bend))
        a, b = (
            PredictionRows(x, truth, (s > 0.5).astype(int), {"score": s})
            for x, s in zip("ab", sides, strict=True)
        )
        return a, b

    def ece(pair: tuple[PredictionRows, PredictionRows]):
        found = compare_predictions(*pair, CompareOptions(background=True))
        return next(m for m in found.metrics if m.name == "ece")

    true = ece(draw(np.random.default_rng(99), 300_000)).delta
    missed = 0
    for seed in range(40):
        low, high = ece(draw(np.random.default_rng(seed), rows)).ci
        missed += not low <= true <= high
    assert missed <= 8
