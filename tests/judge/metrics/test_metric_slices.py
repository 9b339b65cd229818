from __future__ import annotations

import numpy as np
import pytest
from metric_rows import coded_text
from pytest import approx

from runwatch.domain.comparison import CompareOptions, Comparison, Costs
from runwatch.domain.predictions import Column, PredictionRows
from runwatch.judge.predictions.calibration import calibrate
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.grouping import group_column, members


def planted(seed: int, n: int, harm: float, where: str = "region") -> tuple[Comparison, dict[str, Column]]:
    """Two models that are equally good, but for ``harm`` more errors in one group of the candidate."""
    rng = np.random.default_rng(seed)
    region = rng.choice(list("abcdefghij"), n)
    age = rng.normal(50, 15, n)
    age[rng.random(n) < 0.05] = np.nan
    device = rng.choice(["ios", "web"], n)
    truth = (rng.random(n) < 0.4).astype(np.int64)
    wrong_a, wrong_b = rng.random(n) < 0.15, rng.random(n) < 0.15
    group = {"region": region == "c", "crossed": (region == "c") & (device == "web"), "none": region == "?"}[
        where
    ]
    wrong_b |= group & (rng.random(n) < harm)
    columns: dict[str, Column] = {
        "region": coded_text(region), "age": age, "device": coded_text(device),
    }  # fmt: skip
    sides = [
        PredictionRows("f", truth, np.where(wrong, 1 - truth, truth), {}, columns=columns)
        for wrong in (wrong_a, wrong_b)
    ]
    return compare_predictions(*sides, CompareOptions(task="binary")), columns


def test_a_planted_slice_is_found_first_and_only() -> None:
    found, _ = planted(1, 20_000, 0.15)
    worse = [part for part in found.slices if part.verdict == "worse"]
    assert [part.slice for part in worse] == ["region = c"]
    assert worse[0].contribution == approx(0.15 * 0.7 * 0.1, abs=0.004) and worse[0].metric == "accuracy"
    assert (
        worse[0].delta is not None and worse[0].delta < 0 and worse[0].ci is not None and worse[0].ci[1] < 0
    )


def test_no_slice_is_called_worse_when_none_is() -> None:
    alarms = sum(
        any(p.verdict == "worse" for p in planted(seed, 2_000, 0.0, "none")[0].slices) for seed in range(60)
    )
    assert alarms <= 5


def test_slices_of_many_rows_and_equal_models_are_equivalent() -> None:
    slices = planted(3, 60_000, 0.0, "none")[0].slices
    assert {part.verdict for part in slices} == {"equivalent", "inconclusive"}


def test_a_crossing_is_found_and_folded_with_its_parent() -> None:
    found, columns = planted(2, 20_000, 0.3, "crossed")
    worse = [part for part in found.slices if part.verdict == "worse"]
    assert len(worse) == 1
    names = {worse[0].slice, *worse[0].also}
    assert {"region = c", "region = c & device = web"} <= names
    rows = members(columns, "region = c & device = web")
    assert rows is not None
    part = next(p for p in [worse[0]] if p.slice in names)
    found_rows = members(columns, part.slice)
    assert found_rows is not None and int(found_rows.sum()) == part.n


def test_groups_of_a_column() -> None:
    ages = np.concatenate([np.arange(100.0), [np.nan] * 3])
    groups = group_column("age", ages)
    assert groups.labels[0] == "age in [0, 9.900]" and groups.labels[-1] == "age is missing"
    assert len(groups.labels) == 11 and np.bincount(groups.codes).tolist() == [10] * 10 + [3]
    few = group_column("kids", np.array([0, 1, 2, 1]))
    assert few.labels == ("kids = 0", "kids = 1", "kids = 2")
    many = group_column("city", coded_text([f"c{i}" for i in range(30)] + ["c29"]))
    assert len(many.labels) == 20 and "city = c29" in many.labels and np.count_nonzero(many.codes < 0) == 10
    assert group_column("same", np.full(50, 7.0)).labels == ("same = 7",)


