"""A training that starts again, told by several tags: whichever goes back first, with counters of their own,
in one file or one file a tag."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from runwatch.domain.directions import direction_of
from runwatch.domain.operations import Append, EpochAt, Operation
from runwatch.domain.points import Points
from runwatch.runs.source_data import Source
from runwatch.runs.sources import RunMemory
from runwatch.runs.summary import RunSummary, Summariser

Event = tuple[str, int, float]
"""Tag, step, wall time; the value is the event's place."""


def _attempt(first: int, last: int, at: float, every: int = 2, own: bool = False) -> list[Event]:
    """Training at steps of ten, validation after every second of them, by epochs where ``own``."""
    events: list[Event] = []
    for i in range(first, last + 1):
        events.append(("train", 10 * i, at + 10 * i))
        if i % every == 0:
            events.append(("val", i // every if own else 10 * i, at + 10 * i + 1))
    return events


def _source(order: int = 0) -> Source:
    return Source("claim", "csv", f"{order}.csv", order, 10, frozenset(), False)


def _told(events: list[Event], first: int, clock: bool) -> list[Operation]:
    operations: list[Operation] = []
    for tag in dict.fromkeys(tag for tag, _, _ in events):
        own = [(i, step, wall) for i, (name, step, wall) in enumerate(events, first) if name == tag]
        lines, steps, walls = zip(*own, strict=True)
        times = walls if clock else [math.nan] * len(walls)
        operations.append(
            Append(tag, Points.of(steps, [float(line) for line in lines], times), np.array(lines))
        )
    return operations


def _in_one_file(events: list[Event], cuts: list[int], clock: bool = False) -> RunSummary:
    memory = RunMemory()
    for start, stop in pairwise(sorted({0, *cuts, len(events)})):
        memory.apply(_source(), _told(events[start:stop], start, clock))
    return _story(memory)


def _a_file_a_tag(events: list[Event], clock: bool = True) -> RunSummary:
    memory = RunMemory()
    told = _told(events, 0, clock)
    for order, operation in enumerate(told):
        memory.apply(_source(order), [operation])
    return _story(memory)


def _story(memory: RunMemory) -> RunSummary:
    return Summariser(direction_of, lambda tag: False).summarise(memory, {}, None)


def _steps(summary: RunSummary) -> dict[str, tuple[int, int]]:
    return {tag: (metric.last_step, metric.count) for tag, metric in summary.metrics.items()}


@pytest.mark.parametrize("cut", [0, 14, 15, 16, 18])
def test_validation_that_comes_first_after_a_resume_hides_no_restart_of_the_training(cut: int) -> None:
    killed = _attempt(1, 10, 1000.0)[:-1]
    resumed = [("val", 60, 2000.0), *_attempt(7, 9, 2000.0)]
    summary = _in_one_file([*killed, *resumed], [cut])
    assert _steps(summary) == {"train": (90, 9), "val": (80, 4)}
    [attempt] = summary.attempts
    assert (attempt.last_step, attempt.resumed_at) == (100, 70)


def test_validation_that_comes_first_after_a_start_from_scratch() -> None:
    again = [("val", 0, 2000.0), *_attempt(1, 5, 2000.0)]
    summary = _in_one_file([*_attempt(1, 10, 1000.0)[:-1], *again], [])
    assert _steps(summary) == {"train": (50, 5), "val": (40, 3)}
    assert len(summary.attempts) == 1


@pytest.mark.parametrize("cut", [0, 15, 17, 19])
def test_a_counter_of_its_own_begins_again_with_the_training(cut: int) -> None:
    events = [*_attempt(1, 10, 1000.0, own=True), *_attempt(1, 5, 2000.0, own=True)]
    assert _steps(_in_one_file(events, [cut])) == {"train": (50, 5), "val": (2, 2)}
    events = [*_attempt(1, 10, 1000.0, own=True), *_attempt(7, 9, 2000.0, own=True)]
    assert _steps(_in_one_file(events, [cut])) == {"train": (90, 9), "val": (4, 4)}


def test_a_counter_that_begins_again_in_each_validation_takes_no_training_back() -> None:
    events: list[Event] = []
    for epoch in range(4):
        events += [("train", 10 * epoch + i, 0.0) for i in range(10)]
        events += [("val", i, 0.0) for i in range(4)]
    summary = _in_one_file(events, [])
    assert summary.metrics["train"].count == 40 and summary.step == 39
    events += [("train", i, 0.0) for i in range(20, 26)]
    summary = _in_one_file(events, [])
    assert _steps(summary)["train"] == (25, 26)


def test_the_newer_files_counter_of_its_own_supersedes_the_older_files() -> None:
    memory = RunMemory()
    for order, attempt in enumerate((_attempt(1, 10, 1000.0, own=True), _attempt(1, 5, 2000.0, own=True))):
        memory.apply(_source(order), _told(attempt, 0, clock=True))
    assert _steps(_story(memory)) == {"train": (50, 5), "val": (2, 2)}
    assert len(_story(memory).attempts) == 1


def test_files_of_one_tag_each_lose_no_point_of_the_newer_attempt() -> None:
    summary = _a_file_a_tag([*_attempt(1, 10, 1000.0), *_attempt(1, 5, 2000.0)])
    assert _steps(summary) == {"train": (50, 5), "val": (40, 2)}


@pytest.mark.parametrize("clock", [True, False], ids=["with times", "without times"])
def test_a_tag_that_the_newer_attempt_has_not_written_yet_is_not_shown(clock: bool) -> None:
    summary = _a_file_a_tag([*_attempt(1, 10, 1000.0), *_attempt(1, 1, 2000.0)], clock)
    assert _steps(summary) == {"train": (10, 1)}


def test_an_attempt_told_in_a_file_a_tag_counts_the_points_of_all() -> None:
    events = [
        (tag, step, at + step)
        for at, steps in ((1000.0, range(1, 11)), (2000.0, range(6, 9)))
        for step in steps
        for tag in ("train", "val")
    ]
    for clock in (True, False):
        [attempt] = _a_file_a_tag(list(events), clock).attempts
        assert (attempt.points, attempt.superseded, attempt.resumed_at) == (20, 10, 6)


def test_the_epoch_is_the_newest_files() -> None:
    memory = RunMemory()
    for order, (steps, at) in enumerate(((range(10), 1000.0), (range(6, 9), 2000.0))):
        walls = [at + step for step in steps]
        epochs = EpochAt(Points.of(steps, [float(step) for step in steps], walls))
        memory.apply(_source(order), [Append("loss", Points.of(steps, [0.0] * len(steps), walls)), epochs])
    assert (_story(memory).step, _story(memory).epoch) == (8, 8.0)
