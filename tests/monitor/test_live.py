"""The loop behind the screen, from outside: something happens on disk, and a snapshot tells of it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from trees import append_csv, append_jsonl, write_csv

from patience import PATIENCE_S
from runwatch import config
from runwatch.domain.intents import AddTask, IntentAnswer, PinBaseline
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskList
from runwatch.monitor.live import Monitor

_NONE = TaskList("", ())


class Screen:
    """Listens to a monitor as the screen does."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._news = threading.Condition()
        self.last: Snapshot | None = None
        self.monitor = Monitor((self.root,), config.load((self.root,)))
        self.monitor.start(self._take)

    def _take(self, snapshot: Snapshot) -> None:
        with self._news:
            self.last = snapshot
            self._news.notify_all()

    def until(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        end = time.monotonic() + PATIENCE_S
        with self._news:
            while self.last is None or not condition(self.last):
                left = end - time.monotonic()
                assert left > 0, f"never came; last seen: {_summary(self.last)}"
                self._news.wait(left)
            return self.last

    def ask(self, intent: object) -> IntentAnswer:
        answers: list[IntentAnswer] = []
        answered = threading.Event()
        self.monitor.submit(intent, lambda a: (answers.append(a), answered.set()))  # type: ignore[arg-type]
        assert answered.wait(PATIENCE_S)
        return answers[0]


def _summary(snapshot: Snapshot | None) -> object:
    return None if snapshot is None else {run.id: (run.status, run.step) for run in snapshot.situation.runs}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def screen(root: Path) -> Iterator[Screen]:
    made = Screen(root)
    yield made
    made.monitor.stop()


def _run(snapshot: Snapshot, run_id: str) -> Run | None:
    return next((run for run in snapshot.situation.runs if run.id == run_id), None)


def _step(run_id: str) -> Callable[[Snapshot], int | None]:
    return lambda snapshot: getattr(_run(snapshot, run_id), "step", None)


def test_a_new_run_an_append_and_a_rewrite_arrive_by_themselves(screen: Screen, root: Path) -> None:
    screen.until(lambda s: s.watch.phase == "live")
    path = write_csv(root, "exp/a")
    screen.until(lambda s: _step("exp/a")(s) == 3)
    append_csv(path, 4, 0.25)
    seen = screen.until(lambda s: _step("exp/a")(s) == 4)
    run = _run(seen, "exp/a")
    assert run is not None and run.metrics["val_loss"].last == 0.25 and run.status == "running"
    write_csv(root, "exp/a", rows=2)
    seen = screen.until(lambda s: _step("exp/a")(s) == 2)
    assert _run(seen, "exp/a").metrics["val_loss"].count == 2  # type: ignore[union-attr]


def test_a_half_written_number_is_never_shown(screen: Screen, root: Path) -> None:
    path = write_csv(root, "a")
    screen.until(lambda s: _step("a")(s) == 3)
    with path.open("a") as file:
        file.write("4,0.7")
        file.flush()
        write_csv(root, "other")
        seen = screen.until(lambda s: _step("other")(s) == 3)
        assert _step("a")(seen) == 3
        file.write("5,0.9\n")
    seen = screen.until(lambda s: _step("a")(s) == 4)
    assert _run(seen, "a").metrics["train_loss"].last == 0.75  # type: ignore[union-attr]


def test_a_removed_run_goes(screen: Screen, root: Path) -> None:
    write_csv(root, "a")
    write_csv(root, "b")
    screen.until(lambda s: {"a", "b"} <= {run.id for run in s.situation.runs})
    shutil.rmtree(root / "a")
    seen = screen.until(lambda s: _run(s, "a") is None)
    assert _run(seen, "b") is not None


def test_a_root_that_is_deleted_and_made_anew_is_seen_again(screen: Screen, root: Path) -> None:
    write_csv(root, "a")
    screen.until(lambda s: _step("a")(s) == 3)
    shutil.rmtree(root)
    screen.until(lambda s: any("root is gone" in mark for mark in s.watch.marks))
    write_csv(root, "b", rows=5)
    seen = screen.until(lambda s: _step("b")(s) == 5)
    assert not any("root is gone" in mark for mark in seen.watch.marks)


def test_nan_opens_a_task_and_an_edit_in_an_editor_is_followed(screen: Screen, root: Path) -> None:
    todo = root / "todo.txt"
    todo.write_text("2026-01-01 My own line +x\n")
    for step in range(1, 6):
        append_jsonl(root / "a" / "metrics.jsonl", step=step, loss=float("nan") if step > 3 else 1.0)
    seen = screen.until(lambda s: any(f.rule == "metric-nonfinite" for f in s.findings))
    finding = next(f for f in seen.findings if f.rule == "metric-nonfinite")
    assert finding.run == RunKey(screen.root, "a") and finding.severity == "critical"


def test_a_task_that_is_added_stands_in_the_file_and_an_edit_there_is_seen(root: Path) -> None:
    (root / "todo.txt").write_text("2026-01-01 My own line +x\n")
    screen = Screen(root)
    try:
        screen.until(lambda s: s.watch.phase == "live")
        answer = screen.ask(AddTask("Look at a +demo", screen.root))
        assert answer.ok and answer.undo
        lines = (root / "todo.txt").read_text().splitlines()
        assert lines[0] == "2026-01-01 My own line +x" and lines[1].endswith("Look at a +demo")
        (root / "todo.txt").write_text("From my editor\n")
        screen.until(lambda s: [t.text for t in s.tasks[screen.root].tasks] == ["From my editor"])
    finally:
        screen.monitor.stop()


def test_a_pin_that_is_put_back_has_its_old_date(root: Path) -> None:
    write_csv(root, "a")
    screen = Screen(root)
    try:
        screen.until(lambda s: _step("a")(s) == 3)
        assert screen.ask(PinBaseline(RunKey(screen.root, "a"), "why", since=1.5e9)).ok
        screen.until(lambda s: screen.root in s.situation.baselines)
        seen = screen.until(lambda s: s.situation.baselines[screen.root].since is not None)
        baseline = seen.situation.baselines[screen.root]
        assert (baseline.since, baseline.reason) == (1.5e9, "why")
    finally:
        screen.monitor.stop()


def test_a_pinned_baseline_lasts_over_a_restart(root: Path) -> None:
    write_csv(root, "a")
    write_csv(root, "b")
    first = Screen(root)
    first.until(lambda s: _step("a")(s) == 3)
    assert first.ask(PinBaseline(RunKey(first.root, "a"))).ok
    first.until(lambda s: s.situation.baselines.get(first.root) is not None)
    first.monitor.stop()
    second = Screen(root)
    try:
        seen = second.until(lambda s: s.watch.phase == "live")
        baseline = seen.situation.baselines[second.root]
        assert baseline.name == "a" and "pinned" in baseline.source
    finally:
        second.monitor.stop()


def test_what_did_not_change_is_not_read_again_and_shows_the_same(root: Path, monkeypatch) -> None:
    write_csv(root, "a", rows=50)
    first = Screen(root)
    before = first.until(lambda s: s.watch.phase == "live" and _step("a")(s) == 50)
    first.monitor.stop()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("runwatch.monitor.reading.RootReader._read", refuse)
    second = Screen(root)
    after = second.until(lambda s: s.watch.phase == "live")
    second.monitor.stop()
    assert _run(after, "a").metrics == _run(before, "a").metrics  # type: ignore[union-attr]


def test_a_folded_run_gives_its_series_again(root: Path) -> None:
    write_csv(root, "a", rows=50)
    first = Screen(root)
    first.until(lambda s: s.watch.phase == "live")
    first.monitor.stop()
    second = Screen(root)
    second.until(lambda s: s.watch.phase == "live")
    points = second.monitor.series(RunKey(second.root, "a"), "val_loss")
    second.monitor.stop()
    assert len(points) == 50 and points.values[-1] == pytest.approx(1.1 / 50, abs=1e-6)


def test_runwatch_writes_nothing_into_a_root_without_a_todo_file(root: Path) -> None:
    write_csv(root, "a")
    for step in range(1, 6):
        append_jsonl(root / "b" / "metrics.jsonl", step=step, loss=float("inf"))
    before = sorted(str(path) for path in root.rglob("*"))
    screen = Screen(root)
    screen.until(lambda s: any(f.rule == "metric-nonfinite" for f in s.findings))
    assert screen.ask(AddTask("mine", screen.root)).ok
    screen.monitor.stop()
    assert sorted(str(path) for path in root.rglob("*")) == before


def test_a_second_instance_says_so(root: Path) -> None:
    write_csv(root, "a")
    first = Screen(root)
    first.until(lambda s: s.watch.phase == "live")
    second = Screen(root)
    try:
        seen = second.until(lambda s: s.watch.phase == "live")
        assert any("manages the tasks" in mark for mark in seen.watch.marks)
    finally:
        second.monitor.stop()
        first.monitor.stop()


def test_a_lost_root_resolves_no_task(screen: Screen, root: Path) -> None:
    for step in range(1, 6):
        append_jsonl(root / "a" / "metrics.jsonl", step=step, loss=float("nan") if step > 3 else 1.0)
    screen.until(lambda s: any(t.source == "rule" for t in s.tasks.get(screen.root, _NONE).tasks))
    shutil.rmtree(root)
    seen = screen.until(lambda s: any("root is gone" in mark for mark in s.watch.marks))
    assert [t.state for t in seen.tasks[screen.root].tasks if t.source == "rule"] == ["open"]
