"""A counter that goes back: resumed, started again, late, interleaved; any split of a file ends the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runwatch.domain.directions import direction_of
from runwatch.domain.operations import Append, EpochAt, HParams, Length, Operation, Rank, Started
from runwatch.domain.points import Points
from runwatch.readers.common.point_log import column
from runwatch.runs.source_data import Source
from runwatch.runs.sources import RunMemory
from runwatch.runs.summary import RunSummary, Summariser

Row = tuple[int, dict[str, float]]
_FILE = Source("claim", "csv", "log.csv", 0, 10, frozenset(), False)


def _operations(rows: list[Row], first: int = 0) -> list[Operation]:
    found: dict[str, list[tuple[int, int, float]]] = {}
    for line, (step, values) in enumerate(rows, first):
        for tag, value in values.items():
            found.setdefault(tag, []).append((line, step, value))
    told: list[Operation] = []
    for tag, cells in found.items():
        lines, steps, numbers = zip(*cells, strict=True)
        told.append(Append(tag, Points.of(steps, numbers), np.array(lines)))
    return told


def _memory(rows: list[Row], cuts: list[int] | None = None) -> RunMemory:
    memory = RunMemory()
    for start, stop in pairwise(sorted({0, *(min(c, len(rows)) for c in cuts or []), len(rows)})):
        memory.apply(_FILE, _operations(rows[start:stop], start))
    return memory


def _story(memory: RunMemory) -> RunSummary:
    return Summariser(direction_of, lambda tag: False).summarise(memory, {}, None)


def _losses(steps: list[int]) -> list[Row]:
    return [(step, {"loss": float(i)}) for i, step in enumerate(steps)]


RESUMED = [*range(1, 11), 6, 7]
AGAIN = [*range(1, 11), 1, 2, 3, 4]


def test_a_resumed_training_supersedes_from_its_step_on() -> None:
    memory = _memory(_losses(RESUMED))
    summary = _story(memory)
    metric = summary.metrics["loss"]
    assert (metric.last, metric.last_step, metric.count, metric.former) == (11.0, 7, 7, 5)
    assert summary.step == 7
    [attempt] = summary.attempts
    assert (attempt.number, attempt.first_step, attempt.last_step, attempt.resumed_at) == (1, 1, 10, 6)
    assert (attempt.points, attempt.superseded) == (10, 5)
    [branch] = memory.former("loss", memory.sources_by_tag()["loss"])
    assert branch.steps.tolist() == [6, 7, 8, 9, 10]


def test_a_training_started_again_is_an_attempt_of_its_own() -> None:
    summary = _story(_memory(_losses(AGAIN)))
    metric = summary.metrics["loss"]
    assert (metric.min, metric.best, metric.count, summary.step) == (10.0, 10.0, 4, 4)
    assert [(a.first_step, a.last_step, a.superseded) for a in summary.attempts] == [(1, 10, 10)]


@pytest.mark.parametrize(
    "steps",
    [
        [1, 3, 2, 5, 4, 7, 6, 9, 8],
        [3, 1, 2, 6, 4, 5, 9, 7, 8],
        [1, 1, 2, 2, 3, 3, 4, 4],
        [2, 1, 3, 2, 4, 3, 5, 4, 6, 5, 7],
        [10, 20, 30, 40, 60, 50, 70, 80],
        [100, 50, 110, 60, 120, 70, 130, 80, 140],
        [10, 10, 10, 10, 20, 20, 20, 10, 20, 30, 30, 20, 30, 30, 40],
    ],
    ids=["pairs", "threes", "two writers", "one behind", "one late", "far apart", "four ranks"],
)
def test_rows_that_are_late_and_writers_that_interleave_are_no_restart(steps: list[int]) -> None:
    memory = _memory(_losses(steps))
    assert memory.points("loss", memory.sources_by_tag()["loss"]).steps.tolist() == sorted(set(steps))
    assert _story(memory).attempts == ()


def test_a_restart_holds_for_what_the_newer_attempt_has_not_written_yet() -> None:
    rows: list[Row] = [(i, {"loss": 1.0 / i, **({"val": 0.5} if i % 5 == 0 else {})}) for i in range(1, 11)]
    summary = _story(_memory([*rows, *rows[:3]]))
    assert summary.metrics.keys() == {"loss"} and summary.step == 3
    resumed = _story(_memory([*rows, *rows[6:8]]))
    assert (resumed.metrics["val"].last_step, resumed.step) == (5, 8)


def test_what_a_resumed_training_never_writes_anew_counts_once_it_is_passed() -> None:
    rows: list[Row] = [(i, {"loss": 1.0, "val": 0.5}) for i in range(10)]
    memory = _memory([*rows, *[(i, {"loss": 1.0}) for i in range(8, 20)]])
    assert _story(memory).metrics["val"].last_step == 9
    assert _story(memory).metrics["loss"].former == 2 and _story(memory).metrics["val"].former == 0


def test_a_counter_of_its_own_speaks_for_itself_alone() -> None:
    rows: list[Row] = []
    for epoch in range(1, 7):
        rows += [(100 * epoch + i, {"loss": 1.0}) for i in range(3)]
        rows.append((epoch % 3, {"val": float(epoch)}))
    summary = _story(_memory(rows))
    assert summary.metrics["loss"].count == 18 and summary.step == 602
    assert summary.attempts == ()


@pytest.mark.parametrize("cpu", ["system/cpu", "sys/cpu_util"])
def test_the_machines_own_counter_neither_restarts_a_run_nor_is_its_step(cpu: str) -> None:
    rows: list[Row] = [(i, {cpu: 1.0}) for i in range(23)] + [(i, {"loss": 1.0}) for i in range(3)]
    rows += [(i, {cpu: 1.0}) for i in range(5)]
    summary = _story(_memory(rows))
    assert summary.step == 2 and summary.metrics["loss"].count == 3 and summary.attempts == ()


def test_epochs_are_the_newest_attempts() -> None:
    memory = RunMemory()
    memory.apply(_FILE, [*_operations(_losses([1, 2, 3, 4])), EpochAt(Points.of([1, 3], [0.0, 1.0]))])
    assert _story(memory).epoch == 1.0
    new = EpochAt(Points.of([1], [0.0]), np.array([4]))
    memory.apply(_FILE, [*_operations(_losses([1, 2]), 4), new])
    assert _story(memory).epoch == 0.0


def test_a_fold_that_begins_is_no_restart_of_the_one_before() -> None:
    rows: list[Row] = [(epoch, {f"fold_{fold}/loss": 1.0}) for fold in range(3) for epoch in range(5)]
    memory = RunMemory()
    epochs = EpochAt(Points.of([*range(5)] * 3, [float(epoch) for epoch in range(5)] * 3), np.arange(15))
    memory.apply(_FILE, [*_operations(rows), epochs])
    summary = _story(memory)
    assert {tag: metric.count for tag, metric in summary.metrics.items()} == {
        f"fold_{fold}/loss": 5 for fold in range(3)
    }
    assert summary.attempts == ()


def test_three_attempts_are_listed_in_order() -> None:
    attempts = _story(_memory(_losses([*range(9), *range(4), *range(6)]))).attempts
    assert [(a.number, a.first_step, a.last_step) for a in attempts] == [(1, 0, 8), (2, 0, 3)]


def test_short_attempts_of_two_tags_are_told_apart_whole() -> None:
    steps = [*range(1, 7), *range(1, 6), *range(7), 0]
    rows: list[Row] = [(step, {"loss": float(i), "val": float(i)}) for i, step in enumerate(steps)]
    summary = _story(_memory(rows))
    told = [(a.first_step, a.last_step, a.points, a.superseded) for a in summary.attempts]
    assert told == [(1, 6, 12, 12), (1, 5, 10, 10), (0, 6, 14, 14)]
    assert {name: (m.last, m.count) for name, m in summary.metrics.items()} == {
        "loss": (18.0, 1),
        "val": (18.0, 1),
    }


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_next_event_file_supersedes_by_its_clock_in_whatever_order_they_are_read(
    order: tuple[int, int],
) -> None:
    files = [
        Points.of(range(1, 11), np.arange(10.0), np.arange(100.0, 110.0)),
        Points.of([6, 7], [50.0, 51.0], [200.0, 201.0]),
    ]
    memory = RunMemory()
    for i in order:
        source = Source("claim", "tensorboard", f"events.{i}", i, 30, frozenset(), False)
        memory.apply(source, [Append("loss", files[i])])
    summary = _story(memory)
    assert (summary.metrics["loss"].last, summary.metrics["loss"].count) == (51.0, 7)
    [attempt] = summary.attempts
    assert (attempt.last_step, attempt.resumed_at, attempt.ended, attempt.superseded) == (10, 6, 109.0, 5)


def test_writers_of_one_time_in_two_files_are_no_restart() -> None:
    memory = RunMemory()
    for i in (0, 1):
        steps = np.arange(1 + i, 20, 2)
        source = Source("claim", "tensorboard", f"events.{i}", i, 30, frozenset(), False)
        memory.apply(source, [Append("loss", Points.of(steps, steps, 100.0 + steps))])
    summary = _story(memory)
    assert summary.metrics["loss"].count == 19 and summary.attempts == ()


def test_what_has_no_step_and_was_watched_from_the_middle_on_stays_in_order() -> None:
    memory = RunMemory()
    memory.apply(_FILE, [Append("loss", Points.of([0, 0], [4.0, 3.0]))])
    memory.apply(_FILE, [Append("loss", Points.of([0, 0], [2.0, 1.0], [1e9, 1e9 + 1]))])
    points = memory.points("loss", memory.sources_by_tag()["loss"])
    assert points.values.tolist() == [4.0, 3.0, 2.0, 1.0]
    assert _story(memory).metrics["loss"].last == 1.0


def test_what_is_logged_without_a_step_is_kept_in_order_of_writing() -> None:
    memory = RunMemory()
    values = [0.9, 0.2, 0.5, 0.8]
    memory.apply(_FILE, [Append("val_loss", Points.of([0] * 4, values, [1.0, 2.0, 3.0, 4.0]))])
    metric = _story(memory).metrics["val_loss"]
    assert (metric.last, metric.best, metric.count, metric.max) == (0.8, 0.2, 4, 0.9)
    memory.apply(_FILE, [Append("val_loss", Points.of([1], [0.1], [5.0]))])
    assert _story(memory).metrics["val_loss"].count == 2


_STARTS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 14)), min_size=1, max_size=5)
_SWAPS = st.lists(st.integers(0, 40), max_size=4)
_CUTS = st.lists(st.integers(0, 60), max_size=8)


@settings(max_examples=200, deadline=None)
@given(_STARTS, st.integers(1, 4), _SWAPS, _CUTS)
def test_attempts_split_anywhere_end_the_same(
    starts: list[tuple[int, int]], every: int, swaps: list[int], cuts: list[int]
) -> None:
    rows: list[Row] = [
        (step, {"loss": float(start * 100 + step), **({"val": float(step)} if step % every == 0 else {})})
        for start, count in starts
        for step in range(start, start + count)
    ]
    for swap in swaps:
        if swap + 1 < len(rows):
            rows[swap], rows[swap + 1] = rows[swap + 1], rows[swap]
    whole, split = _memory(rows), _memory(rows, cuts)
    assert repr(_story(split)) == repr(_story(whole))
    for tag, tag_sources in whole.sources_by_tag().items():
        ours = [points.steps.tolist() for points in split.former(tag, split.sources_by_tag()[tag])]
        assert ours == [points.steps.tolist() for points in whole.former(tag, tag_sources)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-5, 30), max_size=40), _CUTS)
def test_any_order_of_steps_is_told_the_same_however_it_is_split(steps: list[int], cuts: list[int]) -> None:
    rows = _losses(steps)
    whole, split = _memory(rows), _memory(rows, cuts)
    assert repr(_story(split)) == repr(_story(whole))


def test_a_loss_of_nothing_beside_a_broken_gradient_is_no_best() -> None:
    rows: list[Row] = [(i, {"loss": 2.0 - i / 10, "grad_norm": 1.0}) for i in range(5)]
    rows += [(i, {"loss": 0.0, "grad_norm": float("nan")}) for i in range(5, 9)]
    metric = _story(_memory(rows)).metrics["loss"]
    assert (metric.best, metric.best_step, metric.last) == (1.6, 4, 0.0)


def test_times_that_no_calendar_has_are_left_out_and_said() -> None:
    memory = RunMemory()
    points = Points.of([1, 2], [0.5, 0.25], [1e19, 1_700_000_000.0])
    memory.apply(_FILE, [Append("loss", points), Started(-1e19)])
    summary = _story(memory)
    assert (summary.metrics["loss"].last, summary.started) == (0.25, None)
    assert ["times before 1970" in problem.message for problem in summary.problems] == [True]


def test_a_counter_that_begins_again_very_often_ends_at_its_last_round() -> None:
    steps = np.tile(np.arange(3), 2000)
    memory = RunMemory()
    points = Points.of(np.append(steps, [0, 1]), np.arange(len(steps) + 2.0))
    memory.apply(_FILE, [Append("loss", points, np.arange(len(points)))])
    metric = _story(memory).metrics["loss"]
    assert (metric.last, metric.last_step, metric.count) == (6001.0, 1, 2)
    assert metric.former == 6000


@pytest.mark.parametrize(("format", "said"), [("console", True), ("xgboost", True), ("csv", False)])
def test_several_trainings_in_one_log_are_said(format: str, said: bool) -> None:
    memory = RunMemory()
    memory.apply(replace(_FILE, format=format), _operations(_losses([0, 1, 2, 3, 0, 1, 2, 0, 1])))
    problems = [problem.message for problem in _story(memory).problems]
    assert problems == (["3 trainings in one log, only the newest is shown"] if said else [])
    memory = RunMemory()
    memory.apply(replace(_FILE, format=format), _operations(_losses(RESUMED)))
    assert not _story(memory).problems


def test_a_training_after_a_resumed_one_is_an_attempt_of_its_own() -> None:
    """Six epochs; six more, of which the last two were written again; six more."""
    steps = [*range(6), *range(6), 4, 5, *range(6)]
    memory = _memory(_losses(steps))
    summary = _story(memory)
    assert [(one.first_step, one.resumed_at) for one in summary.attempts] == [(0, 0), (0, 4), (4, 0)]
    metric = summary.metrics["loss"]
    assert (metric.count, metric.former, metric.min, metric.last) == (6, 14, 14.0, 19.0)


def test_files_that_repeat_each_others_history_are_no_attempts() -> None:
    """The dated checkpoints of a training by Hugging Face."""
    memory = RunMemory()
    for order, many in enumerate((2, 4, 6)):
        source = replace(_FILE, file=f"checkpoint-{many}.json", order=order, exclusive=True)
        walls = [100.0 * (order + 1)] * many
        told = Append("loss", Points.of(range(many), [1.0] * many, walls), np.arange(many))
        memory.apply(source, [told, Rank(float(many))])
    summary = _story(memory)
    assert not summary.attempts and summary.metrics["loss"].count == 6


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_files_that_tell_different_trainings_the_newer_one_speaks(order: tuple[int, int]) -> None:
    """A checkpoint that an older, longer training left (step 4) beside those of the one that runs now."""
    old = ([1.0, 0.9, 0.8, 0.7], Rank(4.0, 100.0))
    for values, rank, last in (
        ([3.0, 2.9], Rank(2.0, 200.0), 2.9),
        ([3.0, 2.9], Rank(2.0, 50.0), 0.7),
        ([3.0, 2.9], Rank(2.0, 100.0), 0.7),
        ([1.0, 0.90001], Rank(2.0, 200.0), 0.7),
    ):
        memory = RunMemory()
        for i in order:
            told, its = (old, (values, rank))[i]
            source = Source("claim", "huggingface", f"checkpoint-{i}", i, 50, frozenset(), True)
            memory.apply(source, [Append("loss", Points.of(range(1, len(told) + 1), told)), its])
        assert _story(memory).metrics["loss"].last == last


def test_a_length_that_is_no_longer_known_is_none() -> None:
    memory = _memory(_losses([*range(30), 0, 1]))
    for told, wanted in ((Length(29), 29), (Length(epochs=3), 29), (Length(0), None)):
        memory.apply(_FILE, [told])
        length = _story(memory).length
        assert length is not None and (length.steps, told.epochs or 3) == (wanted, 3)


def test_a_file_that_says_something_else_just_after_its_counter_went_back_is_read_on() -> None:
    memory = _memory(_losses([*range(30), 28]))
    memory.apply(_FILE, [Length(40)])
    memory.apply(_FILE, _operations(_losses([29, 30, 31]), 31))
    assert _story(memory).step == 31


@pytest.mark.parametrize("cut", range(1, 9))
def test_an_attempt_began_where_it_began_though_the_next_one_begins_below(cut: int) -> None:
    summary = _story(_memory(_losses([9, 19, 29, 39, 49, 4, 9, 14, 19]), [cut]))
    assert [(one.first_step, one.last_step, one.resumed_at) for one in summary.attempts] == [(9, 49, 4)]


def test_settings_are_those_of_all_sources_and_event_files_count_least() -> None:
    """Also where the points are repeated by a better source; and whatever was read first."""
    files = [
        (
            replace(_FILE, claim="tb", format="tensorboard", file="e", priority=50),
            {"lr": 0.1, "deep": 1.0, "n": 4.0},
        ),
        (replace(_FILE, claim="yaml", format="", file="hparams.yaml", priority=20), {"deep": True, "n": 4}),
        (replace(_FILE, format="huggingface", supersedes=frozenset({"tensorboard"}), priority=60), {"n": 5}),
    ]
    for order in (files, files[::-1]):
        memory = RunMemory()
        for source, values in order:
            points = _operations(_losses([1, 2])) if source.format else []
            memory.apply(source, [*points, HParams(values)])
        assert dict(_story(memory).hparams) == {"lr": 0.1, "deep": True, "n": 5}


def test_an_epoch_that_a_tracker_keeps_as_a_metric_is_none() -> None:
    memory = RunMemory()
    memory.apply(
        _FILE, [column("epoch", Points.of([3, 7], [0.0, float("nan")])), *_operations(_losses([3, 7]))]
    )
    story = _story(memory)
    assert (story.epoch, set(story.metrics)) == (0.0, {"loss"})
