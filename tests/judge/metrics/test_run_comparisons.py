from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest import approx

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison
from runwatch.domain.directions import direction_of
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.points import Points
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.judge.runs.comparing import compare_numbers, compare_runs
from runwatch.judge.runs.hparam_importance import hparam_importance
from runwatch.judge.runs.ranking import rank_runs
from runwatch.judge.runs.values import ONE_RUN, TWO_NUMBERS

CURVES: dict[tuple[RunKey, str], Points] = {}


def series(key: RunKey, tag: str) -> Points:
    return CURVES[key, tag]


def run(id: str, status: str = "finished", hparams: dict[str, object] | None = None, **curves: Any) -> Run:
    """A run with curves (one value a step from 1) under tags with ``__`` for ``/``."""
    metrics = {}
    key = RunKey("/root", id)
    for name, values in curves.items():
        tag, y = name.replace("__", "/"), np.atleast_1d(np.asarray(values, dtype=np.float64))
        direction = direction_of(tag)
        CURVES[key, tag] = Points.of(np.arange(1, len(y) + 1), y)
        best = None if direction is None else int(np.nanargmax(y) if direction == "max" else np.nanargmin(y))
        at, top = (None, None) if best is None else (best + 1, float(y[best]))
        low, high = float(np.nanmin(y)), float(np.nanmax(y))
        metrics[tag] = Metric(tag, float(y[-1]), len(y), None, top, at, low, high, len(y), direction, "csv")
    return with_main_metric(
        Run("/root", id, ("csv",), status, "", None, None, 1, None, metrics, hparams or {})
    )  # type: ignore[arg-type]


def metric(comparison: Comparison, name: str) -> MetricComparison:
    return next(one for one in comparison.metrics if one.name == name)


def test_one_run_a_side_is_better_or_worse_only_past_five_tolerances() -> None:
    baseline = run("base", val__accuracy=0.80, val__loss=0.50)
    for candidate, verdict in (
        (0.76, "inconclusive"),
        (0.74, "worse"),
        (0.84, "inconclusive"),
        (0.86, "better"),
    ):
        found = compare_runs(run("cand", val__accuracy=candidate), baseline, series, CompareOptions())
        assert found.verdict == verdict
        assert ONE_RUN in found.reason
    assert found.primary is not None and found.primary.ci is None and found.primary.tolerance == approx(0.01)


def test_two_seeds_are_too_few_and_are_not_called_one_run() -> None:
    pair = (run("a1", val__accuracy=0.80), run("a2", val__accuracy=0.81))
    found = compare_runs(run("cand", val__accuracy=0.70), pair, series, CompareOptions())
    assert found.verdict == "worse" and "two seeds against one run" in found.reason


def test_noise_within_the_curves_is_said_and_can_only_hold_back() -> None:
    rng = np.random.default_rng(3)
    noisy = [0.5 + 0.3 * rng.normal(size=200) for _ in range(2)]
    noisy[0][-1], noisy[1][-1] = 0.5, 0.9
    found = compare_runs(
        run("c", loss=noisy[1]), run("b", loss=noisy[0]), series, CompareOptions(), detail=True
    )
    loss = metric(found, "loss")
    assert loss.verdict == "inconclusive" and "within the noise" in loss.reason
    assert loss.method == "curve-mad" and loss.ci is not None and "not between seeds" in loss.note
    assert loss.ci[0] < 0 < loss.ci[1]


def test_series_are_not_asked_for_when_summaries_will_do() -> None:
    def never(key: RunKey, tag: str) -> Points:
        raise AssertionError(tag)

    found = compare_runs(run("c", loss=[2, 1.0]), run("b", loss=[2, 1.01]), never, CompareOptions())
    assert found.verdict == "inconclusive"


def test_a_running_run_is_compared_at_the_greatest_common_step() -> None:
    baseline = run("base", loss=np.linspace(1.0, 0.1, 100))
    candidate = run("cand", status="running", loss=np.linspace(1.0, 0.55, 51))
    found = metric(compare_runs(candidate, baseline, series, CompareOptions()), "loss")
    assert found.at == 51 and found.baseline == approx(CURVES[baseline.key, "loss"].values[50])
    finished = metric(
        compare_runs(run("cand", loss=np.linspace(1, 0.55, 51)), baseline, series, CompareOptions()), "loss"
    )
    assert finished.baseline == approx(0.1) and "baseline at step 100" in finished.note


def test_best_instead_of_last() -> None:
    baseline, candidate = run("b", val__loss=[1, 0.2, 0.9]), run("c", val__loss=[1, 0.1, 2.0])
    found = metric(compare_runs(candidate, baseline, series, CompareOptions(at="best")), "val/loss")
    assert (found.candidate, found.baseline, found.at, found.verdict) == (0.1, 0.2, 2, "better")
    assert compare_runs(candidate, baseline, series, CompareOptions()).verdict == "worse"


