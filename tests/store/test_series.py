"""Series keep what was written, in the least room that holds it exactly."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.points import Points
from runwatch.runs.series import TAIL, Series, merge, spark

_STEPS = st.integers(-(2**63), 2**63 - 1)
_VALUES = st.floats(allow_nan=True, allow_infinity=True)
_ROWS = st.lists(st.tuples(_STEPS, _VALUES), max_size=40)


def _points(rows: list[tuple[int, float]]) -> Points:
    return Points.of([s for s, _ in rows], [v for _, v in rows])


@given(_ROWS, st.lists(st.integers(0, 40), max_size=4))
def test_what_goes_in_comes_out_whatever_the_pieces(rows: list[tuple[int, float]], cuts: list[int]) -> None:
    series, whole = Series(), _points(rows)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, stop in pairwise(edges):
        series.extend(whole.where(slice(start, stop)))
    out = series.points()
    assert out.steps.tolist() == whole.steps.tolist()
    assert np.array_equal(out.values, whole.values, equal_nan=True)


@given(_ROWS)
def test_running_facts_are_those_of_the_whole(rows: list[tuple[int, float]]) -> None:
    series = Series()
    for row in rows:
        series.extend(_points([row]))
    finite = [value for _, value in rows if math.isfinite(value)]
    assert series.nonfinite == len(rows) - len(finite)
    assert (series.low, series.high) == ((min(finite), max(finite)) if finite else (math.inf, -math.inf))
    steps = [step for step, _ in rows]
    assert series.monotonic == all(b > a for a, b in pairwise(steps))


def test_of_a_repeated_step_the_later_wall_time_wins() -> None:
    first = Points.of([1, 2, 3], [10.0, 20.0, 30.0], [100.0, 101.0, 102.0])
    resumed = Points.of([2, 3], [21.0, 31.0], [200.0, 201.0])
    assert merge([resumed, first]).values.tolist() == [10.0, 21.0, 31.0]


def test_without_wall_times_the_later_in_the_file_wins_then_the_later_file() -> None:
    assert merge([Points.of([1, 1, 2], [1.0, 2.0, 3.0])]).values.tolist() == [2.0, 3.0]
    assert merge([Points.of([1], [1.0]), Points.of([1], [5.0])]).values.tolist() == [5.0]


def test_dropping_from_a_step_forgets_its_extremes_too() -> None:
    series = Series()
    series.extend(Points.of([1, 2, 3], [5.0, 4.0, 100.0]))
    series.cut(3, 3)
    assert (series.high, series.last_step, len(series)) == (5.0, 2, 2)


def test_a_sparkline_keeps_the_course_and_marks_gaps() -> None:
    steps = np.array([*range(40), *range(60, 100)], dtype=float)
    cells = spark(steps, steps, cells=10)
    assert len(cells) == 10 and math.isnan(cells[5])
    finite = [cell for cell in cells if not math.isnan(cell)]
    assert finite == sorted(finite)


def test_float32_values_take_half_the_room() -> None:
    narrow, wide = Series(), Series()
    values = np.arange(1000, dtype=np.float32) / 3
    narrow.extend(Points.of(np.arange(1000), values))
    wide.extend(Points.of(np.arange(1000), np.arange(1000) / 3.0))
    assert narrow.nbytes <= wide.nbytes - 4 * 1000


def test_the_first_time_and_the_longest_pause_are_noted_across_pieces() -> None:
    series = Series()
    series.extend(Points.of([1, 2], [5.0, 4.0], [100.0, 103.0]))
    series.extend(Points.of([3, 4], [3.0, 2.0], [113.0, 114.0]))
    assert (series.first_wall, series.last_wall, series.longest_gap) == (100.0, 114.0, 10.0)


@given(st.integers(-5, 5), st.integers(-3, 3), st.lists(st.integers(0, 6), max_size=5), st.booleans())
def test_even_steps_are_the_steps_that_were_given(
    first: int, stride: int, pieces: list[int], broken: bool
) -> None:
    series, given_steps = Series(), []
    for piece in pieces:
        begin = len(given_steps)
        steps = [first + stride * (begin + i) for i in range(piece)]
        if broken and piece:
            steps[-1] += 1
        given_steps += steps
        series.extend(Points.of(steps, [0.0] * piece))
    assert series.points().steps.tolist() == given_steps


def test_even_steps_take_no_room() -> None:
    even, odd = Series(), Series()
    steps = np.arange(10_000)
    even.extend(Points.of(steps, steps))
    odd.extend(Points.of(np.where(steps % 2, steps, steps + 1), steps))
    assert even.nbytes <= odd.nbytes - 4 * len(steps)


_COURSE = st.lists(
    st.floats(-1e6, 1e6, width=32) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=300
)


@given(st.lists(_COURSE, min_size=1, max_size=12), st.data())
def test_thinning_changes_no_fact_and_keeps_the_newest_and_the_extremes(
    pieces: list[list[float]], data: st.DataObject
) -> None:
    whole, thinned, start = Series(), Series(), 0
    for piece in pieces:
        points = Points.of(range(start, start + len(piece)), piece, np.arange(start, start + len(piece)))
        start += len(piece)
        whole.extend(points)
        thinned.extend(points)
        if data.draw(st.booleans()):
            thinned.thin()
    for fact in ("last", "last_step", "low", "high", "min_at", "max_at", "nonfinite"):
        assert getattr(thinned, fact) == getattr(whole, fact) or math.isnan(whole.last), fact
    assert len(thinned) == len(whole) and thinned.longest_gap == whole.longest_gap
    exact, kept = whole.points(), thinned.points()
    newest = min(len(exact), TAIL)
    assert np.array_equal(kept.values[-newest:], exact.values[-newest:], equal_nan=True)
    assert bool(np.all(np.diff(kept.steps) > 0))
    assert np.array_equal(exact.values[kept.steps], kept.values, equal_nan=True)
    finite = kept.values[np.isfinite(kept.values)]
    if math.isfinite(whole.low):
        assert (finite.min(), finite.max()) == (whole.low, whole.high)


def test_a_thinned_series_stays_small_and_tells_what_came_since() -> None:
    series = Series()
    for start in range(0, 1_000_000, 10_000):
        steps = np.arange(start, start + 10_000)
        series.extend(Points.of(steps, np.sin(steps), steps))
        series.thin()
    assert len(series) == 1_000_000 and series.nbytes < 16_000
    fed = len(series)
    series.extend(Points.of([1_000_000, 1_000_001], [7.0, 8.0]))
    assert series.points(fed).values.tolist() == [7.0, 8.0]
    assert not series.torn
    series.cut(len(series), 500)
    assert series.torn
