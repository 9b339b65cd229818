"""Forecasts: the order in time, several series, horizons that the rows cannot carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from metric_rows import coded_text
from msgspec.structs import replace
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.comparison import CompareOptions, Comparison, MetricComparison
from runwatch.domain.predictions import Column, PredictionRows, take
from runwatch.judge.predictions.comparing import compare_predictions

N, HORIZON = 300, 6
DAYS = np.datetime64("2024-03-01") + np.arange(N)


def errors(rng: np.random.Generator, n: int = N, horizon: int = HORIZON) -> np.ndarray:
    """Errors of forecasts that many steps ahead: a moving average of that length."""
    return sliding_window_view(rng.normal(size=n + horizon - 1), horizon).mean(axis=1) * np.sqrt(horizon)


def pair(seed: int, n: int = N, horizon: int = HORIZON) -> tuple[PredictionRows, PredictionRows]:
    rng = np.random.default_rng(seed)
    truth = 100 + rng.normal(size=n)
    first, second = (PredictionRows("file", truth, truth + errors(rng, n, horizon), {}) for _ in "ab")
    return first, second


def compare(a: PredictionRows, b: PredictionRows, **options: Any) -> Comparison:
    return compare_predictions(a, b, CompareOptions(task="forecast", **options))


def metric(found: Comparison, name: str = "mae") -> MetricComparison:
    return next(one for one in found.metrics if one.name == name)


def shuffled(rows: PredictionRows, order: np.ndarray) -> PredictionRows:
    assert rows.prediction is not None and rows.key is not None
    truth, prediction, key = (take(column, order) for column in (rows.truth, rows.prediction, rows.key))
    return replace(rows, truth=truth, prediction=prediction, key=key)


@pytest.mark.parametrize("key", [coded_text(DAYS), np.arange(N) * 10 + 5], ids=["dates", "numbers"])
def test_rows_are_put_in_the_order_of_a_key_that_tells_it(key: Column) -> None:
    a, b = (replace(side, key=key) for side in pair(1))
    ordered = compare(a, b, horizon=HORIZON)
    order = np.random.default_rng(2).permutation(N)
    for first, second in ((a, shuffled(b, order)), (shuffled(a, order), shuffled(b, order))):
        found = compare(first, second, horizon=HORIZON)
        for one, other in zip(ordered.metrics, found.metrics, strict=True):
            assert one.ci == pytest.approx(other.ci) and one.p_value == pytest.approx(other.p_value)


def test_a_key_that_tells_no_order_is_said_where_the_files_disagree() -> None:
    names = coded_text([f"{i:08x}-uuid" for i in np.random.default_rng(3).permutation(N)])
    a, b = (replace(side, key=names) for side in pair(1))
    assert not any("order" in note for note in compare(a, b, horizon=HORIZON).notes)
    found = compare(a, shuffled(b, np.arange(N)[::-1]), horizon=HORIZON)
    assert any("rows are taken in the candidate's order" in note for note in found.notes)


def test_several_series_are_the_units() -> None:
    rng = np.random.default_rng(4)
    series = np.repeat(np.arange(30), 40)
    truth = rng.normal(size=1200) + 50
    a = PredictionRows("a", truth, truth + rng.normal(size=1200), {}, group=series)
    bias = np.repeat(0.6 * rng.normal(size=30), 40)
    b = PredictionRows("b", truth, truth + rng.normal(size=1200) + bias, {}, group=series)
    found = compare(a, b, horizon=1)
    assert found.unit == "group" and metric(found).n == 30 and metric(found).method == "paired-t"
    plain = compare_predictions(a, b, CompareOptions(task="regression"))
    assert metric(found).ci == metric(plain).ci and metric(found, "rmse").ci == metric(plain, "rmse").ci


@pytest.mark.parametrize("horizon", [0, -1])
def test_a_horizon_below_one_is_refused(horizon: int) -> None:
    found = compare(*pair(1), horizon=horizon)
    assert found.verdict == "unknown" and found.reason == "the horizon must be 1 or more"


@pytest.mark.parametrize("horizon", [151, 300, 5_000])
def test_a_horizon_that_so_few_rows_cannot_carry_gets_no_interval(horizon: int) -> None:
    found = compare(*pair(1), horizon=horizon)
    assert found.verdict == "unknown"
    assert all(one.ci is None and f"{2 * horizon:,} are needed" in one.reason for one in found.metrics)


def test_the_median_error_knows_that_neighbours_are_alike() -> None:
    covered = [
        metric(compare(*pair(seed, 240, 12), horizon=12), "median_absolute_error").verdict
        in ("inconclusive", "equivalent")
        for seed in range(100, 180)
    ]
    assert np.mean(covered) >= 0.85
