"""Intervals, p-values, margins and severities against scipy's numbers and small cases worked by hand."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from pytest import approx
from scipy import stats

from runwatch.domain.comparison import Comparison, MetricComparison
from runwatch.judge.metrics.estimate import from_standard_error, percentile
from runwatch.judge.metrics.mcnemar import mcnemar_p
from runwatch.judge.metrics.severity import severity_of
from runwatch.judge.metrics.tolerance import margin
from runwatch.judge.metrics.verdict import decide, judge


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 1), (7, 7), (0, 1), (0, 6), (5, 15), (15, 5), (40, 41)])
def test_mcnemar_counts_half_of_the_point_itself(a: int, b: int) -> None:
    """Fagerland, Lydersen and Laake (2013): the exact p less the point's probability, half of a tie's."""
    point = float(stats.binom.pmf(min(a, b), a + b, 0.5))
    exact = float(stats.binomtest(a, a + b).pvalue) if a + b else 1.0
    expected = exact - point if a != b else 1 - point / 2 if a else 1.0
    assert mcnemar_p(a, b) == approx(expected, rel=1e-9)


@pytest.mark.parametrize("df", [4.0, 49.0, math.inf])
def test_an_estimate_of_a_standard_error_is_students(df: float) -> None:
    law = stats.norm if math.isinf(df) else stats.t(df)
    found = from_standard_error("m", 0.5, 0.4, 50, 0.04, df, "t", "t")
    assert found.p_value == approx(2 * law.sf(2.5))
    assert found.ci == (approx(-0.1 - 0.04 * law.ppf(0.975)), approx(-0.1 + 0.04 * law.ppf(0.975)))
    assert from_standard_error("m", 1.0, 2.0, 5, 0.0, 4, "t", "t").p_value == 0.0
    assert from_standard_error("m", 1.0, 1.0, 5, 0.0, 4, "t", "t").p_value == 1.0


def test_a_bootstraps_interval_is_that_of_its_quantiles_and_its_p_counts_the_far_side() -> None:
    draws = np.random.default_rng(0).permutation(np.arange(-1.0, 38.0))
    found = percentile("m", 1.0, 19.0, 50, draws, "boot")
    assert found.ci == tuple(np.quantile(draws, (0.025, 0.975)))
    assert found.p_value == approx(2 * 3 / 40) and found.se == approx(statistics.stdev(draws))
    mirrored = percentile("m", 19.0, 1.0, 50, -draws, "boot")
    assert (
        mirrored.p_value == found.p_value and percentile("m", 1, 2, 9, draws[draws < 1], "b").p_value == 1.0
    )
    undefined = np.append(np.ones(90), np.full(10, np.nan))
    assert percentile("m", 0.0, 1.0, 50, undefined, "boot").p_value == approx(2 / 91)
    assert "undefined" in percentile("m", 0.0, 1.0, 50, undefined[1:], "boot").reason


def metric(name: str, verdict: str, reason: str = "", primary: bool = False) -> MetricComparison:
    return MetricComparison(name, "max", 0.9, 0.8, -0.1, verdict, reason, primary=primary, method="t")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "metrics", "severity"),
    [
        ("unknown", (metric("a", "unknown", primary=True), metric("b", "unknown")), "unknown"),
        ("unknown", (metric("a", "unknown", primary=True), metric("b", "better")), "ok"),
        ("unknown", (metric("b", "better"),), "unknown"),
        ("better", (metric("a", "better", primary=True), metric("b", "unknown")), "ok"),
        ("better", (metric("a", "better", primary=True), metric("b", "worse")), "warning"),
        ("worse", (metric("b", "worse"), metric("a", "worse", primary=True)), "critical"),
        ("inconclusive", (metric("a", "inconclusive", "worse, size uncertain", True),), "info"),
        ("inconclusive", (metric("a", "inconclusive", "cannot tell", True),), "ok"),
        ("better", (metric("a", "better", "worse", True),), "ok"),
    ],
)
def test_severity_is_that_of_what_is_worse(
    verdict: str, metrics: tuple[MetricComparison, ...], severity: str
) -> None:
    assert severity_of(Comparison("b", "a", verdict, "", metrics)) == severity  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "direction", "baseline", "wanted"),
    [
        ("accuracy", "max", 0.0, 0.01), ("accuracy", "max", 1.5, 0.015), ("accuracy", "min", 0.5, 0.005),
        ("rocauc", "max", 0.5, 0.01), ("top5acc", "max", 0.95, 0.005), ("map@50", "max", 0.5, 0.01),
        ("precision10", "max", 0.95, 0.005), ("r2", "max", 0.99, 0.01), ("reward", "max", 0.5, 0.005),
        ("loss", "min", math.inf, math.nan),
    ],
)  # fmt: skip
def test_tolerances_at_their_edges(name: str, direction: str, baseline: float, wanted: float) -> None:
    assert margin(name, direction, baseline, {}) == approx(wanted, nan_ok=True)  # type: ignore[arg-type]


def test_more_seeds_than_anyone_has_are_not_asked_for() -> None:
    """(2.8 sd / margin)^2 cases: 5 seeds whose difference has se 0.5, so sd 0.5 sqrt 5."""
    found = from_standard_error("m", 0.5, 0.5, 5, 0.5, 4, "t", "t")
    few, many = judge(found, "max", 0.1, "seeds"), judge(found, "max", 0.09, "seeds")
    assert few.n_needed == math.ceil((2.8 * 0.5 * math.sqrt(5) / 0.1) ** 2) == 980
    assert many.n_needed is None and "more seeds cannot settle it" in many.reason
    assert judge(found, "max", 0.09, "rows").n_needed == 1210
    assert judge(found, "max", 0.0, "rows").reason.endswith("too close to the tolerance")


def test_what_was_tested_is_passed_on() -> None:
    found = judge(
        from_standard_error("m", 0.5, 0.7, 9, 0.01, 8, "how", "which", "why"), "max", 0.01, "rows", 0.5
    )
    assert (found.method, found.test, found.note, found.n) == ("how", "which", "why", 9)
    assert (found.p_adjusted, found.tolerance, found.verdict) == (0.5, 0.01, "better")
    assert judge(
        from_standard_error("m", 0.5, 0.4, 50, 0.04, 49, "t", "t"), "max", 0.01, p_adjusted=0.05
    ).verdict == ("inconclusive")
    assert decide(-0.5, -0.6, 0.0, 1.0)[1] == "no worse than the tolerance"
