"""Laws of comparing predictions, and numbers of scipy and scikit-learn that no fixture holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from metric_rows import coded_text
from msgspec.structs import replace
from pytest import approx
from scipy import stats
from sklearn import metrics as sk

from runwatch.domain.comparison import CompareOptions, Comparison, Costs, MetricComparison
from runwatch.domain.predictions import Coded, Column, PredictionRows
from runwatch.judge.predictions.aligning import align
from runwatch.judge.predictions.calibration import calibrate, wilson
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.grouping import group_column
from runwatch.judge.predictions.influence import autocorrelated, diebold_mariano_se
from runwatch.judge.predictions.jackknife import jackknife
from runwatch.judge.predictions.labels import coded, number_label, same_values
from runwatch.judge.predictions.methods.counts import unseen_rows
from runwatch.judge.predictions.methods.ranking import components
from runwatch.judge.predictions.sample import FEW, Sample, Side
from runwatch.judge.predictions.thresholds import operating_threshold

N = 360
UNIT = np.arange(N) // 3


def rows(truth: Any, prediction: Any = None, score: Any = None, **more: Any) -> PredictionRows:
    scores = (
        score if isinstance(score, dict) else {} if score is None else {"score": np.asarray(score, float)}
    )
    return PredictionRows("file", truth, prediction, scores, **more)


def side(task: str, seed: int, n: int = N, unit: Column | None = None, truth_of: int = 0) -> PredictionRows:
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(truth_of).integers(0, 3 if task == "multiclass" else 2, n)
    if task in ("regression", "forecast"):
        values = np.random.default_rng(truth_of).normal(10, 2, n)
        return rows(values, values + rng.normal(0.1 * seed, 1 + seed / 9, n), group=unit)
    if task == "binary":
        score = np.clip(0.5 + 0.15 * (truth - 0.5) * (3 - seed) + 0.2 * rng.normal(size=n), 0.01, 0.99)
        return rows(truth, (score >= 0.5).astype(np.int64), np.round(score, 2), group=unit)
    chances = rng.dirichlet(np.ones(3), n) + (0.5 + 0.5 * seed) * np.eye(3)[truth]
    chances /= chances.sum(axis=1, keepdims=True)
    return rows(truth, chances.argmax(axis=1), {f"p_{k}": chances[:, k] for k in range(3)}, group=unit)


def compare(a: PredictionRows, b: PredictionRows, **options: Any) -> Comparison:
    return compare_predictions(a, b, CompareOptions(**options))


def metric(found: Comparison, name: str) -> MetricComparison:
    return next(one for one in found.metrics if one.name == name)


@pytest.mark.parametrize("design", ["paired", "units", "unpaired", "unpaired units"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "forecast"])
def test_sides_that_change_places_turn_every_interval_round(task: str, design: str) -> None:
    unit = UNIT if "units" in design else None
    other = 7 if "unpaired" in design else 0
    if task == "forecast" and other:
        assert "same moments" in compare(side(task, 1), side(task, 2, truth_of=7), task=task).reason
        return
    a, b = side(task, 1, unit=unit), side(task, 2, unit=unit, truth_of=other)
    asked = {"fbeta_2": 0.01, "recall_at_50": 0.01, "pinball_0.9": 0.01}
    there, back = (
        compare(*pair, task=task, costs=Costs(fp=1, fn=3), tolerances=asked) for pair in ((a, b), (b, a))
    )
    directions = {one.name: one.direction for one in there.metrics if one.name in {*asked, "cost"}}
    assert directions == {
        "binary": {"fbeta_2": "max", "recall_at_50": "max", "cost": "min"},
        "multiclass": {"fbeta_2": "max"},
    }.get(task, {"pinball_0.9": "min"})
    assert len(there.metrics) >= 6 and there.unit == ("group" if unit is not None else "row")
    for one, turned in zip(there.metrics, back.metrics, strict=True):
        assert one.ci is not None and turned.ci is not None, (one.name, one.reason)
        assert (one.name, one.method, one.test, one.n) == (turned.name, turned.method, turned.test, turned.n)
        assert one.n == (N // 3 if unit is not None else N)
        assert one.delta == approx(-turned.delta) and one.ci[0] <= one.delta <= one.ci[1], one.name
        width = one.ci[1] - one.ci[0]
        drawn = one.name == "ece" or (one.method or "").endswith(("bootstrap", "jackknife"))
        slack = (0.3 if "jackknife" in (one.method or "") else 0.12) * width if drawn else 1e-9
        assert one.ci == approx((-turned.ci[1], -turned.ci[0]), abs=slack), one.name
        assert one.p_value == approx(turned.p_value, abs=0.1 if drawn else 1e-12), one.name
        surely = one.ci[0] > 0 or one.ci[1] < 0
        assert one.p_value is not None and (one.p_value < 0.15 if surely else one.p_value > 0.01), one.name


def test_losses_are_students_t_paired_by_unit_or_welchs() -> None:
    a, b, other = side("regression", 1), side("regression", 2), side("regression", 2, truth_of=7)
    lost = [np.abs(one.truth - one.prediction) for one in (a, b, other)]
    for found, expected in (
        (compare(a, b), stats.ttest_rel(lost[1], lost[0])),
        (compare(a, other), stats.ttest_ind(lost[2], lost[0], equal_var=False)),
        (
            compare(side("regression", 1, unit=UNIT), side("regression", 2, unit=UNIT)),
            stats.ttest_rel(*(one.reshape(-1, 3).mean(axis=1) for one in (lost[1], lost[0]))),
        ),
    ):
        one, interval = metric(found, "mae"), expected.confidence_interval()
        assert one.p_value == approx(expected.pvalue) and one.ci == approx((interval.low, interval.high))


def test_delongs_components_are_the_placements() -> None:
    rng = np.random.default_rng(3)
    positive, score = rng.random(80) < 0.4, np.round(rng.random(80), 1)
    wins = (score[positive][:, None] > score[~positive]) + 0.5 * (
        score[positive][:, None] == score[~positive]
    )
    found = components(positive, score)
    assert found.v10 == approx(wins.mean(axis=1)) and found.v01 == approx(wins.mean(axis=0))
    assert found.auc == approx(sk.roc_auc_score(positive, score))
    a, b = side("binary", 1), side("binary", 2, truth_of=7)
    half = 0.0
    for one in (a, b):
        part = components(one.truth == 1, one.scores["score"])
        half += part.v10.var(ddof=1) / len(part.v10) + part.v01.var(ddof=1) / len(part.v01)
    auc = metric(compare(a, b), "roc_auc")
    assert auc.ci == approx((auc.delta - 1.959964 * half**0.5, auc.delta + 1.959964 * half**0.5))


def test_metrics_of_several_classes_and_of_scores_are_scikit_learns() -> None:
    a, b = side("multiclass", 1), side("multiclass", 2)
    found = compare(a, b)
    scores = np.column_stack(list(b.scores.values()))
    for name, expected in (
        ("roc_auc", sk.roc_auc_score(b.truth, scores, multi_class="ovr")),
        ("log_loss", sk.log_loss(b.truth, scores)),
        ("brier", np.square(scores - np.eye(3)[b.truth]).sum(axis=1).mean()),
        ("cohen_kappa", sk.cohen_kappa_score(b.truth, b.prediction)),
        ("mcc", sk.matthews_corrcoef(b.truth, b.prediction)),
    ):
        assert metric(found, name).candidate == approx(expected), name
    absent = rows(np.append(a.truth, 0), np.append(a.prediction, 4))
    one = compare(absent, absent)
    with pytest.warns(sk.exceptions.UndefinedMetricWarning if hasattr(sk, "exceptions") else UserWarning):
        expected = sk.recall_score(absent.truth, absent.prediction, average="macro")
    assert metric(one, "recall").baseline == approx(expected)
    truth = np.array([1.0, 2, 4, 8] * 5)
    mape = compare(rows(truth, truth * 1.1), rows(truth, truth * 0.8))
    assert metric(mape, "mape").baseline == approx(0.1) and metric(mape, "mape").candidate == approx(0.2)
    assert metric(mape, "median_absolute_error").candidate == approx(0.6) and "constant" in (
        metric(compare(rows(truth * 0 + 0.5, truth), rows(truth * 0 + 0.5, truth + 1)), "r2").reason
    )


def test_a_jackknife_of_a_mean_has_the_means_error() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(2, 400))
    for unit, paired in ((None, True), (None, False), (np.arange(400) // 2, True)):
        sides = [Side(np.zeros(400), None, None, unit) for _ in range(2)]
        sample = Sample("regression", *sides, (), paired)

        def left(which: int, blocks: np.ndarray, count: int) -> np.ndarray:
            return np.array([values[which][blocks != block].mean() for block in range(count)])

        found = jackknife("m", sample, (0.0, 0.0), left)
        assert found.se == approx(math.sqrt(2 / 400), rel=0.12) and found.n == (400 if unit is None else 200)
    few = Sample(
        "regression", *(Side(np.zeros(400), None, None, np.arange(400) // 20) for _ in range(2)), (), True
    )
    assert jackknife("m", few, (0.0, 0.0), left).ci == approx(
        tuple(k * stats.t.ppf(0.975, 19) * jackknife("m", few, (0.0, 0.0), left).se for k in (-1, 1))
    )


@pytest.mark.parametrize(("n", "positives", "units", "told"), [
    (FEW - 1, 5, 9, "rows"), (40, FEW - 1, 40, "positives"), (40, 40 - FEW + 1, 40, "negatives"),
    (40, 20, FEW - 1, "groups"), (40, FEW, FEW, None),
])  # fmt: skip
def test_ten_of_each_are_needed(n: int, positives: int, units: int, told: str | None) -> None:
    truth = (np.arange(n) < positives).astype(np.int64)
    sides = [Side(truth, truth, None, np.arange(n) % units) for _ in range(2)]
    few = Sample("binary", *sides, ("0", "1"), True).too_few()
    assert few is None if told is None else f"too few {told}" in (few or "")
    assert Sample("regression", *sides, (), True).too_few() is None or told in ("rows", "groups")


def test_rare_kinds_of_rows_get_up_to_one_more() -> None:
    assert unseen_rows(np.array([0, 1, 5, 10, 11])).tolist() == [1, 0.9, 0.5, 0, 0]


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(5, 10, 0.2366, 0.7634), (0, 20, 0, 0.1611), (9, 9, 0.7009, 1)]
)
def test_wilsons_interval(k: int, n: int, low: float, high: float) -> None:
    """The numbers of statsmodels' proportion_confint."""
    assert wilson(k, n) == (approx(low, abs=1e-4), approx(high, abs=1e-4))


