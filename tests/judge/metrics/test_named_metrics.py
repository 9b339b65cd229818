"""Metrics that are computed where they are named: F-beta, pinball loss, recall at k."""

from __future__ import annotations

from importlib import metadata
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from pytest import approx
from sklearn.metrics import fbeta_score, mean_pinball_loss

from runwatch.domain import plugins
from runwatch.domain.comparison import CompareOptions, MetricComparison
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.predictions.comparing import compare_predictions

RNG = np.random.default_rng(11)
N = 4_000
TRUTH = (RNG.random(N) < 0.2).astype(float)
GOOD = np.round(1 / (1 + np.exp(-(2.5 * TRUTH - 1.5 + RNG.normal(size=N)))), 2)
POOR = np.round(1 / (1 + np.exp(-(0.5 * TRUTH - 1.0 + RNG.normal(size=N)))), 2)


def _scored(score: np.ndarray) -> PredictionRows:
    return PredictionRows("rows.csv", TRUTH, prediction=None, scores={"score": score})


def _named(
    name: str, options: CompareOptions, rows: tuple[PredictionRows, PredictionRows]
) -> MetricComparison:
    made = compare_predictions(*rows, options)
    return next(metric for metric in made.metrics if metric.name == name)


@pytest.mark.parametrize("beta", [0.5, 2])
def test_fbeta_is_scikit_learns_and_decides_where_it_is_primary(beta: float) -> None:
    name = f"fbeta_{beta}"
    one = _named(name, CompareOptions(primary=name), (_scored(GOOD), _scored(POOR)))
    assert one.baseline == approx(fbeta_score(TRUTH, GOOD >= 0.5, beta=beta), rel=1e-12)
    assert one.primary and one.direction == "max" and one.verdict == "worse"
    assert one.ci is not None and one.ci[1] < 0 and one.method == "cell-bootstrap"


@pytest.mark.parametrize("beta", [0.5, 2])
def test_fbeta_of_several_classes_is_the_macro_mean_with_a_row_bootstraps_interval(beta: float) -> None:
    name, n = f"fbeta_{beta}", 1_500
    truth = RNG.choice(4, n, p=(0.6, 0.25, 0.1, 0.05))
    good, poor = (np.where(RNG.random(n) < right, truth, RNG.integers(0, 3, n)) for right in (0.8, 0.7))
    rows = tuple(PredictionRows("rows.csv", truth, side, {}) for side in (good, poor))
    one = _named(name, CompareOptions(primary=name), (rows[0], rows[1]))
    for side, value in ((good, one.baseline), (poor, one.candidate)):
        assert value == approx(fbeta_score(truth, side, beta=beta, average="macro"), rel=1e-12)
    draws = []
    for _ in range(300):
        picked = RNG.integers(0, n, n)
        a, b = (fbeta_score(truth[picked], s[picked], beta=beta, average="macro") for s in (good, poor))
        draws.append(b - a)
    assert one.ci is not None and one.method == "cell-bootstrap" and one.direction == "max"
    assert (one.ci[1] - one.ci[0]) / 2 / 1.96 == approx(np.std(draws), rel=0.15)


def test_recall_at_k_is_the_mean_over_the_orders_of_ties() -> None:
    one = _named("recall_at_300", CompareOptions(primary="recall_at_300"), (_scored(GOOD), _scored(POOR)))
    shuffled = []
    for _ in range(400):
        order = np.lexsort((RNG.random(N), -GOOD))
        shuffled.append(TRUTH[order[:300]].sum() / TRUTH.sum())
    assert one.baseline == approx(np.mean(shuffled), abs=4 * np.std(shuffled) / 20)
    assert one.verdict == "worse" and one.method == "group-jackknife"


def test_the_jackknifes_error_of_recall_at_k_is_a_row_bootstraps() -> None:
    one = _named("recall_at_300", CompareOptions(primary="recall_at_300"), (_scored(GOOD), _scored(POOR)))
    draws = []
    for _ in range(400):
        rows = RNG.integers(0, N, N)
        truth = TRUTH[rows]
        tops = [truth[np.argsort(-score[rows], kind="stable")[:300]].sum() for score in (GOOD, POOR)]
        draws.append((tops[1] - tops[0]) / truth.sum())
    assert one.ci is not None
    assert (one.ci[1] - one.ci[0]) / 2 / 1.96 == approx(np.std(draws), rel=0.25)


