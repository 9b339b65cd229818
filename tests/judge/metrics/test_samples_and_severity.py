"""Two models on the same samples, how bad a comparison is, and which columns are groups by value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.metrics.severity import severity_of
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.grouping import MOST_VALUES, group_column
from runwatch.judge.runs.samples import FEWEST_SAMPLES, SampleValues, paired


def test_right_or_wrong_on_the_same_samples_is_agresti_and_min() -> None:
    """Half a sample in each cell: 5.5 that only the baseline has right, 15.5 that only the candidate has."""
    baseline = np.repeat([1.0, 0.0, 1.0, 0.0], [5, 15, 60, 20])
    candidate = np.repeat([0.0, 1.0, 1.0, 0.0], [5, 15, 60, 20])
    found = paired("acc", SampleValues(baseline, candidate, all_shared=True))
    shift, error = 10 / 102, math.sqrt(5.5 + 15.5 - 10**2 / 102) / 102
    assert (found.baseline, found.candidate) == (0.65, 0.75)
    assert found.ci == pytest.approx((shift - 1.96 * error, shift + 1.96 * error))
    assert found.p_value == pytest.approx(0.0266, abs=1e-4)  # mid-p of 5 among 20


def test_other_numbers_on_the_same_samples_are_a_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    baseline = rng.normal(0.5, 0.2, 12)
    candidate = baseline + rng.normal(0.05, 0.1, 12)
    found = paired("f1", SampleValues(baseline, candidate, all_shared=True))
    expected = stats.ttest_rel(candidate, baseline)
    interval = expected.confidence_interval()
    assert found.ci == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_too_few_samples_are_unknown() -> None:
    few = np.zeros(FEWEST_SAMPLES - 1)
    found = paired("acc", SampleValues(few, few + 1, all_shared=False))
    assert found.ci is None and f"{FEWEST_SAMPLES} are needed" in found.reason


@pytest.mark.parametrize(
    ("primary", "method", "severity"),
    [
        (True, "delong", "critical"),
        (True, "curve-mad", "warning"),
        (True, None, "warning"),
        (False, "delong", "warning"),
    ],
)
def test_only_a_primary_metric_of_known_noise_is_critical(
    primary: bool, method: str | None, severity: str
) -> None:
    metric = MetricComparison("auc", "max", 0.9, 0.8, -0.1, "worse", "", primary=primary, method=method)
    assert severity_of(Comparison("b", "a", "worse", "", (metric,))) == severity


def test_whole_numbers_of_few_values_are_groups_and_of_more_are_cut_into_deciles() -> None:
    few = group_column("age", np.arange(400) % MOST_VALUES)
    assert set(few.labels) == {f"age = {i}" for i in range(MOST_VALUES)}
    many = group_column("age", np.arange(420) % (MOST_VALUES + 1))
    assert not any(label.startswith("age = ") for label in many.labels)


def test_predictions_from_0_to_1_are_scores() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 400)
    scores = np.clip(truth + rng.normal(0, 0.4, 400), 0, 1)
    assert scores.min() == 0 and scores.max() == 1
    rows = PredictionRows("f", truth, scores, {})
    found = compare_predictions(rows, rows, CompareOptions())
    assert found.task == "binary" and "the predictions are probabilities: taken as scores" in found.notes