def test_reliability_by_hand() -> None:
    p = np.array([0.0, 0.05, 1 / 15, 0.07, 0.5, 1.0])
    found = calibrate(np.array([0, 0, 1, 1, 0, 1.0]), p)
    assert [b.n for b in found.bins] == [3, 1, 1, 1], "a bin holds its upper end"
    gaps = [abs(1 - p[:3].sum()), 1 - 0.07, 0.5, 0.0]
    assert found.ece == approx(sum(gaps) / 6)
    assert (found.bins[0].predicted, found.bins[0].observed) == (approx(p[:3].mean()), approx(1 / 3))
    sure = calibrate(np.ones(40), np.ones(40))
    assert sure.ece == sure.ece_null == 0 and not sure.miscalibrated


def test_a_series_of_losses_by_hand() -> None:
    losses = np.array([1.0, -1, 2, 0, 1, 3, -2, 1, 0, 1])
    centred = losses - 0.6
    lag = [float(centred[k:] @ centred[: 10 - k]) / 10 for k in range(3)]
    se, note = diebold_mariano_se(losses, 1)
    assert se == approx(np.std(losses, ddof=1) / math.sqrt(10)) and note == ""
    se, note = diebold_mariano_se(losses, 3)
    variance = lag[0] + 2 * (lag[1] + lag[2])
    expected = variance if variance > 0 else None
    if expected is None:
        assert "horizon 1 was used" in note
    else:
        assert se == approx(math.sqrt(variance / 10 / ((10 + 1 - 6 + 6 / 10) / 10)))
    turning = np.tile([1.0, -1.0], 20)
    assert "horizon 1 was used" in diebold_mariano_se(turning, 2)[1] and not autocorrelated(turning, 1)
    rising = np.arange(40.0)
    assert (
        autocorrelated(rising, 1) and not autocorrelated(rising * 0, 1) and not autocorrelated(rising[:3], 3)
    )


