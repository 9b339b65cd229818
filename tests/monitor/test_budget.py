"""Past its budget the memory holds less of each series, and what is told of the runs stays the same."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from trees import append_csv, write_csv

from runwatch import config
from runwatch.domain.run import Run, RunKey
from runwatch.monitor import roots
from runwatch.monitor.roots import Roots
from runwatch.store.cache import CacheFile

ROWS = 6000
TAG = "train_loss"


class Watched:
    """A root that is read whenever it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.roots = Roots((self.root,), config.load((self.root,)), CacheFile(None))
        self.read()

    def read(self) -> None:
        with self.roots.lock:
            self.roots.scan(self.root)
            self.roots.read_all()
            self.roots.signs(time.time())

    def runs(self) -> dict[str, Run]:
        with self.roots.lock:
            return {run.id: run for run in self.roots.runs(time.time())}

    def fold(self) -> None:
        with self.roots.lock:
            self.roots.fold_excess(time.time())

    def values(self, run: str) -> list[float]:
        return self.roots.series(RunKey(self.root, run), TAG).values.tolist()

    @property
    def held(self) -> int:
        return sum(entry.memory.nbytes for entry in self.roots.readers[self.root].entries.values())


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Four runs that go on; what they hold is past the budget."""
    for run in "abcd":
        write_csv(tmp_path, run, ROWS)
    made = Watched(tmp_path)
    monkeypatch.setattr(roots, "SERIES_BUDGET", 100_000)
    assert made.held > 300_000
    return made


def _csv(watched: Watched, run: str) -> Path:
    return Path(watched.root, run, "metrics.csv")


def _told(run: Run) -> dict[str, tuple[object, ...]]:
    return {
        tag: (m.last, m.last_step, m.best, m.best_step, m.min, m.max, m.count, m.nonfinite)
        for tag, m in run.metrics.items()
    }


def test_runs_that_go_on_are_thinned_and_told_as_before(watched: Watched) -> None:
    before = {run_id: _told(run) for run_id, run in watched.runs().items()}
    watched.fold()
    assert watched.held < 100_000
    append_csv(_csv(watched, "a"), ROWS + 1, 0.5)
    watched.read()
    after = watched.runs()
    assert {run_id: _told(after[run_id]) for run_id in "bcd"} == {run_id: before[run_id] for run_id in "bcd"}
    metric = after["a"].metrics[TAG]
    assert (metric.last, metric.count, metric.best_step) == (0.5, ROWS + 1, before["a"][TAG][3])


def test_a_series_that_is_asked_for_is_whole_and_stays_so(watched: Watched) -> None:
    watched.fold()
    expected = [float(f"{1 / step:.6f}") for step in range(1, ROWS + 1)]
    assert watched.values("b") == expected
    held = watched.held
    watched.fold()
    assert watched.held == held and watched.values("b") == expected


def test_points_taken_back_are_taken_from_the_whole(watched: Watched) -> None:
    """A training that sets in at an early step again: what was beyond it counts no more."""
    watched.fold()
    append_csv(_csv(watched, "a"), 2, 0.0)
    watched.read()
    metric = watched.runs()["a"].metrics[TAG]
    assert (metric.count, metric.best, metric.best_step, metric.last_step) == (2, 0.0, 2, 2)
    assert metric.former == ROWS - 1


def test_health_is_told_once_of_what_comes_after(watched: Watched) -> None:
    watched.fold()
    append_csv(_csv(watched, "c"), ROWS + 1, float("nan"))
    watched.read()
    signs = watched.roots.health[watched.root].signs
    assert [sign.kind for sign in signs["c"]] == ["nonfinite", "nonfinite"]
    assert not signs.get("d")


def test_a_run_read_anew_keeps_its_story_until_it_is_read(watched: Watched) -> None:
    for run in "abcd":
        os.utime(_csv(watched, run), (1_700_000_000, 1_700_000_000))
    watched.read()
    watched.fold()
    assert watched.held < 100_000
    folded = [entry.id for entry in watched.roots.readers[watched.root].entries.values() if entry.folded]
    append_csv(_csv(watched, folded[0]), ROWS + 1, 0.25)
    with watched.roots.lock:
        watched.roots.scan(watched.root)
        watched.roots.signs(time.time())
    assert watched.runs()[folded[0]].metrics[TAG].count == ROWS
    watched.read()
    assert watched.runs()[folded[0]].metrics[TAG].count == ROWS + 1


YESTERDAY = 1_700_000_000


def _read_and_folded(root: Path) -> Watched:
    """A root as it is after its first reading."""
    for path in root.rglob("*.csv"):
        os.utime(path, (YESTERDAY, YESTERDAY))
    watched = Watched(root)
    with watched.roots.lock:
        watched.roots.fold_over(watched.root, time.time())
    return watched


def test_small_runs_that_are_over_leave_the_memory_and_are_told_as_before(tmp_path: Path) -> None:
    for run in "abcd":
        write_csv(tmp_path, run, ROWS)
    append_csv(tmp_path / "d" / "metrics.csv", ROWS + 1, float("nan"))
    before = Watched(tmp_path)
    watched = _read_and_folded(tmp_path)
    assert watched.held == 0 < before.held
    told, expected = (
        {run_id: repr(_told(run)) for run_id, run in one.runs().items()} for one in (watched, before)
    )
    assert told == expected
    signs = [one.roots.health[one.root].signs["d"] for one in (before, watched)]
    assert signs[0] == signs[1] and [sign.kind for sign in signs[0]] == ["nonfinite", "nonfinite"]
    assert watched.values("b") == before.values("b")


def test_a_run_that_was_opened_stays_in_memory(tmp_path: Path) -> None:
    write_csv(tmp_path, "a", ROWS)
    watched = _read_and_folded(tmp_path)
    assert watched.values("a")
    with watched.roots.lock:
        watched.roots.fold_over(watched.root, time.time())
    assert watched.held > 0


def test_runs_that_go_on_and_large_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path, "a", ROWS)
    going_on = Watched(tmp_path)
    with going_on.roots.lock:
        going_on.roots.fold_over(going_on.root, time.time())
    assert going_on.held > 0
    monkeypatch.setattr(roots, "SMALL", 1000)
    assert _read_and_folded(tmp_path).held > 0