def test_a_band_of_seeds_judges_one_candidate() -> None:
    seeds = tuple(run(f"seed-{i}", val__auc=value) for i, value in enumerate((0.90, 0.91, 0.905, 0.908)))
    worse = compare_runs(run("cand", val__auc=0.85), seeds, series, CompareOptions())
    assert worse.verdict == "worse" and worse.primary is not None and worse.primary.method == "seeds-t"
    assert worse.baseline == "seed-* (4 runs)"
    within = compare_runs(run("cand", val__auc=0.906), seeds, series, CompareOptions(tolerance=0.02))
    assert within.verdict == "equivalent"
    unsure = compare_runs(run("cand", val__auc=0.898), seeds, series, CompareOptions(tolerance=0.005))
    assert unsure.verdict == "inconclusive" and unsure.primary is not None and unsure.primary.n_needed
    assert "seeds" in unsure.reason


def test_groups_are_welch_or_matched_by_seed() -> None:
    values = (0.70, 0.75, 0.80, 0.85)
    a = tuple(run(f"a{i}", hparams={"seed": i}, acc=v) for i, v in enumerate(values))
    b = tuple(
        run(f"b{i}", hparams={"seed": 3 - i}, acc=v - 0.03 - 0.001 * i)
        for i, v in enumerate(reversed(values))
    )
    found = compare_runs(b, a, series, CompareOptions()).primary
    assert found is not None and (found.method, found.verdict) == ("paired-t", "worse")
    apart = tuple(run(f"c{i}", acc=v - 0.03) for i, v in enumerate(values))
    found = compare_runs(apart, a, series, CompareOptions()).primary
    assert found is not None and (found.method, found.verdict) == ("welch-t", "inconclusive")


def test_several_tasks_get_an_interquartile_mean() -> None:
    rng = np.random.default_rng(5)

    def seed(name: str, shift: float) -> tuple[Run, ...]:
        return tuple(
            run(
                f"{name}{i}",
                **{
                    f"task_{t}__accuracy": 0.6 + 0.1 * j + shift + 0.005 * rng.normal()
                    for j, t in enumerate("xyz")
                },
            )
            for i in range(5)
        )

    found = compare_runs(seed("b", -0.05), seed("a", 0.0), series, CompareOptions())
    one = next(m for m in found.metrics if "interquartile" in m.name)
    assert one.verdict == "worse" and one.delta == approx(-0.05, abs=0.01) and "probability 0.0" in one.note


@pytest.mark.parametrize(("value", "word"), [(np.nan, "nan"), (np.inf, "infinite")])
def test_a_value_that_is_not_finite_is_unknown(value: float, word: str) -> None:
    found = compare_runs(run("c", loss=[1.0, value]), run("b", loss=[1.0, 0.5]), series, CompareOptions())
    assert found.verdict == "unknown" and f"candidate is {word}" in found.reason


def test_placeholders_are_left_out_and_only_quality_with_a_direction_is_judged() -> None:
    baseline = run("b", loss=1.0, hp_metric=-1.0, lr=0.1, tokens_per_second=100.0, _runtime=5.0)
    candidate = run("c", loss=1.0, hp_metric=0.0, lr=0.9, tokens_per_second=10.0, _runtime=9.0)
    found = compare_runs(candidate, baseline, series, CompareOptions())
    assert {one.name for one in found.metrics} == {"loss", "lr", "tokens_per_second"}
    assert metric(found, "lr").verdict == metric(found, "tokens_per_second").verdict == "unknown"
    asked = CompareOptions(tolerances={"tokens_per_second": 1.0})
    assert metric(compare_runs(candidate, baseline, series, asked), "tokens_per_second").verdict == "worse"


def test_the_primary_metric() -> None:
    a = run("a", val__loss=1.0, val__f1_macro=0.5, train__accuracy=0.5, test__accuracy=0.5)
    b = run("b", val__loss=1.0, val__f1_macro=0.5, train__accuracy=0.5, test__accuracy=0.5)

    def chosen(options: CompareOptions, candidate: Run = b) -> str:
        found = compare_runs(candidate, a, series, options)
        return found.primary.name if found.primary else found.reason

    assert chosen(CompareOptions()) == "val/f1_macro"
    assert chosen(CompareOptions(primary="test/accuracy")) == "test/accuracy"
    assert "val/auc is not on both sides" in chosen(CompareOptions(primary="val/auc"))
    watched = run("w", hparams={"metric_for_best_model": "loss"}, val__loss=1.0, val__f1_macro=0.5)
    assert chosen(CompareOptions(), watched) == "val/loss"


def test_hyperparameters_that_differ_are_listed() -> None:
    a = run("a", hparams={"lr": 0.1, "model": {"depth": 3, "kind": "mlp"}, "seed": 1}, loss=1.0)
    b = run(
        "b", hparams={"lr": 0.01, "model": {"depth": 3, "kind": "mlp"}, "new\x1b": 1, "seed": 1}, loss=1.0
    )
    found = compare_runs(b, a, series, CompareOptions())
    assert found.hparams == (("lr", 0.1, 0.01), ("new␛", None, 1))


def test_a_run_against_itself_and_nothing_in_common() -> None:
    a = run("a", loss=1.0)
    assert compare_runs(a, a, series, CompareOptions()).verdict == "equivalent"
    nothing = compare_runs(run("b", accuracy=1.0), a, series, CompareOptions())
    assert nothing.verdict == "unknown" and "no metric is on both sides" in nothing.reason


