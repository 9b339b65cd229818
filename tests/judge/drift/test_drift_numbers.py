"""Tail probabilities, distances and models of drift: scipy's numbers, and small cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drift_tables import profiled
from pytest import approx
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from runwatch.domain.profile import DriftOptions
from runwatch.judge.drift.column_pair import ColumnPair, iqr, joint_design, pooled, quantile, times_apart
from runwatch.judge.drift.concept import AdaptiveWindow, design_effect
from runwatch.judge.drift.daymodel import dates
from runwatch.judge.drift.distribution import distribution
from runwatch.judge.drift.evidence import (
    DriftTest,
    level_test,
    ordered_test,
    smallest_visible,
    unit_factor,
    visible_in_levels,
)
from runwatch.judge.drift.measures import chi2, ks, psi, wasserstein
from runwatch.judge.drift.multivariate import mann_whitney, separation
from runwatch.judge.drift.p_values import (
    chi2_p_value,
    ks_p_value,
    normal_p_value,
    proportions_p_value,
    t_margin,
)
from runwatch.judge.drift.performance import calibrator, expected
from runwatch.judge.drift.trend import confirmed, first_moved, forecast


@pytest.mark.parametrize("size", [1, 3, 20, 140, 141, 900, 40_000])
def test_the_tail_of_kolmogorov_and_smirnov_is_scipys(size: int) -> None:
    for scaled in (0.05, 0.3, 0.6, 0.9, 1.2, 1.48, 1.6, 2.5, 4.0, 9.0):
        distance = scaled / math.sqrt(size)
        if distance < 1:
            law = float(stats.kstwo.sf(distance, size))
            assert ks_p_value(distance, 2 * size, 2 * size) == approx(law, rel=1e-6, abs=1e-12), scaled
    assert ks_p_value(0.0, 9, 9) == ks_p_value(0.5, 0, 9) == ks_p_value(0.5, 1, 1) == 1.0


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 30), (3, 2), (40, 5)])
def test_the_p_of_sides_that_do_not_overlap_is_exact(n: int, m: int) -> None:
    law = stats.ks_2samp(np.arange(n), n + np.arange(m), method="exact")
    assert law.statistic == 1.0 and ks_p_value(1.0, n, m) == approx(law.pvalue)


@pytest.mark.parametrize("dof", [1, 2, 3, 8, 9, 240])
def test_the_tails_of_chi_square_normal_and_t_are_scipys(dof: int) -> None:
    for statistic in (0.01, 0.5, 3.0, dof, 2.0 * dof + 9, 900.0):
        assert chi2_p_value(statistic, dof) == approx(stats.chi2.sf(statistic, dof), rel=1e-9, abs=1e-300)
    assert chi2_p_value(0, dof) == chi2_p_value(3.0, 0) == 1.0 and chi2_p_value(1e5, dof) == 0.0
    assert t_margin(dof) == approx(stats.t.ppf(0.975, dof)) and normal_p_value(-1.96) == approx(
        0.05, abs=1e-4
    )


@pytest.mark.parametrize(
    ("a", "n", "b", "m"),
    [
        (0, 9, 3, 8),
        (3, 8, 0, 9),
        (7, 9, 8, 8),
        (1, 500, 6, 40),
        (30, 40, 35, 40),
        (5, 5, 5, 6),
        (9, 20, 9, 20),
    ],
)
def test_two_shares_are_fishers_with_twice_the_smaller_tail(a: int, n: int, b: int, m: int) -> None:
    if min(a + b, n + m - a - b) * min(n, m) / (n + m) >= 10:
        pytest.fail("a case for the normal approximation")
    law = stats.hypergeom(n + m, a + b, m)
    assert proportions_p_value(a, n, b, m) == approx(min(1.0, 2 * min(law.cdf(b), law.sf(b - 1))))


def test_two_shares_of_many_rows_are_pearsons() -> None:
    for a, n, b, m in ((20, 100, 35, 120), (950, 1000, 400, 500), (10, 20, 10, 20)):
        table = [[a, n - a], [b, m - b]]
        assert proportions_p_value(a, n, b, m) == approx(
            stats.chi2_contingency(table, correction=False).pvalue
        )
    assert (
        proportions_p_value(0, 5, 0, 9)
        == proportions_p_value(5, 5, 9, 9)
        == proportions_p_value(0, 0, 1, 9)
        == 1
    )


def pair(before: object, now: object, kind: str | None = None) -> ColumnPair:
    reference = profiled({"x": before}, kinds={"x": kind} if kind else None)
    current = profiled({"x": now}, reference.grid)
    return ColumnPair(reference.grid.columns[0], reference.column(0), current.column(0))


def test_distances_of_few_values_are_scipys() -> None:
    rng = np.random.default_rng(1)
    before, now = rng.integers(0, 30, 700), rng.integers(2, 33, 500)
    found = pair(before, now)
    assert ks.measure(found) == approx(stats.ks_2samp(before, now).statistic) == ks.upper(found)
    assert wasserstein.measure(found) == approx(stats.wasserstein_distance(before, now), rel=0.02)
    test = ordered_test(found, DriftOptions())
    distance = ks.unrounded(found)
    assert test.p_value == ks_p_value(distance, 700, 500) and 0 < test.effect < distance
    noise = 0.87**2 * 1200 / (700 * 500)
    assert test.effect == approx(math.sqrt(distance**2 - noise))
    for p in (0.0, 0.1, 0.25, 0.5, 0.9, 1.0):
        assert quantile(found.column, found.reference, p) == approx(np.quantile(before, p), abs=1)
    assert psi.psi(np.array([50, 50, 0]), np.array([25, 50, 25])) == approx(
        0.25 * math.log(2) + (0.25 - 1e-4) * math.log(0.25 / 1e-4)
    )
    assert (
        chi2.chi_square(np.array([5]), np.array([9]))
        == (0.0, 1.0, 0)
        == chi2.chi_square(np.array([0, 0]), np.array([9, 1]))
    )


def test_levels_are_pooled_where_either_side_expects_fewer_than_five() -> None:
    a, b = np.array([900, 40, 50, 10]), np.array([95, 0, 5, 0])
    assert [side.tolist() for side in pooled(a, b)] == [[900, 50, 50], [95, 5, 0]]
    assert [side.tolist() for side in pooled(a, b, 2.0)] == [[900, 100], [95, 5]]
    whole = np.array([60, 40, 0]), np.array([50, 50, 0])
    assert [side.tolist() for side in pooled(*whole)] == [[60, 40], [50, 50]]
    assert [side.tolist() for side in pooled(np.array([3]), np.array([4]))] == [[3], [4]]
    assert joint_design(2.0, 10, 2.0, 40) == approx(2.0) and joint_design(4.0, 10, 1.0, 10**9) == approx(4.0)
    assert joint_design(3.0, 0, 2.0, 9) == 1.0


def test_a_test_of_levels_by_hand() -> None:
    a, b = np.array([600, 400]), np.array([500, 500])
    law = stats.chi2_contingency([a, b], correction=False)
    plain, dependent = (level_test(a, b, DriftOptions(), "distribution", d) for d in (1.0, 4.0))
    assert plain.p_value == approx(law.pvalue)
    assert dependent.p_value == approx(stats.chi2.sf(law.statistic / 4, 1))
    assert plain.effect == approx(math.sqrt(0.01 - 0.16 * 2000 / 1e6))
    assert dependent.effect == approx(math.sqrt(0.01 - 0.16 * 4 * 2000 / 1e6))
    assert 0 < dependent.divergence < plain.divergence < stats.entropy([0.6, 0.4], [0.5, 0.5]) ** 0.5
    assert level_test(a[:1], b[:1], DriftOptions(), "shape").p_value == 1.0


@pytest.mark.parametrize(
    ("effect", "divergence", "level"),
    [(0.0199, 0.0, "stable"), (0.02, 0.0, "warning"), (0.0999, 0.0999, "warning"), (0.1, 0.0, "drifted"),
     (0.05, 0.1, "drifted"), (0.0499, 0.5, "warning"), (0.05, 0.0999, "warning")],
)  # fmt: skip
def test_the_level_of_a_test(effect: float, divergence: float, level: str) -> None:
    assert DriftTest("distribution", "m", 0.0, effect, (0.02, 0.1), divergence).level == level


def test_the_smallest_shift_that_rows_can_show() -> None:
    """sqrt(-ln(q / 2C) / 2) sqrt((n + m) / nm): 0.0960 for 1,000 rows a side and 50 columns."""
    assert smallest_visible(1000, 1000, 50, DriftOptions()) == approx(0.0960, abs=1e-4)
    assert smallest_visible(1000, 1000, 50, DriftOptions(), 4.0) == approx(0.1919, abs=1e-4)
    assert smallest_visible(1000, 1000, 25, DriftOptions(tests=2)) == approx(0.0960, abs=1e-4)
    assert smallest_visible(0, 9, 1, DriftOptions()) is None
    for levels in (2, 5):
        needed = stats.chi2.isf(0.01 / 50, levels - 1)
        visible = visible_in_levels(levels, 1000, 500, 50, DriftOptions())
        assert visible == approx(math.sqrt(needed * 1500 / 500_000) / 2)


def test_quantiles_of_a_grid() -> None:
    found = pair(np.r_[np.zeros(600), np.linspace(1, 2, 400)], np.linspace(5, 6, 100))
    assert quantile(found.column, found.reference, 0.3) == 0.0
    assert quantile(found.column, found.reference, 0.8) == approx(1.5, abs=0.02)
    assert quantile(found.column, found.reference, 1.0) == approx(2.0)
    assert iqr(found.column, found.reference) == approx(1.375, abs=0.02)
    flat = pair(np.r_[np.zeros(950), np.arange(1, 51)], [0.0])
    assert iqr(flat.column, flat.reference) == approx(50, abs=1) and iqr(flat.column, flat.current) is None
    assert quantile(found.column, found.current, 0.0) == approx(5, abs=0.01), "its first bins are empty"
    assert quantile(found.column, pair([1.0], [1.0]).reference, 0.5) is not None


@pytest.mark.parametrize(("factor", "told"), [(6, None), (16, 16), (0.16, None), (0.06, 0.06), (-30, None)])
def test_a_change_of_unit_is_a_factor_of_ten(factor: float, told: float | None) -> None:
    values = np.random.default_rng(2).lognormal(3, 0.3, 4000)
    found = pair(values, values * factor)
    made = unit_factor(found.column, found.reference, found.current)
    assert made == (None if told is None else approx(told, rel=0.25))
    if told is not None:
        words, times = times_apart(found.column, found.reference, found.current)
        assert times == approx(max(told, 1 / told), rel=0.02) and f"about {times:.0f}" in words


def test_the_area_and_its_p_are_mann_and_whitneys() -> None:
    rng = np.random.default_rng(3)
    low, high = rng.integers(0, 9, 90).astype(float), rng.integers(2, 10, 60).astype(float)
    law = stats.mannwhitneyu(high, low, alternative="greater", method="asymptotic", use_continuity=False)
    for sides, p in (((low, high), law.pvalue), ((high, low), 1 - law.pvalue)):
        auc, found = mann_whitney(*sides)
        assert found == approx(p) and auc == approx(
            roc_auc_score([0] * len(sides[0]) + [1] * len(sides[1]), np.concatenate(sides))
        )
    assert mann_whitney(np.ones(5), np.ones(4)) == (0.5, 0.5)
    y = np.repeat([0, 1], [90, 60])
    alone = separation(np.concatenate([low, high]), y, np.arange(150))
    assert alone == (approx(law.statistic / 5400), approx(law.pvalue))
    twice = np.repeat(np.concatenate([low, high]), 2)
    alike = separation(twice, np.repeat(y, 2), np.repeat(np.arange(150), 2))
    assert (
        alike[0] == approx(alone[0])
        and alike[1] == approx(law.pvalue, rel=1.0)
        and alike[1] > separation(twice, np.repeat(y, 2), np.arange(300))[1]
    )


def test_expected_metrics_of_sure_chances_are_scikit_learns() -> None:
    rng = np.random.default_rng(4)
    truth, score = (rng.random(300) < 0.4).astype(float), np.round(rng.random(300), 1)
    prediction = (score > 0.6).astype(float)
    for name, law in (
        ("roc_auc", roc_auc_score(truth, score)),
        ("f1", f1_score(truth, prediction)),
        ("accuracy", accuracy_score(truth, prediction)),
    ):
        assert expected(name, truth, score, prediction) == approx(law)
    chance = rng.random(300)
    drawn = [(rng.random(300) < chance).astype(float) for _ in range(400)]
    for name in ("roc_auc", "f1", "accuracy"):
        seen = [expected(name, one, score, prediction) for one in drawn]
        assert expected(name, chance, score, prediction) == approx(np.mean(seen), abs=4 * np.std(seen) / 20)
    assert expected("roc_auc", np.ones(4), score[:4], prediction[:4]) == 0.5
    assert expected("f1", np.zeros(4), score[:4], np.zeros(4)) == 0.0


def test_calibration_is_scikit_learns_isotonic_where_it_helps() -> None:
    rng = np.random.default_rng(5)
    score = np.round(rng.random(4000), 2)
    truth = (rng.random(4000) < score**3).astype(float)
    law = IsotonicRegression(out_of_bounds="clip").fit(score, truth)
    at = np.linspace(0, 1, 21)
    assert calibrator(score, truth)(at) == approx(law.predict(at), abs=1e-9)
    honest = (rng.random(4000) < score).astype(float)
    assert np.array_equal(calibrator(score, honest)(at), at)
    odds = score * 20 - 10
    assert calibrator(odds, honest)(odds[:5]) == approx(
        IsotonicRegression().fit(odds, honest).predict(odds[:5])
    )


def test_the_design_effect_of_stretches() -> None:
    """Values that come five at a time are worth a fifth each; independent ones are worth one."""
    rng = np.random.default_rng(6)
    alone, five = rng.normal(size=8000), np.repeat(rng.normal(size=8000), 5)
    assert design_effect(alone, [200] * 40) < 2.5 and design_effect(np.ones(100)) == 1.0
    assert 2.5 < design_effect(five, [200] * 200) < 9 and design_effect(five[:20]) == 1.0
    levels = np.repeat([0.0, 1.0], 4000) + rng.normal(size=8000)
    assert design_effect(levels, [200] * 40) < 2.5, "one change of level is no dependence"


def test_a_window_holds_the_mean_of_what_it_has_not_dropped() -> None:
    window = AdaptiveWindow()
    assert math.isnan(window.mean) and not window.update(math.nan) and window.length == 0
    values = np.random.default_rng(7).random(1000)
    assert not any(window.update(float(v)) for v in values)
    assert window.length == window.seen == 1000 and window.mean == approx(values.mean())
    assert all(len(row) <= 5 for row in window.rows) and len(window.rows) < 12
    cut = [at for at in range(600) if window.update(2.0)]
    assert cut and cut[0] < 64 and window.length < 700 and window.mean > 1.5


def test_a_trend_is_a_line_with_fiellers_range() -> None:
    steady = [0.01 * i for i in range(1, 7)]
    found = forecast(steady, 0.1)
    assert (found.about, found.low, found.high) == (approx(4), approx(4), approx(4))
    assert (
        forecast(steady[:4], 0.1) is None
        and forecast([0.05] * 8, 0.1) is None
        and forecast(steady, 0.06) is None
    )
    assert forecast([*steady[:-1], None], 0.1) is None and forecast([None, *steady], 0.1).about == approx(4)
    rng = np.random.default_rng(8)
    y = 0.004 * np.arange(20) + 0.003 * rng.normal(size=20)
    line = stats.linregress(np.arange(20), y)
    found = forecast([9.0] * 5 + y.tolist(), 0.2)
    assert found.about == approx((0.2 - line.intercept) / line.slope - 19)
    for end in (found.low, found.high):
        x = end + 19
        error = math.sqrt(
            (y - line.intercept - line.slope * np.arange(20)).__pow__(2).sum() / 18 / 665
        ) * math.sqrt(665 / 20 + (x - 9.5) ** 2)
        assert abs(line.intercept + line.slope * x - 0.2) == approx(stats.t.ppf(0.975, 18) * error, rel=1e-6)
    assert forecast((0.0001 * np.arange(1, 21)).tolist(), 0.1) is None, "nearly a thousand batches away"


def test_when_columns_moved() -> None:
    still, warned, moved = "stable", "warning", "drifted"
    assert first_moved([still, moved, still, warned, moved]) == 3 and first_moved([moved, still]) is None
    assert first_moved([moved]) == 0 and first_moved([]) is None
    assert confirmed([warned, moved], [0.0, 0.05]) and not confirmed([still, moved], [0.0, 0.2499])
    assert (
        confirmed([still, moved], [0.0, 0.25])
        and confirmed([moved], [0.3])
        and not confirmed([moved], [None])
    )
    assert not confirmed([moved, still], [0.9, 0.9]) and not confirmed([], [])


def test_days_are_dates_where_all_are_known_and_rise() -> None:
    assert dates([5, 7], [9])[1] and dates([5, 7], [9])[0].tolist() == [5, 7, 9]
    for days, later in (([5, 7], [7]), ([5, None], [9]), ([7, 5], [9])):
        times, dated = dates(days, later)
        assert not dated and times.tolist() == [0, 1, 2]


def test_the_bars_of_a_column_hold_all_of_its_rows() -> None:
    rng = np.random.default_rng(9)
    before, now = rng.normal(size=3000), rng.normal(1, 2, 2000)
    now[:50] = np.nan
    reference = profiled({"x": before, "k": rng.integers(0, 4, 3000), "c": rng.choice(list("abc"), 3000)})
    current = profiled(
        {"x": now, "k": rng.integers(0, 6, 2000), "c": rng.choice(list("abz"), 2000)}, reference.grid
    )
    found = distribution(reference, current, "x")
    assert len(found.edges) == 49 and sum(found.reference) == approx(1) == sum(found.current)
    assert found.reference == approx(
        np.histogram(np.clip(before, found.edges[0], found.edges[-1]), found.edges)[0] / 3000, abs=0.012
    )
    told = {name: (a, b) for name, a, b in found.summary}
    assert told["rows"] == ("3,000", "2,000") and told["missing"] == ("0.0%", "2.5%")
    assert float(told["mean"][1]) == approx(np.nanmean(now), abs=0.01) and float(told["min"][0]) == approx(
        before.min(), abs=0.01
    )
    assert (
        all(a == approx(np.quantile(before, p), abs=0.05) for p, a, _ in found.quantiles)
        and len(found.quantiles) == 50
    )
    whole = distribution(reference, current, "k")
    assert whole.edges == (-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5) and whole.current == approx(
        [1 / 6] * 6, abs=0.03
    )
    words = distribution(reference, current, "c")
    assert set(words.labels) == {"a", "b", "c", "z"} and words.reference[words.labels.index("z")] == 0
    assert words.current[words.labels.index("c")] == 0 and sum(words.current) == approx(1) == sum(
        words.reference
    )
    assert distribution(reference, current, "none") is None
