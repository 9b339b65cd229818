"""Few rows, or none, on which the two models disagree: that is no proof that they are as good."""

from __future__ import annotations

import numpy as np
import pytest

from runwatch.domain.comparison import CompareOptions, MetricComparison
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.predictions.comparing import compare_predictions

Pair = tuple[PredictionRows, PredictionRows]


def rows(truth: np.ndarray, prediction: np.ndarray) -> PredictionRows:
    return PredictionRows("rows", truth, prediction, {})


def recall(pair: Pair) -> MetricComparison:
    options = CompareOptions(tolerances={"recall": 0.01})
    return next(one for one in compare_predictions(*pair, options).metrics if one.name == "recall")


def worse_on_few(rng: np.random.Generator, classes: int) -> Pair:
    """300 rows, the last class has 30 of them; the candidate truly loses 5 points of its recall, and is as
    good elsewhere."""
    truth = np.repeat(np.arange(classes), [270 // (classes - 1)] * (classes - 1) + [30])
    last = truth == classes - 1
    first = np.where(rng.random(300) < 0.97, truth, (truth + 1) % classes)
    second = first.copy()
    lost = last & (rng.random(300) < 0.05)
    second[lost] = 0
    second[0] = 1 - first[0]
    return rows(truth, first), rows(truth, second)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_loss_that_few_rows_show_is_not_called_within_tolerance(classes: int) -> None:
    rng = np.random.default_rng(17)
    found = [recall(worse_on_few(rng, classes)) for _ in range(60)]
    assert np.mean([one.verdict == "equivalent" for one in found]) <= 0.05
    size = 0.05 / (1 if classes == 2 else classes)
    assert np.mean([one.ci is not None and one.ci[0] <= -size <= one.ci[1] for one in found]) >= 0.9


def test_no_disagreement_on_many_rows_is_within_tolerance() -> None:
    truth = np.repeat([0, 1], [2_000, 2_000])
    same = np.where(np.random.default_rng(1).random(4_000) < 0.9, truth, 1 - truth)
    other = same.copy()
    other[0] = 1 - other[0]
    one = recall((rows(truth, same), rows(truth, other)))
    assert one.delta == 0 and one.verdict == "equivalent"


def test_unpaired_sides_that_make_no_mistake_on_few_positives_are_not_sure() -> None:
    def side(n: int) -> PredictionRows:
        truth = np.repeat([0, 1], [n, 20])
        return rows(truth, truth)

    one = recall((side(300), side(310)))
    assert one.delta == 0 and one.verdict == "inconclusive" and one.n_needed is not None


@pytest.mark.parametrize("classes", [2, 3])
def test_where_ten_rows_of_each_class_differ_the_interval_is_that_of_the_rows(classes: int) -> None:
    truth = np.repeat(np.arange(classes), 60)
    first, second = truth.copy(), truth.copy()
    for label in range(classes):
        start = 60 * label
        first[start : start + 4] = second[start + 4 : start + 11] = (label + 1) % classes
    rng, right = np.random.default_rng(3), [(first == truth).astype(float), (second == truth).astype(float)]
    picked = rng.integers(0, len(truth), (4_000, len(truth)))
    deltas = right[1][picked].mean(axis=1) - right[0][picked].mean(axis=1)
    found = compare_predictions(rows(truth, first), rows(truth, second), CompareOptions()).metrics
    accuracy = next(one for one in found if one.name == "accuracy")
    assert accuracy.ci is not None
    assert np.allclose(accuracy.ci, np.quantile(deltas, [0.025, 0.975]), atol=0.25 * deltas.std())