def test_recall_at_more_rows_than_there_are_says_so() -> None:
    one = _named("recall_at_5000", CompareOptions(primary="recall_at_5000"), (_scored(GOOD), _scored(POOR)))
    assert one.verdict == "unknown" and "4,000 rows" in one.reason


def test_pinball_is_scikit_learns_and_lower_is_better() -> None:
    truth = RNG.normal(size=N)
    low, high = np.full(N, -1.28), np.full(N, 0.0)
    rows = (
        PredictionRows("a.csv", truth, prediction=high, scores={}),
        PredictionRows("b.csv", truth, prediction=low, scores={}),
    )
    one = _named("pinball_0.1", CompareOptions(task="regression", primary="pinball_0.1"), rows)
    assert one.candidate == approx(mean_pinball_loss(truth, low, alpha=0.1), rel=1e-12)
    assert one.direction == "min" and one.verdict == "better" and one.method == "paired-t"


@pytest.mark.parametrize("name", ["pinball_1.5", "recall_at_2.5", "fbeta_0", "fbeta_two"])
def test_a_number_that_makes_no_sense_names_no_metric(name: str) -> None:
    made = compare_predictions(_scored(GOOD), _scored(POOR), CompareOptions(primary=name))
    assert made.verdict == "unknown" and name in made.reason


def test_nobody_who_does_not_ask_gets_them() -> None:
    made = compare_predictions(_scored(GOOD), _scored(POOR), CompareOptions(tolerances={"fbeta_2": 0.01}))
    assert [m.name for m in made.metrics if "_at_" in m.name or "beta" in m.name] == ["fbeta_2"]


def profit(truth: np.ndarray, prediction: np.ndarray, score: np.ndarray | None) -> float:
    return float((truth * prediction * 100 - prediction * 7).mean())


def broken(*_: object) -> float:
    raise ValueError("no \x1b[31mprofit")


def _install(monkeypatch: pytest.MonkeyPatch, **functions: str) -> None:
    points = [
        EntryPoint(name, f"{__name__}:{function}", "runwatch.metrics") for name, function in functions.items()
    ]
    monkeypatch.setattr(plugins, "_may_be_any", lambda path: True)
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)


PROFIT = CompareOptions(primary="profit", directions={"profit": "max"}, tolerances={"profit": 0.5})


def test_an_installed_metric_decides_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, profit="profit")
    one = _named("profit", PROFIT, (_scored(GOOD), _scored(POOR)))
    expected = [profit(TRUTH, (score >= 0.5).astype(float), None) for score in (GOOD, POOR)]
    assert (one.baseline, one.candidate) == approx(tuple(expected))
    rows = [TRUTH * (s >= 0.5) * 100 - (s >= 0.5) * 7 for s in (GOOD, POOR)]
    paired = 1.96 * np.std(rows[1] - rows[0]) / np.sqrt(N)
    assert one.ci is not None and (one.ci[1] - one.ci[0]) / 2 == approx(paired, rel=0.15)
    assert one.verdict == "worse" and one.method == "group-jackknife"


def test_an_installed_metric_that_fails_costs_its_own_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, profit="broken")
    made = compare_predictions(_scored(GOOD), _scored(POOR), PROFIT)
    one = next(metric for metric in made.metrics if metric.name == "profit")
    assert one.verdict == "unknown" and "failed" in one.reason and "\x1b" not in one.reason
    assert next(metric for metric in made.metrics if metric.name == "roc_auc").verdict == "worse"


def test_an_installed_metric_nobody_named_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, profit="broken")
    made = compare_predictions(_scored(GOOD), _scored(POOR), CompareOptions())
    assert "profit" not in [metric.name for metric in made.metrics]


def test_an_installed_metric_cannot_take_the_name_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, f1="profit")
    made = compare_predictions(_scored(GOOD), _scored(POOR), CompareOptions(primary="f1"))
    (one,) = [metric for metric in made.metrics if metric.name == "f1"]
    assert one.method == "cell-bootstrap"