def grouped(groups: np.ndarray | None, n: int = 3_000) -> Comparison:
    """Errors that all rows of a unit share."""
    rng = np.random.default_rng(5)
    unit = np.arange(n) // 10
    truth = (rng.random(n // 10) < 0.5).astype(np.int64)[unit]
    shift = rng.normal(size=n // 10)[unit]
    score_a = 1 / (1 + np.exp(-(2 * truth - 1 + rng.normal(size=n))))
    score_b = 1 / (1 + np.exp(-(2 * truth - 1 + 0.8 * shift + 0.6 * rng.normal(size=n))))
    sides = [
        PredictionRows("f", truth, None, {"s": score}, group=groups if groups is None else unit)
        for score in (score_a, score_b)
    ]
    return compare_predictions(*sides, CompareOptions(task="binary"))


def test_rows_that_repeat_a_unit_make_intervals_wider() -> None:
    alone, together = grouped(None), grouped(np.zeros(1))
    assert (alone.unit, together.unit) == ("row", "group")
    for one, other in zip(alone.metrics, together.metrics, strict=True):
        assert other.delta == approx(one.delta) and one.ci is not None and other.ci is not None, one.name
        assert other.n == 300, one.name
        wider = (other.ci[1] - other.ci[0]) / (one.ci[1] - one.ci[0])
        assert 0.8 < wider < 3.5, one.name
    log_loss = [next(m for m in found.metrics if m.name == "log_loss") for found in (alone, together)]
    assert log_loss[1].ci[1] - log_loss[1].ci[0] > 1.2 * (log_loss[0].ci[1] - log_loss[0].ci[0])  # type: ignore[index]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_units_in_other_tasks(task: str) -> None:
    rng = np.random.default_rng(9)
    unit = np.arange(1_000) // 4
    truth = rng.integers(0, 3, 1_000) if task == "multiclass" else rng.normal(size=1_000)
    noise = rng.integers(0, 2, 1_000) if task == "multiclass" else rng.normal(size=1_000)
    sides = [
        PredictionRows(
            "f", truth, (truth + k * noise) % 3 if task == "multiclass" else truth + k * noise, {}, group=unit
        )
        for k in (1, 2)
    ]
    found = compare_predictions(*sides, CompareOptions(task=task))
    assert all(metric.n == 250 and metric.ci is not None for metric in found.metrics)


def test_cost_has_an_interval_and_its_direction_is_down() -> None:
    rng = np.random.default_rng(4)
    truth = (rng.random(2_000) < 0.3).astype(np.int64)
    good, bad = (
        np.where(rng.random(2_000) < 0.1, 1 - truth, truth),
        np.where(rng.random(2_000) < 0.3, 1 - truth, truth),
    )
    sides = [PredictionRows("f", truth, prediction, {}) for prediction in (good, bad)]
    found = compare_predictions(*sides, CompareOptions(task="binary", costs=Costs(fp=1.0, fn=10.0, tp=-2.0)))
    cost = next(metric for metric in found.metrics if metric.name == "cost")
    table = found.confusion.candidate if found.confusion else ((0, 0), (0, 0))
    assert cost.candidate == approx((table[0][1] + 10 * table[1][0] - 2 * table[1][1]) / 2)
    assert (cost.direction, cost.verdict, cost.method) == ("min", "worse", "cell-bootstrap")


def test_calibration_is_flagged_only_past_what_chance_gives() -> None:
    rng = np.random.default_rng(8)
    flagged = 0
    for _ in range(100):
        p = rng.beta(2, 3, 1_000)
        flagged += calibrate((rng.random(1_000) < p).astype(float), p).miscalibrated
    assert flagged <= 14
    p = rng.beta(2, 3, 1_000)
    off = calibrate((rng.random(1_000) < p**2).astype(float), p)
    assert off.miscalibrated and off.ece > off.ece_null > 0
    assert sum(b.n for b in off.bins) == 1_000 and all(b.low <= b.observed <= b.high for b in off.bins)


@pytest.mark.parametrize("rows", [200, 25_000])
def test_rare_events_are_flagged_as_seldom_as_others(rows: int) -> None:
    rng = np.random.default_rng(9)
    flagged = 0
    for _ in range(200):
        p = rng.beta(0.1, 10, rows)
        flagged += calibrate((rng.random(rows) < p).astype(float), p).miscalibrated
    assert flagged <= 18


def test_large_samples_have_the_same_null_as_small_ones_drawn_out() -> None:
    rng = np.random.default_rng(2)
    p = rng.beta(2, 3, 20_000)
    outcome = (rng.random(20_000) < p).astype(float)
    drawn = calibrate(outcome, p).ece_null
    limit = calibrate(np.tile(outcome, 2), np.tile(p, 2)).ece_null
    assert limit == approx(drawn / 2**0.5, rel=0.15)


def test_threshold_curve_and_operating_point() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random(500) < 0.4).astype(np.int64)
    score = np.clip(0.3 * truth + 0.3 + 0.2 * rng.normal(size=500), 0, 1)
    side = PredictionRows("f", truth, (score >= 0.6).astype(np.int64), {"s": score})
    found = compare_predictions(side, side, CompareOptions(costs=Costs(fp=1.0, fn=5.0)))
    assert found.operating_threshold == approx(score[score >= 0.6].min())
    for point in found.thresholds[::20]:
        positive = score >= point.threshold
        assert point.recall == approx(positive[truth == 1].mean())
        assert point.precision == approx(truth[positive].mean())
        assert point.cost == approx(
            2 * ((positive & (truth == 0)).sum() + 5 * (~positive & (truth == 1)).sum())
        )
