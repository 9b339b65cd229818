"""Agreement with R (pROC, forecast), scipy, statsmodels and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest import approx
from scipy import special, stats
from scipy.signal import lfilter

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.metrics.mcnemar import mcnemar_p
from runwatch.judge.predictions.calibration import wilson
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.influence import diebold_mariano_se, long_run_se

CLOSED = 1e-8
RENAMED = {"medae": "median_absolute_error"}
COUNTS = {"n", "tp", "fp", "fn", "tn", "accuracy_wilson95"}


def by_name(comparison: Comparison) -> dict[str, MetricComparison]:
    return {metric.name: metric for metric in comparison.metrics}


def point(only_a: int, only_b: int) -> float:
    """The probability of the counts themselves, which a mid-p leaves out."""
    return float(stats.binom.pmf(only_a, only_a + only_b, 0.5))


def agrees_with_bootstrap(metric: MetricComparison, wanted: dict[str, float]) -> None:
    assert metric.ci is not None
    low, high = metric.ci
    assert low == approx(wanted["lo"], abs=0.25 * wanted["se"])
    assert high == approx(wanted["hi"], abs=0.25 * wanted["se"])


@pytest.mark.parametrize("case", ["binary_breast_cancer", "binary_ties"])
def test_binary_agrees(case: str, sides: Any, expected: Any) -> None:
    wanted, found = expected(case), by_name(compare_predictions(*sides(case), CompareOptions(task="binary")))
    for who, key in (("baseline", "scikit_learn_a"), ("candidate", "scikit_learn_b")):
        for name, value in wanted[key].items():
            if name not in COUNTS:
                assert getattr(found[name], who) == approx(value, rel=CLOSED), name
    delong, auc = wanted["r_pROC_delong_b_minus_a"], found["roc_auc"]
    assert auc.ci == (approx(delong["ci_lo"], rel=CLOSED), approx(delong["ci_hi"], rel=CLOSED))
    assert (auc.p_value, auc.method, auc.test) == (approx(delong["p"], rel=CLOSED), "delong", "delong")
    for name, student in wanted["paired_t_b_minus_a"].items():
        assert found[name].delta == approx(student["diff"], rel=CLOSED)
        assert found[name].p_value == approx(student["p"], rel=CLOSED)
        assert found[name].ci == (approx(student["lo"], rel=CLOSED), approx(student["hi"], rel=CLOSED))
    for who, letter in (("baseline", "a"), ("candidate", "b")):
        assert getattr(found["ece"], who) == approx(delong[f"ece15_{letter}"], rel=CLOSED)
    for name, interval in wanted["scipy_paired_bootstrap_b_minus_a"].items():
        agrees_with_bootstrap(found[name.removesuffix("_percentile")], interval)
    (_, only_a), (only_b, _) = wanted["mcnemar_statsmodels"]["table_rows_a_right_wrong_cols_b"]
    exact = wanted["mcnemar_statsmodels"]["exact_p"]
    assert mcnemar_p(only_a, only_b) == approx(exact - point(only_a, only_b), rel=CLOSED)
    assert found["accuracy"].test == "mcnemar-midp" and found["accuracy"].p_value == mcnemar_p(only_a, only_b)


def test_confusion_and_wilson_agree(sides: Any, expected: Any) -> None:
    comparison = compare_predictions(*sides("binary_ties"), CompareOptions(task="binary"))
    wanted = expected("binary_ties")["scikit_learn_b"]
    assert comparison.confusion is not None
    table = ((wanted["tn"], wanted["fp"]), (wanted["fn"], wanted["tp"]))
    assert comparison.confusion.candidate == table and comparison.confusion.labels == ("0", "1")
    low, high = wanted["accuracy_wilson95"]
    assert wilson(wanted["tp"] + wanted["tn"], wanted["n"]) == (
        approx(low, rel=CLOSED),
        approx(high, rel=CLOSED),
    )


def test_slices_agree(sides: Any, expected: Any) -> None:
    baseline, candidate = sides("binary_breast_cancer")
    plain = [
        type(side)(side.source, side.truth, side.prediction, {}, columns=side.columns)
        for side in (baseline, candidate)
    ]
    comparison = compare_predictions(*plain, CompareOptions(task="binary"))
    found = {part.slice.removeprefix("slice = "): part for part in comparison.slices}
    wanted = expected("binary_breast_cancer")["slices"]
    assert found.keys() == wanted.keys()
    for name, part in wanted.items():
        assert (found[name].n, found[name].metric) == (part["n"], "accuracy")
        assert found[name].baseline == approx(part["accuracy_a"], rel=CLOSED)
        assert found[name].candidate == approx(part["accuracy_b"], rel=CLOSED)
        share = (part["only_a_right"] - part["only_b_right"]) / len(baseline)
        assert found[name].contribution == approx(share, rel=CLOSED)


def test_multiclass_agrees(sides: Any, expected: Any) -> None:
    wanted = expected("multiclass_digits")
    comparison = compare_predictions(*sides("multiclass_digits"), CompareOptions(task="multiclass"))
    found = by_name(comparison)
    for who, key in (("baseline", "scikit_learn_a"), ("candidate", "scikit_learn_b")):
        for name in ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "cohen_kappa"):
            assert getattr(found[name], who) == approx(wanted[key][name], rel=CLOSED), name
        recalls = np.mean(wanted[key]["per_class_recall"])
        assert getattr(found["recall"], who) == approx(recalls, rel=CLOSED)
        assert getattr(found["precision"], who) == approx(
            np.mean(wanted[key]["per_class_precision"]), rel=CLOSED
        )
    for name in ("f1_macro", "accuracy"):
        agrees_with_bootstrap(found[name], wanted["scipy_paired_bootstrap_b_minus_a"][f"{name}_percentile"])
    assert found["accuracy"].p_value == approx(mcnemar_p(12, 222)) and comparison.verdict == "better"
    exact = wanted["mcnemar_statsmodels"]["exact_p"]
    assert mcnemar_p(12, 222) == approx(exact - point(12, 222), rel=CLOSED)


@pytest.mark.parametrize(
    ("case", "task"), [("regression_diabetes", "regression"), ("forecast_nile", "forecast")]
)
def test_regression_agrees(case: str, task: str, sides: Any, expected: Any) -> None:
    wanted, found = expected(case), by_name(compare_predictions(*sides(case), CompareOptions(task=task)))
    for who, key in (("baseline", "scikit_learn_a"), ("candidate", "scikit_learn_b")):
        for name, value in wanted[key].items():
            if name != "max_error":
                assert getattr(found[RENAMED.get(name, name)], who) == approx(value, rel=CLOSED), name
    for name, short in (("mse", "sq"), ("mae", "abs")):
        assert found[name].delta == approx(wanted["r"][f"{short}_diff"], rel=CLOSED)
        assert found[name].p_value == approx(wanted["r"][f"{short}_p"], rel=CLOSED)
        assert found[name].ci == (
            approx(wanted["r"][f"{short}_lo"], rel=CLOSED),
            approx(wanted["r"][f"{short}_hi"], rel=CLOSED),
        )
    for name, interval in wanted["scipy_paired_bootstrap_b_minus_a"].items():
        short = name.removesuffix("_percentile")
        agrees_with_bootstrap(found[RENAMED.get(short, short)], interval)


@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_diebold_mariano_agrees(horizon: int, sides: Any, expected: Any) -> None:
    wanted = expected("forecast_nile")["r"]
    baseline, candidate = sides("forecast_nile")
    found = by_name(compare_predictions(baseline, candidate, CompareOptions(horizon=horizon)))
    for name, power in (("mae", 1), ("mse", 2)):
        metric = found[name]
        lost = [np.abs(side.prediction - side.truth) ** power for side in (baseline, candidate)]
        rows = lost[1] - lost[0]
        se, _ = diebold_mariano_se(rows, horizon)
        p = 2 * special.stdtr(len(rows) - 1, -abs(rows.mean() / se))
        assert p == approx(wanted[f"dm_h{horizon}_power{power}_p"], rel=CLOSED)
        assert metric.method == "diebold-mariano"
        if horizon == 1:
            assert metric.test == "diebold-mariano" and metric.p_value == approx(p, rel=CLOSED)
        else:
            assert metric.test == "diebold-mariano-ewc" and "autocorrelated" in metric.note


def test_the_long_run_variance_is_the_mean_of_squared_cosines() -> None:
    from scipy import fft

    rng = np.random.default_rng(1)
    for width, terms in ((2, 13), (6, 9)):
        rows = np.convolve(rng.normal(size=199 + width), np.ones(width), "valid")
        se, df = long_run_se(rows, 1)
        weights = fft.dct(rows - rows.mean(), type=2, norm="ortho")[1 : df + 1]
        assert df == terms and se == approx(np.sqrt(np.mean(weights**2) / 200), rel=CLOSED)
        assert long_run_se(rows, 12)[1] == min(terms, 8)


def test_equal_forecasts_whose_errors_resemble_their_neighbours_do_not_differ() -> None:
    names = ("mae", "mse", "median_absolute_error")
    called = dict.fromkeys(names, 0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth, *errors = (lfilter([1], [1, -0.9], rng.normal(size=400))[100:] for _ in range(3))
        sides = (PredictionRows("a", truth, truth + error, {}) for error in errors)
        found = by_name(compare_predictions(*sides, CompareOptions(task="forecast", horizon=1)))
        for name in names:
            called[name] += (found[name].p_value or 1.0) < 0.05
    assert max(called.values()) <= 8, called


def test_non_inferiority_is_the_one_sided_bound(sides: Any, expected: Any) -> None:
    wanted = expected("regression_diabetes")["non_inferiority_mae"]
    mae = by_name(compare_predictions(*sides("regression_diabetes"), CompareOptions()))["mae"]
    assert mae.ci is not None and mae.delta is not None
    se = (mae.ci[1] - mae.ci[0]) / 2 / stats.t.ppf(0.975, 441)
    assert (mae.delta - wanted["margin"]) / se == approx(wanted["t"], rel=CLOSED)