def test_codes_are_of_values_not_of_how_they_are_written() -> None:
    numbers, text = np.array([10.0, 2, np.nan, -3]), coded_text(["10.0", "2", "b", " -3 "])
    codes, labels = coded([numbers])
    assert labels == ("-3", "2", "10") and codes[0].tolist() == [2, 1, -1, 0]
    both, labels = coded([numbers, text])
    assert (
        labels == ("-3", "2", "10", "b")
        and both[1].tolist() == [2, 1, 3, 0]
        and both[0].tolist() == [2, 1, -1, 0]
    )
    truths, labels = coded([np.array([True, False]), coded_text(["TRUE", "0"])])
    assert labels == ("0", "1") and truths[0].tolist() == truths[1].tolist() == [1, 0]
    unused = Coded(np.array([0, 2, -1]), ("x", "y", "z"))
    assert coded([unused])[1] == ("x", "z") and coded([unused])[0][0].tolist() == [0, 1, -1]
    apart = np.array([5, 10**7, 5, -(10**7)])
    assert coded([apart])[0][0].tolist() == [1, 2, 1, 0] and coded([apart])[1] == (
        "-10000000",
        "5",
        "10000000",
    )
    assert [number_label(v) for v in (1.5, 2.0, True, 2.0**70, 7)] == ["1.5", "2", "1", repr(2.0**70), "7"]
    same = same_values(
        np.array([1.0, 2, np.nan]), np.arange(3), np.array([1 + 1e-10, 2.1, np.nan]), np.arange(3)
    )
    assert same.tolist() == [True, False, True]


