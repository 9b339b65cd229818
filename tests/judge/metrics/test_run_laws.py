"""Comparisons of runs: laws that hold for one run, seeds and tasks alike, and scipy's numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytest import approx
from scipy import stats
from test_run_comparisons import metric, run, series

from runwatch.domain.comparison import CompareOptions, RunTable
from runwatch.domain.points import Points
from runwatch.domain.run import Run
from runwatch.judge.runs.comparing import (
    compare_number_with_seeds,
    compare_runs,
    group_name,
    noise_of,
    value_at,
)
from runwatch.judge.runs.hparam_importance import hparam_importance
from runwatch.judge.runs.hyperparameters import as_text
from runwatch.judge.runs.ranking import rank_runs
from runwatch.judge.runs.samples import SampleValues, paired
from runwatch.judge.runs.seeds import hedges_g, matched, over_tasks, probability_of_improvement, welch

A, B = [0.70, 0.74, 0.79, 0.72], [0.78, 0.80, 0.77]


def seeds(name: str, values: list[float]) -> tuple[Run, ...]:
    return tuple(run(f"{name}{i}", a__acc=v, b__acc=v * v, loss=1 - v) for i, v in enumerate(values))


@pytest.mark.parametrize("sizes", [(1, 1), (4, 1), (1, 3), (2, 2), (4, 3), (3, 3)])
def test_sides_that_change_places_turn_every_difference_round(sizes: tuple[int, int]) -> None:
    a, b = seeds("a", A[: sizes[0]]), seeds("b", B[: sizes[1]])
    there, back = (compare_runs(*pair, series, CompareOptions()) for pair in ((b, a), (a, b)))
    assert [one.name for one in there.metrics] == [one.name for one in back.metrics]
    assert any("interquartile" in one.name for one in there.metrics) == (min(sizes) > 1)
    for one, other in zip(there.metrics, back.metrics, strict=True):
        assert (one.baseline, one.candidate) == (approx(other.candidate), approx(other.baseline))
        assert one.delta == approx(one.candidate - one.baseline) == approx(-other.delta)
        slack = 0.15 * (one.ci[1] - one.ci[0]) if one.ci and "interquartile" in one.name else 1e-12
        assert (one.ci is None) == (max(sizes) < 3 and min(sizes) < 2)
        assert one.ci is None or one.ci == approx((-other.ci[1], -other.ci[0]), abs=slack)
        assert one.n == other.n == (None if one.ci is None else min(sizes) if min(sizes) > 1 else max(sizes))


def test_groups_of_seeds_are_welchs_t_with_hedges_g_and_what_they_can_show() -> None:
    found, expected = welch("acc", A, B), stats.ttest_ind(B, A, equal_var=False)
    interval = expected.confidence_interval()
    assert found.p_value == approx(expected.pvalue) and found.ci == approx((interval.low, interval.high))
    visible = found.se * (stats.t.ppf(0.975, expected.df) + stats.t.ppf(0.8, expected.df))
    assert f"{visible:.3g} in 80% of cases" in found.note and f"Hedges g {hedges_g(A, B):.2f}" in found.note
    assert welch("acc", [1.0, 1.0], [1.0, 1.0]).identical and math.isnan(hedges_g([1, 1], [2, 2]))
    same = matched("acc", A, [v + d for v, d in zip(A, (0.01, 0.03, 0.02, 0.05), strict=True)])
    assert same.p_value == approx(stats.ttest_1samp([0.01, 0.03, 0.02, 0.05], 0).pvalue) and same.n == 4


def test_how_often_a_candidate_wins_is_mann_whitneys_u_with_ties_as_half() -> None:
    a, b = np.array([[1.0, 2], [2, 3], [2, 5]]), np.array([[2.0, 1], [3, 3]])
    wins = [stats.mannwhitneyu(b[:, t], a[:, t]).statistic / 6 for t in range(2)]
    assert probability_of_improvement(a, b) == approx(np.mean(wins))
    rng = np.random.default_rng(1)
    still = over_tasks("acc", *rng.normal(size=(2, 5, 4)))
    moved = over_tasks("acc", *(rng.normal(size=(2, 5, 4)) + np.array([0, 9])[:, None, None]))
    assert still.p_value > 0.05 and moved.p_value == approx(2 / 2001)
    assert still.ci[0] < 0 < still.ci[1]
    assert moved.se == approx((moved.ci[1] - moved.ci[0]) / 3.92, rel=0.1)


def test_tasks_that_cannot_be_put_together_are_not() -> None:
    a = tuple(run(f"a{i}", x__acc=0.5 + i / 9, y__acc=0.6, loss=1.0) for i in range(3))
    b = tuple(run(f"b{i}", x__acc=0.6 + i / 9, loss=1.0, **({"y__acc": 0.6} if i else {})) for i in range(3))
    names = [one.name for one in compare_runs(b, a, series, CompareOptions()).metrics]
    assert not any("interquartile" in name for name in names)
    turned = CompareOptions(directions={"x/acc": "min"})
    names = [one.name for one in compare_runs(a[:2], a[1:], series, turned).metrics]
    assert not any("interquartile" in name for name in names)


def test_errors_of_several_tasks_keep_their_sign() -> None:
    a, b = (
        tuple(run(f"{n}{i}", x__loss=level + i / 50, y__loss=level + i / 40) for i in range(4))
        for n, level in (("a", 0.5), ("b", 0.9))
    )
    one = next(m for m in compare_runs(b, a, series, CompareOptions()).metrics if "interquartile" in m.name)
    assert one.verdict == "worse" and one.baseline == approx(0.53, abs=0.02) and one.delta == approx(0.4)
    assert one.ci is not None and one.ci[0] < 0.4 < one.ci[1] and "probability 0.00" in one.note


def test_the_noise_of_a_curve_is_scipys_mad_of_its_last_500_steps() -> None:
    values = np.concatenate((np.full(50, 1e6), np.random.default_rng(2).normal(3, 0.1, 500)))
    expected = stats.median_abs_deviation(np.diff(values[-500:]), scale="normal") / math.sqrt(2)
    assert noise_of(values) == approx(expected, rel=1e-4) == approx(0.1, rel=0.15)
    assert noise_of(np.array([1.0, 2, np.nan, 4, 8])) is None and noise_of(values[-5:]) is not None


def test_the_interval_of_two_curves_is_that_of_both_noises_and_one_past_it_is_called() -> None:
    rng = np.random.default_rng(4)
    curves = [np.append(level + 0.01 * rng.normal(size=99), level) for level in (0.5, 0.9)]
    found = metric(
        compare_runs(
            run("b", loss=curves[1]), run("a", loss=curves[0]), series, CompareOptions(), detail=True
        ),
        "loss",
    )
    half = 1.96 * math.hypot(*(noise_of(curve) for curve in curves))
    assert found.ci == approx((0.4 - half, 0.4 + half)) and found.verdict == "worse"
    short = compare_runs(
        run("b", loss=[1, 0.9]), run("a", loss=curves[0]), series, CompareOptions(), detail=True
    )
    assert metric(short, "loss").ci is None and metric(short, "loss").method is None
    told = compare_runs(
        run("b", loss=0.9), run("a", loss=0.5), series, CompareOptions(), noise=lambda key, tag: 0.3
    )
    assert told.verdict == "inconclusive" and metric(told, "loss").ci == approx((-0.4316, 1.2316), abs=1e-3)


def test_the_best_up_to_the_common_step_counts_that_step() -> None:
    a, b = run("a", val__loss=[1, 0.5, 0.2, 0.1]), run("b", "running", val__loss=[1, np.nan, 0.3])
    found = metric(compare_runs(b, a, series, CompareOptions(at="best")), "val/loss")
    assert (found.baseline, found.candidate, found.at) == (0.2, 0.3, 3)
    points = Points.of(np.array([2, 4]), np.array([1.0, 0.5]))
    assert [value_at(points, step) for step in (1, 2, 3, 4, 9)] == [None, (1, 2), (1, 2), (0.5, 4), (0.5, 4)]


def test_a_stated_direction_other_than_the_files_is_asked_of_the_curve() -> None:
    options = CompareOptions(at="best", directions={"val/loss": "max"})
    a, b = run("a", val__loss=[0.4, 0.9, 0.2]), run("b", val__loss=[0.5, 0.3, 0.1])
    found = metric(compare_runs(b, a, series, options), "val/loss")
    assert (found.baseline, found.candidate, found.at, found.direction) == (0.9, 0.5, 1, "max")


def test_the_samples_of_an_evaluation_are_taken_where_they_are_what_the_metric_is_the_mean_of() -> None:
    values = {"a": [1, 0, 1, 1, 0, 1, 1, 0, 1, 1], "b": [0, 0, 1, 0, 0, 1, 0, 0, 1, 1]}
    samples = {name: {"acc": {str(i): float(v) for i, v in enumerate(side)}} for name, side in values.items()}
    a, b = run("a", acc=0.7), run("b", acc=0.4)

    def compared(candidate: Run = b, **changed: object) -> object:
        told = {**samples, **changed}
        found = compare_runs(candidate, a, series, CompareOptions(), samples=lambda one: told[one.id])
        return metric(found, "acc")

    found = compared()
    assert (found.baseline, found.candidate, found.method) == (0.7, 0.4, "agresti-min")
    assert found.n == 10 and found.note == "over 10 samples" and "samples" in found.reason
    more = {"acc": {**samples["b"]["acc"], "10": 0.4}}
    assert "that both sides have" in compared(b=more).note
    assert compared(run("b", acc=0.5)).method is None, "the samples' mean is another"
    assert compared(b={}).method is None and compared(b={"acc": {"x": 0.4}}).method is None


def test_samples_that_all_moved_alike_or_not_at_all() -> None:
    a = np.linspace(0.1, 0.9, 16)
    alike = paired("f1", SampleValues(a, a + 0.25, all_shared=True))
    assert alike.ci is None and "by the same amount" in alike.reason
    assert (
        paired("f1", SampleValues(a, a, True)).identical
        and paired("f1", SampleValues(a > 0.5, a > 0.5, True)).identical
    )
    mixed = paired("f1", SampleValues((a > 0.5) * 1.0, a, all_shared=True))
    assert mixed.method == "paired-t" and mixed.p_value == approx(stats.ttest_rel(a, (a > 0.5) * 1.0).pvalue)
    exact = paired("acc", SampleValues(np.zeros(10), np.append(np.zeros(9), 1.0), True))
    assert exact.p_value == approx(0.5) and exact.n == 10


def test_one_number_against_seeds_is_their_prediction_interval() -> None:
    found = metric(compare_number_with_seeds({"acc": 0.5}, {"acc": A}, ("b", "a"), CompareOptions()), "acc")
    half = stats.t.ppf(0.975, 3) * np.std(A, ddof=1) * math.sqrt(5 / 4)
    assert found.ci == approx((0.5 - np.mean(A) - half, 0.5 - np.mean(A) + half)) and found.verdict == "worse"


def test_settings_are_told_as_people_see_them() -> None:
    assert [as_text(v) for v in (None, 0.1 + 0.2, [1, 2], "x")] == ["–", "0.3", "[1, 2]", "x"]
    a = tuple(run(f"a{i}", hparams={"lr": 0.1, "depth": i, "one": 1}, loss=1.0) for i in range(2))
    b = tuple(run(f"b{i}", hparams={"lr": 0.1 + 1e-12, "depth": 5, "one": i}, loss=1.0) for i in range(2))
    assert compare_runs(b, a, series, CompareOptions()).hparams == (
        ("depth", "varies", 5),
        ("one", 1, "varies"),
    )


def test_a_leaderboard_shows_what_people_compare() -> None:
    runs = [
        run(f"r{i}", hparams={"lr": i}, val__acc=0.5 + i / 10, hp_metric=1.0, lr=0.1, _runtime=5.0)
        for i in range(3)
    ]
    runs.append(run("odd", hparams={"lr": 1}, val__loss=0.5))
    table = rank_runs(runs, None, series, CompareOptions())
    assert table.metric == "val/acc" and table.metrics == ("val/acc", "val/loss")
    named = rank_runs(runs, "lr", series, CompareOptions())
    assert named.metrics[0] == "lr" and [row.rank for row in named.rows] == [1, 2, 3, None]
    assert table.rows[0].status == "finished" and table.rows[0].value == approx(0.7) and table.at == "last"


def test_what_a_group_is_called() -> None:
    assert group_name(["a"]) == "a" and group_name(["x-1", "x-12"]) == "x-1* (2 runs)"
    assert group_name(["a", "b"]) == "* (2 runs)"


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ([0.9] * 3, [0.89], "inconclusive"),
        ([0.9] * 4, [0.5], "worse"),
        ([0.9], [0.97, 0.97, 0.97], "better"),
        ([0.9] * 3, [0.88] * 4, "inconclusive"),
        ([0.71, 0.82, 0.93], [0.69, 0.80, 0.91], "inconclusive"),
        ([0.71, 0.82, 0.93], [0.61, 0.72, 0.83], "worse"),
        ([0.9] * 3, [0.9] * 4, "equivalent"),
    ],
)
def test_seeds_that_do_not_differ_tell_nothing_of_the_noise(
    a: list[float], b: list[float], verdict: str
) -> None:
    """Values of two digits, or a seed that was not used: as sure as one run a side, and no surer."""
    first, second = (
        tuple(run(f"{n}{i}", hparams={"seed": i}, acc=v) for i, v in enumerate(side))
        for n, side in (("a", a), ("b", b))
    )
    found = compare_runs(second, first, series, CompareOptions())
    assert found.verdict == verdict and (verdict == "equivalent" or "all the same" in found.reason)
    assert found.primary is not None and found.primary.p_value != 0


def test_settings_and_shares_at_their_edges() -> None:
    many = run("b", hparams={f"h{i:03}": i for i in range(600)}, acc=0.5)
    assert len(compare_runs(many, run("a", acc=0.5), series, CompareOptions()).hparams) == 500
    for a, b, units in (
        (0.5, 10, 2),
        (0.5, 9.9, 1),
        (0.2, 100, 2),
        (0.199, 100, 1),
        (0.9, 101, 1),
        (1.0, 90, 2),
    ):
        found = metric(
            compare_number_with_seeds({"acc": a}, {"acc": [b]}, ("b", "a"), CompareOptions()), "acc"
        )
        assert ("two units" in found.reason) == (units == 2), (a, b)


def test_why_no_hyperparameter_matters() -> None:
    def table(settings: list[object], values: list[float], tags: list[str] | None = None) -> RunTable:
        runs = [
            run(f"r{i}", hparams={"h": s}, acc=v, loss=1 - v)
            for i, (s, v) in enumerate(zip(settings, values, strict=True))
        ]
        return rank_runs(runs, None, series, CompareOptions(), tags=tags)

    values = np.random.default_rng(3).random(20).round(3).tolist()
    assert table(list(range(20)), values, ["loss"]).metric == "loss"
    for settings, told, reason in (
        ([1] * 20, values, "no hyperparameter differs"),
        ([f"name {i}" for i in range(20)], values, "no hyperparameter differs"),
        (list(range(20)), [0.5] * 20, "the same in every run"),
        ([round(-v, 3) for v in values], values, ""),
    ):
        found = hparam_importance(table(settings, told))
        assert reason in found.reason and bool(reason) == bool(found.reason)
        assert (found.metric, found.runs) == ("acc", 20) and (found.score is None) == (not found.hparams)
    assert found.score is not None and 0.5 < found.score < 1 and found.hparams[0][1] > 0.5
