"""Curves as data to draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.drift import DataSet, PerformanceEstimate
from runwatch.domain.points import Points
from runwatch.show.screen.chart import (
    ChartAsk,
    ChartLine,
    ChartMark,
    line,
    next_smooth,
    panned,
    placed,
    smoothed,
    zoomed,
)
from runwatch.show.screen.curves import prediction_band, split_groups
from runwatch.show.screen.data import performance_chart


def test_infinities_are_gaps_and_steps_are_put_in_order() -> None:
    made = line(Points.of([3, 1, 2], [np.inf, 1.0, -np.inf]), "a", "plain", ChartAsk())
    assert made.x.tolist() == [1, 2, 3]
    assert made.y[0] == 1 and np.isnan(made.y[1:]).all()


def test_over_time_only_what_has_times_is_drawn() -> None:
    timed = Points.of([0, 10], [1.0, 2.0], [1000.0, 1060.0])
    assert line(timed, "a", "plain", ChartAsk(x_axis="time")).x.tolist() == [0, 60]
    assert line(timed, "a", "plain", ChartAsk(x_axis="clock")).x.tolist() == [1000, 1060]
    timeless = Points.of([0, 10], [1.0, 2.0])
    assert line(timeless, "a", "plain", ChartAsk(x_axis="time")).x.tolist() == []


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=60), st.sampled_from([0.6, 0.9, 0.97]))
def test_smoothing_stays_between_the_extremes_and_keeps_gaps(values: list[float], weight: float) -> None:
    raw = np.array(values, dtype=np.float64)
    made = smoothed(raw, weight)
    assert (np.isnan(made) == np.isnan(raw)).all()
    finite = raw[np.isfinite(raw)]
    if len(finite):
        slack = 1e-9 * (1 + np.abs(finite).max())
        assert np.nanmin(made) >= finite.min() - slack and np.nanmax(made) <= finite.max() + slack


def test_smoothing_of_a_constant_is_that_constant() -> None:
    assert smoothed(np.full(50, 3.0), 0.97) == pytest.approx(np.full(50, 3.0))


def test_the_window_stays_inside() -> None:
    ask = ChartAsk()
    for _ in range(12):
        ask = zoomed(ask, 0.5)
    assert ask.window[1] == 1.0 and ask.window[1] - ask.window[0] == pytest.approx(0.01)
    ask = panned(ask, -10.0)
    assert 0 <= ask.window[0] < ask.window[1] <= 1
    assert zoomed(ask, 1000).window == (0.0, 1.0)


def test_smoothing_goes_round() -> None:
    ask = ChartAsk()
    for _ in range(4):
        ask = next_smooth(ask)
    assert ask.smooth == 0.0


def test_the_prediction_band_is_the_t_interval_of_one_more_run() -> None:
    x = np.arange(10.0)
    members = [ChartLine("", "plain", x, np.full(10, value)) for value in (-1.0, 0.0, 1.0)]
    band, mean = prediction_band(members, "three")
    half = 4.303 * 1.0 * np.sqrt(1 + 1 / 3)
    assert mean.y == pytest.approx(np.zeros(200))
    assert band.high == pytest.approx(np.full(200, half))
    assert band.low == pytest.approx(np.full(200, -half))


def test_the_band_of_values_that_are_never_negative_ends_at_zero() -> None:
    x = np.arange(10.0)
    members = [ChartLine("", "plain", x, np.full(10, value)) for value in (1.0, 2.0, 3.0)]
    band, _ = prediction_band(members, "three")
    assert band.low == pytest.approx(np.zeros(200)) and (band.high > 6).all()


def test_over_epochs_steps_lie_in_proportion_and_past_the_last_by_the_pace() -> None:
    epochs = Points.of([100, 200, 300], [1.0, 2.0, 3.0])
    points = Points.of([50, 100, 150, 300, 350], [5.0, 4.0, 3.0, 2.0, 1.0])
    made = line(points, "a", "plain", ChartAsk(x_axis="epoch"), epochs=epochs)
    assert made.x.tolist() == [1.0, 1.5, 3.0, 3.5]
    assert not len(line(points, "a", "plain", ChartAsk(x_axis="epoch")).x)


def test_parts_of_the_data_stand_together_and_the_same_part_twice_does_not() -> None:
    tags = ["val_loss", "val/auc", "loss", "train/auc", "lr", "eval_loss"]
    assert split_groups(tags) == [["val_loss", "loss"], ["val/auc", "train/auc"], ["lr"], ["eval_loss"]]


def test_the_performance_chart_draws_one_metric() -> None:
    def estimate(batch: str, metric: str, value: float) -> PerformanceEstimate:
        return PerformanceEstimate(batch, metric, value, None, 0.01, value - 0.03, value + 0.03)

    told = tuple(estimate(b, m, v) for b in ("a", "b", "c") for m, v in (("roc_auc", 0.9), ("f1", 0.6)))
    data = DataSet("features", "/r", "ref", (), (), None, estimated=told)
    for metric, expected in (("roc_auc", 0.9), ("f1", 0.6), (None, 0.6)):
        view = performance_chart(data, metric)
        assert view.lines[0].y.tolist() == [expected] * 3
        assert view.lines[0].name == f"{metric or 'f1'} estimated"


@pytest.mark.parametrize(
    "axis, expected",
    [("step", [10, 90]), ("epoch", [1.0, 9.0]), ("time", [100, 900]), ("clock", [1100, 1900])],
)
def test_marks_stand_where_the_curve_is_on_every_axis(axis: str, expected: list[float]) -> None:
    points = Points.of([0, 50, 100], [1.0, 2.0, 3.0], [1000.0, 1500.0, 2000.0])
    epochs = Points.of([0, 100], [0.0, 10.0])
    marks = (ChartMark(10.0, "x", "bad"), ChartMark(90.0, "y", "bad"))
    made = placed(marks, points, ChartAsk(x_axis=axis), epochs)  # type: ignore[arg-type]
    assert [mark.x for mark in made] == pytest.approx(expected)
    timeless = Points.of([0, 100], [1.0, 2.0])
    assert len(placed(marks, timeless, ChartAsk(x_axis="clock"), None)) == 0
    assert len(placed(marks, points, ChartAsk(x_axis="epoch"), None)) == 0