def test_rows_stand_side_by_side_by_key() -> None:
    a = rows(np.arange(4.0), key=np.array([3.0, 1, np.nan, 7]))
    b = rows(np.array([7.0, 1, 1, 0]), key=coded_text(["9", "1", "7", "3"]))
    found = align(a, b)
    assert found.baseline.tolist() == [1, 3, 0] and found.candidate.tolist() == [1, 2, 3]
    assert found.notes[0] == "3 rows joined by key; only candidate: 1, only baseline: 1" and not found.paired
    assert "the truth differs in 1 of 3 rows" in found.notes[1]
    some = rows(np.array([1.0, np.nan, 3]), key=np.arange(3))
    other = rows(np.array([1.0, 2, np.nan]), key=np.arange(3))
    both = align(some, other)
    assert (
        both.paired and both.baseline.tolist() == [0] and both.notes == ("2 rows without a truth left out",)
    )
    apart = align(rows(np.array([1.0, np.nan])), rows(np.array([1.0, 2, 3])))
    assert not apart.paired and len(apart.baseline) == 1 and len(apart.candidate) == 3
    assert "1 row without" in apart.notes[1] and "no rows" in align(a, rows(np.empty(0))).refusal
    none = align(
        rows(np.arange(2.0), key=np.array([np.nan, np.nan])), rows(np.arange(2.0), key=np.array([1.0, 2]))
    )
    assert (
        "no key is on both sides" in none.refusal
        and "baseline: such as nan; candidate: such as 1.0" in none.refusal
    )


