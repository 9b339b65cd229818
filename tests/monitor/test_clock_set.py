"""The wall clock is set back by an hour, or forward, or the laptop sleeps: what is due goes on being done."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from runwatch.domain.clock import ClockJumps
from runwatch.domain.finding import Finding
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Situation, Snapshot
from runwatch.monitor.machine_watch import MachineWatch
from runwatch.monitor.root_state import TaskState
from runwatch.monitor.run_builder import RunObservations
from runwatch.store.state import user_state
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList

NOW, HOUR = 1_790_000_000.0, 3600.0
TODAY = date.fromtimestamp(NOW)


def test_the_machine_is_measured_again_at_once() -> None:
    watch = MachineWatch((), RunObservations(), "here")
    assert watch.due(NOW) and not watch.due(NOW + 1)
    assert watch.due(NOW - HOUR) and not watch.due(NOW - HOUR + 1)
    assert watch.due(NOW + HOUR)


def test_the_writer_of_a_root_goes_on_beating_and_keeping_what_status_shows(tmp_path: Path) -> None:
    root = str(tmp_path)
    from runwatch import config

    state = TaskState((root,), config.load((root,)), writes=True)
    for now in (NOW, NOW - HOUR):
        state.beat(now)
        state.keep(Snapshot(1, Situation(now, "here", (root,)), (), {}), TODAY)
    kept = user_state()
    assert [row.at for row in kept.kept_rows()] == [NOW - HOUR]
    other = TaskState((root,), config.load((root,)), writes=True)
    other.beat(NOW - HOUR + 1)
    assert any("manages the tasks" in mark for mark in other.marks)
    for one in (state, other, kept):
        one.close()


def test_a_task_that_was_held_back_is_written(tmp_path: Path) -> None:
    path = tmp_path / "todo.txt"
    state = user_state()
    task_list = RootTaskList(state, "r", TodoFile(path, tmp_path / "locks"))
    first, second = (Finding("run-crashed", "critical", name, "", "crashed", "", "look") for name in "ab")
    timing = {"run-crashed": (0.0, 0.0)}
    for late in (0.0, 1.0):
        task_list.sync([first], NOW + late, TODAY, timing=timing)
    task_list.sync([first, second], NOW + 2, TODAY, timing=timing)
    assert len(path.read_text().splitlines()) == 1
    assert task_list.write_due(NOW - HOUR)
    task_list.sync([first, second], NOW - HOUR, TODAY, timing=timing)
    assert len(path.read_text().splitlines()) == 2
    state.close()


def test_a_jump_is_told_from_drift() -> None:
    jumps = ClockJumps()
    assert [jumps.jump(clock, now) for clock, now in ((0, NOW), (9, NOW + 10), (11, NOW + 12))] == [0, 0, 0]
    assert jumps.jump(12, NOW + 13 - HOUR) == -HOUR
    assert jumps.jump(13, NOW + 14 - HOUR) == 0
    assert jumps.jump(14, NOW + 15 + 8 * HOUR) == 9 * HOUR


def test_sleep_is_no_silence_and_no_pause_of_a_run() -> None:
    seen, key = RunObservations(), RunKey("/runs", "lr/a")
    for at in range(0, 1000, 10):
        seen.beat(key, "lr", NOW + at)
    awake = NOW + 1000 + 8 * HOUR
    assert seen.silence(key, "lr", awake, None).word != "none"
    seen.shift(8 * HOUR)
    assert seen.silence(key, "lr", awake, None).word == "none"
    seen.beat(key, "lr", awake + 5)
    assert seen.pauses["lr"] < 60
    assert seen.silence(key, "lr", awake + HOUR, None).word != "none"


def test_a_run_that_writes_on_after_the_clock_was_set_back_is_heard() -> None:
    seen, key = RunObservations(), RunKey("/runs", "lr/a")
    for at in range(0, 1000, 10):
        seen.beat(key, "lr", NOW + at)
    seen.shift(-HOUR)
    seen.beat(key, "lr", NOW + 1000 - HOUR)
    silence = seen.silence(key, "lr", NOW + 2000 - HOUR, None)
    assert silence is not None and silence.seconds == 1000 and silence.word != "none"
