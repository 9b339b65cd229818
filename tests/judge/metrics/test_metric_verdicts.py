from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from runwatch.judge.metrics.adjust import benjamini_hochberg, holm
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.metrics.tolerance import margin
from runwatch.judge.metrics.verdict import cases_needed, decide, judge

P = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("difference", "low", "high", "verdict", "words"),
    [
        (0.03, 0.01, 0.05, "better", "better side"),
        (0.0, -0.005, 0.005, "equivalent", "no worse"),
        (-0.005, -0.008, -0.002, "equivalent", "slightly lower"),
        (0.02, -0.005, 0.05, "equivalent", "no worse"),
        (-0.03, -0.05, -0.01, "worse", "worse side"),
        (-0.008, -0.015, -0.001, "inconclusive", "size uncertain"),
        (0.0, -0.05, 0.05, "inconclusive", "cannot tell"),
        (-0.02, -0.05, 0.01, "inconclusive", "cannot tell"),
    ],
)
def test_the_rules_from_the_top(difference: float, low: float, high: float, verdict: str, words: str) -> None:
    found, reason = decide(difference, low, high, 0.01)
    assert found == verdict and words in reason


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.001, 0.5))
def test_turning_direction_and_values_round_changes_no_verdict(
    delta: float, se: float, tolerance: float
) -> None:
    up = from_standard_error("m", 0.5, 0.5 + delta, 50, se, 49, "t", "t")
    down = from_standard_error("m", -0.5, -0.5 - delta, 50, se, 49, "t", "t")
    one, two = judge(up, "max", tolerance), judge(down, "min", tolerance)
    assert (one.verdict, one.reason, one.n_needed) == (two.verdict, two.reason, two.n_needed)


def test_delta_and_interval_are_never_flipped() -> None:
    loss = judge(from_standard_error("loss", 0.5, 0.7, 50, 0.01, 49, "t", "t"), "min", 0.005)
    assert loss.verdict == "worse" and loss.delta == approx(0.2)
    assert loss.ci is not None and 0 < loss.ci[0] < 0.2 < loss.ci[1]


def test_rows_needed_are_those_of_80_percent_power() -> None:
    assert cases_needed(100, 1.0, 0.0, 0.1) == math.ceil((2.8 / 0.1) ** 2)
    assert cases_needed(10_000, 1.0, -0.09, 0.1) == math.ceil((2.8 / 0.01) ** 2)
    assert cases_needed(100, 1.0, 0.0, 0.0) is None


def test_identical_is_equivalent_and_no_interval_is_unknown() -> None:
    same = judge(from_standard_error("m", 1.0, 1.0, 5, 0.0, 4, "t", "t"), "max", 0.0)
    assert same.verdict == "equivalent"
    none = judge(Estimate.unknown("m", 1.0, 2.0, 5, "only one class"), "max", 0.1)
    assert (none.verdict, none.reason) == ("unknown", "only one class")
    assert (
        judge(from_standard_error("m", 1.0, math.nan, 5, 0.1, 4, "t", "t"), "max", 0.1).verdict == "unknown"
    )


def test_a_guard_is_worse_only_past_the_correction() -> None:
    bad = from_standard_error("m", 0.5, 0.4, 50, 0.04, 49, "t", "t")
    assert judge(bad, "max", 0.01, p_adjusted=0.04).verdict == "worse"
    held = judge(bad, "max", 0.01, p_adjusted=0.06)
    assert held.verdict == "inconclusive" and "many metrics" in held.reason


@pytest.mark.parametrize(
    ("name", "direction", "baseline", "wanted"),
    [
        ("val/auc", "max", 0.80, 0.01),
        ("roc_auc", "max", 0.98, 0.002),
        ("accuracy", "max", 1.0, 0.0),
        ("val_loss", "min", 0.5, 0.005),
        ("rmse", "min", 54.0, 0.54),
        ("r2", "max", -0.2, 0.01),
        ("mcc", "max", 0.9, 0.01),
        ("cohen_kappa", "max", 0.9, 0.01),
        ("bleu", "max", 30.0, 0.3),
        ("neg_mean_squared_error", "max", -2.0, 0.02),
        ("episode_reward", "max", 0.5, 0.005),
        ("f1_macro", "max", 0.5, 0.01),
    ],
)
def test_default_tolerances(name: str, direction: str, baseline: float, wanted: float) -> None:
    assert margin(name, direction, baseline, {}) == approx(wanted)  # type: ignore[arg-type]
    assert margin(name, direction, baseline, {name: 0.3}) == 0.3  # type: ignore[arg-type]


@given(P)
def test_corrections_are_monotone_and_never_smaller(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p_values)
        assert all(
            raw <= made <= 1 or made == approx(raw) for raw, made in zip(p_values, adjusted, strict=True)
        )
        order = np.argsort(p_values, kind="stable")
        assert np.all(np.diff(np.array(adjusted)[order]) >= -1e-12)


def test_corrections_agree_with_known_values() -> None:
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == [approx(0.03), approx(0.06), approx(0.06), approx(0.02)]
    assert benjamini_hochberg(p) == [approx(0.02), approx(0.04), approx(0.04), approx(0.02)]
    assert holm([0.6, 0.9]) == [1.0, 1.0] and benjamini_hochberg([0.6, 1.0]) == [1.0, 1.0]