def test_groups_of_a_column_by_hand() -> None:
    flags = group_column("f", np.array([True, False, True]))
    assert flags.labels == ("f = 0", "f = 1") and flags.codes.tolist() == [1, 0, 1]
    gaps = group_column("g", Coded(np.array([0, -1, 1]), ("a", "b")))
    assert gaps.labels == ("g = a", "g = b", "g is missing") and gaps.codes.tolist() == [0, 2, 1]
    none = group_column("n", np.full(30, np.nan))
    assert none.labels == ("n is missing",) and set(none.codes.tolist()) == {0}
    skewed = group_column("s", np.append(np.zeros(50), np.arange(1.0, 51)))
    assert skewed.labels[0] == "s in [0, 0.5]" or skewed.codes[:50].tolist() == [0] * 50
    assert np.all(np.diff(skewed.codes[50:]) >= 0) and len(skewed.labels) <= 6


@pytest.mark.parametrize(("labels", "prediction", "scores", "task"), [
    (2, True, 0, "binary"), (1, True, 0, "binary"), (2, False, 2, "binary"), (2, False, 3, "multiclass"),
    (30, True, 0, "multiclass"), (31, True, 0, "regression"), (31, False, 2, "multiclass"),
])  # fmt: skip
def test_the_task_is_guessed_by_labels_and_scores(
    labels: int, prediction: bool, scores: int, task: str
) -> None:
    truth = np.arange(310) % labels
    chances = {f"s{i}": np.linspace(0, 1, 310) for i in range(scores)}
    one = rows(truth, truth if prediction else None, chances)
    found = compare(one, one)
    assert any(note.startswith(f"task assumed: {task}") for note in found.notes) or (
        task == "multiclass" and "score columns for" in found.reason
    )


def test_positives_that_differ_are_said_only_past_chance_and_a_point() -> None:
    def unlike(share: float, n: int = 20_000) -> bool:
        a, b = (rows((np.arange(n) < p * n).astype(int), None, np.linspace(0, 1, n)) for p in (0.5, share))
        return any("positives are" in note for note in compare(a, b, background=False).notes)

    assert unlike(0.515) and not unlike(0.505) and not unlike(0.515, 2_000)


def test_the_threshold_in_use_is_told_where_predictions_follow_the_scores() -> None:
    truth, score = np.arange(100) % 2, np.arange(100) / 100

    def told(positive: np.ndarray, stated: float | None = None) -> float | None:
        one = Side(truth, positive.astype(np.int64), score, None)
        return operating_threshold(Sample("binary", one, one, ("0", "1"), True), stated)

    assert [told(score >= least) for least in (0.5, 0.3, 0.0, 2.0)] == [0.5, 0.3, None, None]
    assert [told(score >= 0.3, stated) for stated in (0.295, 0.9)] == [0.295, 0.3]
    assert told(score < 0.3) is None and told((score > 0.45) & (score != 0.6)) is None
    near = [rows(truth, (score >= t).astype(int), score) for t in (0.50, 0.51, 0.53)]
    for other, said in zip(near[1:], (False, True), strict=True):
        notes = compare(near[0], other, background=False).notes
        assert any("different thresholds" in note for note in notes) == said


def test_what_slices_need_is_said() -> None:
    n = 400
    column: dict[str, Column] = {"c": coded_text(np.where(np.arange(n) < 30, "few", "rest"))}
    truth = np.arange(n) % 2
    wrong = np.where(np.arange(n) < 15, 1 - truth, truth)
    a, b = (rows(truth, p, columns=column) for p in (truth, wrong))
    found = compare(a, b)
    assert {(s.slice, s.n, s.verdict) for s in found.slices} == {
        ("c = few", 30, "worse"),
        ("c = rest", 370, "equivalent"),
    }
    few = found.slices[0]
    assert (few.baseline, few.candidate, few.delta) == (1.0, 0.5, -0.5) and few.contribution == approx(15 / n)
    half = 1.959964 * math.sqrt(np.var(np.repeat([1.0, 0.0], 15), ddof=1) / 30)
    assert few.ci == approx((-0.5 - half, -0.5 + half))
    one_less: dict[str, Column] = {"c": coded_text(np.where(np.arange(n) < 29, "few", "rest"))}
    assert compare(*(rows(truth, p, columns=one_less) for p in (truth, wrong))).slices == ()
    unpaired = compare(rows(truth, truth, columns=column), rows(truth[1:], wrong[1:], columns=column))
    assert unpaired.slices == () and any("no slices" in note for note in unpaired.notes)