def test_bare_numbers() -> None:
    names = ("cand.json", "base.json")
    baseline = {"accuracy": 0.9, "loss": 0.3, "n": 5.0}
    found = compare_numbers(
        {"accuracy": 0.91, "loss": 0.5, "n": 9.0}, baseline, names, CompareOptions(), TWO_NUMBERS
    )
    assert found.verdict == "inconclusive" and TWO_NUMBERS in found.reason
    assert metric(found, "loss").verdict == "worse" and metric(found, "n").verdict == "unknown"


def test_runs_are_ranked_and_settings_that_differ_come_first() -> None:
    runs = [
        run("a", hparams={"depth": 3, "lr": 0.1}, val__acc=[0.9, 0.5]),
        run("b", hparams={"depth": 3, "lr": 0.2}, val__acc=[0.6, 0.7]),
        run("c", hparams={"depth": 3}, val__acc=[0.1, np.nan]),
        run("d", hparams={"depth": 3}, loss=1.0),
    ]
    table = rank_runs(runs, "val/acc", series, CompareOptions())
    assert [(row.key.id, row.rank) for row in table.rows] == [("b", 1), ("a", 2), ("c", None), ("d", None)]
    assert table.hparams == ("lr", "depth") and table.differing == 1 and table.rows[3].hparams == (None, 3)
    best = rank_runs(runs, "val/acc", series, CompareOptions(at="best"))
    assert [row.key.id for row in best.rows][:2] == ["a", "b"] and best.rows[0].step == 1
    early = rank_runs(runs, None, series, CompareOptions(), step=1)
    assert early.metric == "val/acc" and [row.value for row in early.rows] == [0.9, 0.6, 0.1, None]


def test_what_matters_finds_the_hyperparameter_that_does() -> None:
    rng = np.random.default_rng(11)
    runs = []
    for i in range(40):
        lr, depth, note = 10 ** rng.uniform(-4, -1), int(rng.integers(1, 6)), f"run {i}"
        accuracy = 0.9 - 0.1 * (np.log10(lr) + 2.5) ** 2 + 0.01 * rng.normal()
        runs.append(run(f"r{i}", hparams={"lr": float(lr), "depth": depth, "note": note}, acc=accuracy))
    found = hparam_importance(rank_runs(runs, "acc", series, CompareOptions()))
    assert found.hparams[0][0] == "lr" and found.score is not None and found.score > 0.5
    (_, lr, spread), (other, depth, _) = found.hparams
    assert lr - spread > depth and other == "depth"
    assert "20 are needed" in hparam_importance(rank_runs(runs[:5], "acc", series, CompareOptions())).reason


@pytest.mark.parametrize(
    ("name", "verdict"), [("accuracy", "unknown"), ("val/f1", "unknown"), ("loss", "worse")]
)
def test_a_fraction_is_not_compared_with_a_percentage(name: str, verdict: str) -> None:
    found = compare_numbers({name: 90.5}, {name: 0.91}, ("b", "a"), CompareOptions(), TWO_NUMBERS)
    (one,) = found.metrics
    assert one.verdict == verdict and ("two units" in one.reason) == (verdict == "unknown")


def test_spellings_of_one_metric_join_within_a_group_and_on_the_leaderboard() -> None:
    spelled = ("val__auc", "val_auc", "eval_auc")
    baseline = tuple(run(f"a{i}", **{name: 0.80 + 0.001 * i}) for i, name in enumerate(spelled))
    candidate = tuple(run(f"b{i}", **{name: 0.90 + 0.001 * i}) for i, name in enumerate(spelled))
    (found,) = compare_runs(candidate, baseline, series, CompareOptions()).metrics
    assert found.baseline == approx(0.801) and found.candidate == approx(0.901)
    table = rank_runs((*baseline, *candidate), None, series, CompareOptions())
    assert table.metrics == ("val/auc",) and [row.rank for row in table.rows] == [1, 2, 3, 4, 5, 6]
    assert table.rows[0].value == approx(0.902)


def test_who_is_left_out_is_said() -> None:
    baseline = (*(run(f"a{i}", val_auc=0.80 + 0.001 * i) for i in range(3)), run("a3", val_loss=0.1))
    candidate = tuple(run(f"b{i}", val_auc=0.90 + 0.001 * i) for i in range(3))
    found = metric(compare_runs(candidate, baseline, series, CompareOptions()), "val_auc")
    assert "1 baseline run(s) without a finite value left out" in f"{found.note} {found.reason}"


def test_a_run_that_was_cut_short_is_compared_at_its_step() -> None:
    whole, short = np.linspace(0.5, 0.9, 9), np.linspace(0.5, 0.9, 9)[:4] + 0.02
    for status in ("crashed", "stalled", "running"):
        found = metric(
            compare_runs(run("b", status, val_auc=short), run("a", val_auc=whole), series, CompareOptions()),
            "val_auc",
        )
        assert found.baseline == approx(whole[3]) and found.candidate == approx(short[3])
