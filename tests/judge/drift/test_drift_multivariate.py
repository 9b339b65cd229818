"""The domain classifier and estimated regression error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from runwatch.judge.drift.multivariate import domain_classifier, mann_whitney
from runwatch.judge.drift.performance import Regressed, Scored, estimate_classification, estimate_regression


def rows(rng: np.random.Generator, n: int, shift: float = 0.0):
    return {
        "a": rng.normal(size=n),
        "b": rng.normal(shift, 1, size=n),
        "c": np.array(rng.choice(["u", "v", None], n), dtype=object),
    }


def test_still_rows_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(3)
    found = domain_classifier(rows(rng, 1000), rows(rng, 1000))
    assert found.verdict == "stable" and found.p_value > 0.01 and found.auc == pytest.approx(0.5, abs=0.06)


def test_moved_rows_are_told_apart_by_the_moved_column() -> None:
    rng = np.random.default_rng(4)
    found = domain_classifier(rows(rng, 1000), rows(rng, 800, 1.5))
    assert found.verdict == "drifted" and found.auc > 0.7 and found.p_value < 1e-6
    assert found.top_features[0][0] == "b" and (found.n_reference, found.n_current) == (1000, 800)


def test_many_small_shifts_are_seen_together() -> None:
    rng = np.random.default_rng(8)
    before, now = ({f"x{i}": rng.standard_t(3, size=6000) for i in range(40)} for _ in range(2))
    assert domain_classifier(before, now).verdict == "stable"
    for i in range(10):
        now[f"x{i}"] = np.where(rng.random(6000) < 0.03, np.nan, now[f"x{i}"] + 0.12)
        before[f"x{i}"] = np.where(rng.random(6000) < 0.03, np.nan, before[f"x{i}"])
    found = domain_classifier(before, now)
    assert found.verdict == "warning" and found.p_value < 1e-6
    assert {name for name, _ in found.top_features[:5]} <= {f"x{i}" for i in range(10)}


def test_a_changed_combination_is_seen_though_no_column_moved() -> None:
    rng = np.random.default_rng(9)
    a, b, c, d = rng.normal(size=(4, 4000))
    found = domain_classifier({"a": a, "b": b}, {"a": c, "b": np.abs(d) * np.sign(c)})
    assert found.verdict == "drifted"


def test_the_same_rows_and_seed_give_the_same_answer() -> None:
    rng = np.random.default_rng(5)
    a, b = rows(rng, 400), rows(rng, 400, 0.5)
    assert domain_classifier(a, b, seed=1) == domain_classifier(a, b, seed=1)


def test_a_column_without_values_says_nothing_and_harms_nothing() -> None:
    rng = np.random.default_rng(6)
    empty = {"none": np.full(400, np.nan)}
    found = domain_classifier(rows(rng, 400) | empty, rows(rng, 400, 1.5) | empty)
    assert found.verdict == "drifted" and found.top_features[0][0] == "b"
    assert domain_classifier(empty, empty).verdict == "unknown"


def test_too_few_rows_or_no_columns_are_unknown() -> None:
    rng = np.random.default_rng(6)
    assert domain_classifier(rows(rng, 50), rows(rng, 500)).verdict == "unknown"
    assert domain_classifier(rows(rng, 500), {"z": np.ones(500)}).reason == "no columns in common"
    assert domain_classifier(rows(rng, 500), {}).verdict == "unknown"


def test_mann_whitney_is_scipys() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, 9, 80).astype(float), rng.integers(1, 10, 70).astype(float)
    expected = stats.mannwhitneyu(b, a, alternative="greater", method="asymptotic", use_continuity=False)
    auc, p = mann_whitney(a, b)
    assert auc == pytest.approx(expected.statistic / (80 * 70)) and p == pytest.approx(
        expected.pvalue, rel=1e-9
    )


def regression(rng: np.random.Generator, n: int, low: float, high: float, name: str) -> Regressed:
    x = rng.uniform(low, high, n)
    noise = rng.normal(0, 0.2 + x, n)
    return Regressed(name, x[:, None], 2 * x, 2 * x + noise)


def test_the_error_of_a_regression_is_estimated_where_it_grows() -> None:
    rng = np.random.default_rng(8)
    reference = regression(rng, 6000, 0, 2, "ref")
    same, worse = regression(rng, 2000, 0, 2, "same"), regression(rng, 2000, 1.5, 2, "worse")
    found = estimate_regression(reference, [same, worse])
    assert [one.alert for one in found] == [False, True]
    assert found[1].estimated == pytest.approx(found[1].realised, rel=0.1)
    assert found[0].low < found[0].realised < found[0].high


def test_no_estimate_without_truths_or_rows() -> None:
    some = np.linspace(0, 1, 500)
    assert estimate_classification(Scored("r", some, some > 0.5, None), []) == ()
    assert estimate_classification(Scored("r", some, some > 0.5, np.ones(500)), []) == ()
    truth = (np.random.default_rng(1).random(500) < some).astype(float)
    tiny = Scored("b", some[:10], (some > 0.5)[:10].astype(float))
    found = estimate_classification(Scored("r", some, (some > 0.5).astype(float), truth), [tiny])
    assert all(one.estimated is None and not one.alert for one in found)


@pytest.mark.parametrize("reference_rows", [400, 20_000])
def test_a_small_batch_is_no_alert_by_its_size(reference_rows: int) -> None:
    rng = np.random.default_rng(3)

    def scored(rows: int, name: str, gain: float = 1.5) -> Scored:
        logit = rng.normal(size=rows)
        score = 1 / (1 + np.exp(-gain * logit))
        return Scored(name, score, (score > 0.5).astype(float), (rng.random(rows) < score).astype(float))

    alerts = 0
    for _ in range(20):
        batches = [scored(reference_rows // 4, str(i)) for i in range(3)] + [scored(150, "small")]
        found = estimate_classification(scored(reference_rows, "ref"), batches)
        alerts += sum(one.alert for one in found)
    assert alerts <= 3
    worse = scored(5000, "worse", 0.4)
    assert all(one.alert for one in estimate_classification(scored(20_000, "ref"), [worse]))


def test_batches_that_always_differ_from_one_to_the_next_are_no_alert() -> None:
    """Their own spread counts: the same fall is an alert where the batches before it were alike."""
    rng = np.random.default_rng(5)

    def scored(name: str, gain: float) -> Scored:
        score = 1 / (1 + np.exp(-gain * rng.normal(size=4000)))
        return Scored(name, score, (score > 0.5).astype(float))

    base = scored("reference", 1.5)
    reference = base._replace(truth=(rng.random(4000) < base.score).astype(float))
    gains = rng.permutation(np.repeat([1.2, 1.8], 6))
    uneven = estimate_classification(reference, [scored(str(i), gain) for i, gain in enumerate(gains)])
    assert not any(one.alert for one in uneven)
    alike = estimate_classification(
        reference, [*(scored(str(i), 1.5) for i in range(11)), scored("fall", 1.2)]
    )
    assert {one.batch for one in alike if one.alert} == {"fall"}


def test_a_small_batch_of_a_regression_is_no_alert_by_its_size() -> None:
    rng = np.random.default_rng(4)
    reference = regression(rng, 20_000, 0, 2, "ref")
    sizes = [*[5000] * 21, *[150] * 20]
    found = estimate_regression(reference, [regression(rng, n, 0, 2, str(i)) for i, n in enumerate(sizes)])
    assert sum(one.alert for one in found) <= 1