SCORED, TOLD = side("multiclass", 1), side("regression", 1)
NAN = np.nan


def scaled(factor: float) -> dict[str, np.ndarray]:
    return {name: factor * score for name, score in SCORED.scores.items()}


@pytest.mark.parametrize(
    ("one", "options", "name", "words"),
    [
        (rows(TOLD.truth, np.r_[NAN, np.inf, TOLD.truth[2:]]), {}, "mae", "predictions are infinite or NaN"),
        (rows(TOLD.truth, np.r_[NAN, TOLD.truth[1:]]), {}, "median_absolute_error", "predictions is NaN"),
        (rows(np.r_[0.0, TOLD.truth[1:]], TOLD.truth), {}, "mape", "the truth has zeros"),
        (rows(SCORED.truth, None, scaled(0.9)), {}, "brier", "do not add up to 1"),
        (rows(SCORED.truth, None, scaled(2.0)), {}, "ece", "outside 0..1"),
        (rows(SCORED.truth % 2, None, np.r_[NAN, np.ones(N - 1)]), {}, "ece", "1 of 360 scores is NaN"),
        (rows(SCORED.truth % 2, SCORED.truth % 2), {"primary": "recall_at_9"}, "recall_at_9", "no scores"),
        (side("binary", 1), {"primary": "recall_at_361"}, "recall_at_361", "k is more than the 360 rows"),
        (rows(SCORED.truth * 0, None, np.linspace(0, 1, N)), {}, "average_precision", "too few positives (0"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_says_why(
    one: PredictionRows, options: dict[str, Any], name: str, words: str
) -> None:
    found = metric(compare(one, replace(one, source="other"), **options), name)
    assert found.verdict == "unknown" and words in found.reason


def test_labels_are_those_of_the_highest_score_or_past_the_threshold() -> None:
    found = compare(rows(SCORED.truth, None, SCORED.scores), SCORED)
    assert metric(found, "accuracy").baseline == metric(found, "accuracy").candidate
    assert "predictions are the label of the highest score" in found.notes
    score = np.arange(100) / 100
    at = compare(*[rows(np.arange(100) % 2, None, score)] * 2, threshold=0.3, background=False)
    assert at.confusion is not None and sum(row[1] for row in at.confusion.baseline) == 70
    assumed = compare(*[rows(np.arange(100) % 2, None, score)] * 2, background=False)
    assert assumed.confusion is not None and sum(row[1] for row in assumed.confusion.baseline) == 50
    assert "is not one of binary" in compare(SCORED, SCORED, task="odd").reason


def test_a_slice_is_welchs_t_against_the_rest_with_the_slices_degrees_of_freedom() -> None:
    rng = np.random.default_rng(8)
    truth, inside = rng.normal(size=400), np.arange(400) < 60
    a, b = truth + rng.normal(size=400), truth + (1 + 0.35 * inside) * rng.normal(size=400)
    columns: dict[str, Column] = {"c": coded_text(np.where(inside, "in", "out"))}
    found = {s.slice: s for s in compare(*(rows(truth, p, columns=columns) for p in (a, b))).slices}
    change = (b - truth) ** 2 - (a - truth) ** 2
    t = stats.ttest_ind(change[inside], change[~inside], equal_var=False).statistic
    p = sorted((stats.t.sf(t, 59), stats.t.sf(-t, 339)))
    assert found["c = in"].p_adjusted == approx(min(2 * p[0], p[1])) and found[
        "c = out"
    ].p_adjusted == approx(p[1])
    assert found["c = in"].contribution == approx(change[inside].sum() / 400)
    assert found["c = in"].delta == approx(change[inside].mean()) and found["c = in"].metric == "mse"
