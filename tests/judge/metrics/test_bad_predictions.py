"""Whatever the rows are: a verdict that says what is wrong, never an exception, never a misleading word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_rows import coded_text

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.predictions.comparing import compare_predictions

RNG = np.random.default_rng(1)
N = 400
TRUTH = (RNG.random(N) < 0.4).astype(np.int64)
SCORE = np.clip(0.35 * TRUTH + 0.3 + 0.2 * RNG.normal(size=N), 0.001, 0.999)


def rows(truth: Any, prediction: Any = None, score: Any = None, **more: Any) -> PredictionRows:
    scores = {} if score is None else {"score": np.asarray(score, dtype=np.float64)}
    return PredictionRows(more.pop("source", "file"), truth, prediction, scores, **more)


def compare(a: PredictionRows, b: PredictionRows, **options: Any) -> Comparison:
    return compare_predictions(a, b, CompareOptions(**options))


def metric(found: Comparison, name: str) -> MetricComparison:
    return next(one for one in found.metrics if one.name == name)


GOOD = rows(TRUTH, score=SCORE)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only(label: int) -> None:
    truth = np.full(N, label)
    found = compare(rows(truth, score=SCORE), rows(truth, score=SCORE**2), task="binary")
    assert metric(found, "roc_auc").verdict == "unknown" and "only one class" in found.reason
    assert found.verdict == "unknown"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["p_spam", "p_not_spam"], ""),
        (["p_1", "p_0"], "scores taken in label order: not_spam = p_1, spam = p_0"),
    ],
)
def test_which_score_is_of_which_class_is_by_name_or_said(names: list[str], said: str) -> None:
    words = coded_text(np.where(TRUTH == 1, "spam", "not_spam"))
    a, b = (
        PredictionRows("file", words, None, dict(zip(names, (s, 1 - s), strict=True)))
        for s in (SCORE, SCORE**2)
    )
    found = compare(a, b)
    right = metric(compare(GOOD, rows(TRUTH, score=SCORE**2)), "roc_auc").baseline
    assert right is not None
    assert metric(found, "roc_auc").baseline == pytest.approx(1 - right if said else right)
    assert [note for note in found.notes if "label order" in note] == ([said] if said else [])


def test_constant_score_is_said() -> None:
    found = compare(GOOD, rows(TRUTH, score=np.full(N, 0.5), source="flat.csv"))
    assert metric(found, "roc_auc").candidate == 0.5 and found.verdict == "worse"
    assert any("flat.csv: the score is constant" in note for note in found.notes)


def test_nan_scores_are_counted_not_dropped() -> None:
    broken = SCORE.copy()
    broken[[3, 7, 9]] = np.nan
    found = compare(GOOD, rows(TRUTH, score=broken))
    assert found.verdict == "unknown" and found.reason == "candidate: 3 of 400 scores are NaN"
    assert all(one.verdict == "unknown" for one in found.metrics)


def test_keys_that_do_not_match() -> None:
    a, b = np.arange(N), np.arange(N) + 10_000
    found = compare(rows(TRUTH, score=SCORE, key=a), rows(TRUTH, score=SCORE, key=b))
    assert found.verdict == "unknown" and not found.metrics
    assert "no key is on both sides" in found.reason and "such as 10000" in found.reason


def test_rows_are_joined_by_key_in_any_order_and_type() -> None:
    order = RNG.permutation(N)[: N - 50]
    worse = np.clip(SCORE - 0.1 * TRUTH, 0.001, 1)
    plain = compare(rows(TRUTH[order], score=SCORE[order]), rows(TRUTH[order], score=worse[order]))
    text = coded_text([str(i) for i in range(N)])
    found = compare(
        rows(TRUTH, score=SCORE, key=text), rows(TRUTH[order], score=worse[order], key=order.astype(float))
    )
    assert metric(found, "roc_auc").delta == pytest.approx(metric(plain, "roc_auc").delta)
    assert any("350 rows joined by key; only candidate: 0, only baseline: 50" in note for note in found.notes)


def test_duplicate_keys_are_refused() -> None:
    keys = np.arange(N)
    doubled = np.where(keys == 5, 4, keys)
    found = compare(rows(TRUTH, score=SCORE, key=keys), rows(TRUTH, score=SCORE, key=doubled))
    assert found.verdict == "unknown" and "1 duplicate key in the candidate" in found.reason


@pytest.mark.parametrize("n", [3, 400])
def test_a_candidate_identical_to_the_baseline_is_equivalent(n: int) -> None:
    same = rows(TRUTH[:n], prediction=(SCORE[:n] > 0.5).astype(np.int64))
    found = compare(same, same, task="binary")
    assert metric(found, "accuracy").verdict == "equivalent" == found.verdict
    assert metric(found, "accuracy").ci == (0.0, 0.0)


def test_three_rows() -> None:
    found = compare(rows(TRUTH[:3], score=SCORE[:3]), rows(TRUTH[:3], score=SCORE[:3] ** 2), task="binary")
    assert found.metrics and all(one.verdict == "unknown" for one in found.metrics)
    assert "too few rows (3" in metric(found, "accuracy").reason
    values = np.array([1.5, 2.5, 3.0])
    found = compare(rows(values, values + 1), rows(values, values - 2))
    assert found.verdict == "unknown" and "too few rows" in found.reason


def test_few_positives() -> None:
    truth = np.zeros(N, dtype=np.int64)
    truth[:4] = 1
    found = compare(rows(truth, score=SCORE), rows(truth, score=SCORE**2))
    assert "too few positives (4" in metric(found, "roc_auc").reason
    assert metric(found, "roc_auc").candidate is not None


def test_r2_below_zero_is_said_and_judged_from_the_right_side() -> None:
    truth = RNG.normal(size=N)
    bad, worse = -truth + RNG.normal(size=N), -3 * truth
    found = compare(rows(truth, bad), rows(truth, worse), primary="r2")
    assert metric(found, "r2").verdict == "worse" == found.verdict
    assert sum("below zero" in note for note in found.notes) == 2
    back = compare(rows(truth, worse), rows(truth, bad), primary="r2")
    assert back.verdict == "better"


def test_other_label_sets_are_refused() -> None:
    found = compare(
        rows(TRUTH, coded_text(np.where(SCORE > 0.5, "yes", "no"))),
        rows(TRUTH, coded_text(np.where(SCORE > 0.4, "yes", "no"))),
        task="binary",
    )
    assert (
        found.verdict == "unknown"
        and "different label sets: predictions are no, yes, the truth is 0, 1" in found.reason
    )


@pytest.mark.parametrize("task", [None, "binary"])
def test_truths_that_share_no_label_are_refused(task: str | None) -> None:
    words = coded_text(np.where(TRUTH > 0, "yes", "no"))
    found = compare(
        rows(TRUTH, (SCORE > 0.5) * 1.0),
        rows(words, coded_text(np.where(SCORE > 0.4, "yes", "no"))),
        task=task,
    )
    assert (
        found.verdict == "unknown" and "the baseline's truth is 0, 1, the candidate's no, yes" in found.reason
    )


def test_text_numbers_and_booleans_are_one_label_set() -> None:
    predicted = (SCORE > 0.5).astype(np.int64)
    forms = [predicted, predicted.astype(float), predicted == 1, coded_text(predicted.astype(str))]
    forms.append(coded_text(np.where(predicted == 1, "1.0", "0.0")))
    forms.append(coded_text(np.where(predicted == 1, "True", "False")))
    for form in forms:
        found = compare(rows(TRUTH, predicted), rows(TRUTH, form), task="binary")
        assert found.verdict == "equivalent" and found.confusion is not None
        assert found.confusion.labels == ("0", "1")


def test_a_third_label_in_a_binary_task() -> None:
    found = compare(rows(TRUTH, TRUTH), rows(TRUTH, TRUTH * 2), task="binary")
    assert found.verdict == "unknown" and "--task multiclass" in found.reason


def test_the_positive_class() -> None:
    truth = coded_text(np.where(TRUTH == 1, "churn", "stay"))
    plain = compare(rows(truth, score=1 - SCORE), rows(truth, score=1 - SCORE**2))
    chosen = compare(rows(truth, score=SCORE), rows(truth, score=SCORE**2), positive="churn")
    assert metric(plain, "roc_auc").baseline == pytest.approx(metric(chosen, "roc_auc").baseline)
    assert chosen.confusion is not None and chosen.confusion.labels == ("stay", "churn")
    gone = compare(rows(truth, score=SCORE), rows(truth, score=SCORE), positive="gone")
    assert "is not a label" in gone.reason


def test_truth_that_differs_is_never_paired() -> None:
    changed = TRUTH.copy()
    changed[:5] = 1 - changed[:5]
    found = compare(GOOD, rows(changed, score=SCORE))
    assert any("the truth differs in 5 of 400 rows" in note for note in found.notes)
    paired = compare(GOOD, rows(TRUTH, score=SCORE * 0.999))
    wide, narrow = metric(found, "log_loss").ci, metric(paired, "log_loss").ci
    assert wide is not None and narrow is not None and wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])
    assert metric(found, "log_loss").test == "welch-t"


def test_other_lengths_without_a_key_are_not_paired_and_prevalence_is_said() -> None:
    kept = np.flatnonzero((TRUTH == 1) | (np.arange(N) % 3 == 0))
    found = compare(GOOD, rows(TRUTH[kept], score=SCORE[kept]))
    assert any("not paired" in note for note in found.notes)
    assert any("positives are" in note for note in found.notes)


def test_different_thresholds_get_no_verdict_on_counts() -> None:
    found = compare(
        rows(TRUTH, (SCORE >= 0.5).astype(np.int64), SCORE),
        rows(TRUTH, (SCORE >= 0.3).astype(np.int64), SCORE**2),
    )
    assert metric(found, "f1").verdict == "unknown" and "different thresholds" in metric(found, "f1").reason
    assert metric(found, "roc_auc").verdict != "unknown"


def test_scores_that_are_no_probabilities() -> None:
    found = compare(rows(TRUTH, score=10 * SCORE - 5), rows(TRUTH, score=10 * SCORE**2 - 5))
    assert (
        metric(found, "log_loss").verdict == "unknown"
        and "not probabilities" in metric(found, "log_loss").reason
    )
    assert metric(found, "roc_auc").verdict != "unknown" and any(
        "give --threshold" in note for note in found.notes
    )
    cut = compare(rows(TRUTH, score=10 * SCORE - 5), rows(TRUTH, score=10 * SCORE**2 - 5), threshold=0.0)
    assert metric(cut, "f1").verdict != "unknown"


def test_probabilities_in_the_prediction_column_are_scores() -> None:
    plain = compare(GOOD, rows(TRUTH, score=SCORE**2))
    found = compare(rows(TRUTH, SCORE), rows(TRUTH, SCORE**2))
    assert found.task == "binary" and "the predictions are probabilities: taken as scores" in found.notes
    assert metric(found, "roc_auc").delta == metric(plain, "roc_auc").delta


def test_a_score_turned_round_is_said() -> None:
    found = compare(GOOD, rows(TRUTH, score=1 - SCORE))
    assert found.verdict == "worse" and any("inverted" in note for note in found.notes)


def test_unlabelled_rows_are_left_out() -> None:
    truth = TRUTH.astype(float)
    truth[:40] = np.nan
    found = compare(rows(truth, score=SCORE), rows(truth, score=SCORE**2), task="binary")
    assert metric(found, "roc_auc").n == N - 40 and "40 rows without a truth left out" in found.notes
    nothing = compare(rows(truth * np.nan, score=SCORE), rows(truth * np.nan, score=SCORE), task="binary")
    assert nothing.verdict == "unknown" and "no row has a truth" in nothing.reason


def test_score_columns_that_do_not_fit_the_labels() -> None:
    scores = {f"p_{i}": SCORE for i in range(4)}
    side = PredictionRows("wide.csv", np.arange(N) % 3, None, scores)
    found = compare(side, side, task="multiclass")
    assert found.verdict == "unknown" and "4 score columns for 3 labels" in found.reason


def test_a_primary_metric_that_is_not_there() -> None:
    found = compare(GOOD, rows(TRUTH, score=SCORE**2), primary="auprc_macro")
    assert found.verdict == "unknown" and "auprc_macro is not among roc_auc" in found.reason


def test_empty_files() -> None:
    empty = rows(TRUTH[:0], score=SCORE[:0])
    assert compare(empty, empty).verdict == "unknown"


COLUMN = st.one_of(
    st.lists(st.integers(-2, 3), min_size=0, max_size=40).map(lambda v: np.array(v, dtype=np.int64)),
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=40).map(
        lambda v: np.array(v, dtype=np.float64)
    ),
    st.lists(st.booleans(), max_size=40).map(lambda v: np.array(v, dtype=bool)),
    st.lists(st.sampled_from(["a", "b", "1", "True", "é"]), max_size=40).map(coded_text),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_makes_it_raise(data: Any) -> None:
    sides = []
    for _ in range(2):
        truth = data.draw(COLUMN)
        n = len(truth)
        numbers = st.lists(st.floats(allow_nan=True, width=32), min_size=n, max_size=n).map(np.array)
        score = data.draw(st.one_of(st.none(), numbers))
        prediction = data.draw(
            st.one_of(st.none(), COLUMN.filter(lambda c, n=n: len(c) == n)) if n < 3 else st.just(truth)
        )
        sides.append(rows(truth, prediction, None if score is None else np.asarray(score, dtype=np.float64)))
    task = data.draw(st.sampled_from([None, "binary", "multiclass", "regression", "forecast"]))
    found = compare(sides[0], sides[1], task=task)
    assert found.verdict in ("better", "equivalent", "worse", "inconclusive", "unknown")
    if found.verdict == "unknown":
        assert found.reason
