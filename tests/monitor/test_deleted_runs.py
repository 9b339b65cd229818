"""A sweep's runs come and go for weeks under a board that stays open: nothing is kept of those that went."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from trees import append_csv, append_jsonl, write_csv

from runwatch import config
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.monitor.live import Monitor
from runwatch.monitor.roots import Roots
from runwatch.show.tail import SnapshotTail
from runwatch.store.cache import CacheFile

MARK = "passing-by"
_WITHIN_S = 20.0
_BOUNDED = type(lru_cache(lambda: None))
_NOT_INTO = (type, ModuleType, _BOUNDED)


def _held(start: object) -> list[str]:
    """The texts with ``MARK`` that can be reached from an object, each with the types on the way to it."""
    gc.collect()
    seen: set[int] = {id(start)}
    ahead: list[tuple[object, tuple[str, ...]]] = [(start, ())]
    found = []
    while ahead:
        one, way = ahead.pop()
        if isinstance(one, str) and MARK in one:
            found.append(" > ".join((*way[-6:], one)))
        name = type(one).__name__
        inside = one.__closure__ or () if isinstance(one, FunctionType) else gc.get_referents(one)
        for other in inside:
            if id(other) not in seen and not isinstance(other, _NOT_INTO):
                seen.add(id(other))
                ahead.append((other, (*way, name)))
    return found


class Watched:
    """A root that is watched as the board does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._news = threading.Condition()
        self._last: Snapshot | None = None
        self.monitor = Monitor((str(root),), config.load((str(root),)))
        self.monitor.start(self._take)

    def _take(self, snapshot: Snapshot) -> None:
        with self._news:
            self._last = snapshot
            self._news.notify_all()

    def until(self, holds: Callable[[dict[str, int | None]], bool]) -> Snapshot:
        """When the steps of the runs are as wanted."""
        end = time.monotonic() + _WITHIN_S
        with self._news:
            while self._last is None or not holds({r.id: r.step for r in self._last.situation.runs}):
                left = end - time.monotonic()
                assert left > 0, "never came"
                self._news.wait(left)
            return self._last


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    write_csv(tmp_path, "stays")
    made = Watched(tmp_path)
    made.until(lambda steps: steps == {"stays": 3})
    yield made
    made.monitor.stop()


def _come_and_go(watched: Watched, name: str) -> None:
    path = write_csv(watched.root, name, 5)
    os.mkfifo(path.with_name("pipe.csv"))
    append_jsonl(watched.root / name / "more" / "log.jsonl", step=1, loss=1.0)
    watched.until(lambda steps: steps.get(name) == 5)
    append_csv(path, 6, 0.1)
    watched.until(lambda steps: steps.get(name) == 6)
    assert len(watched.monitor.series(RunKey(str(watched.root), name), "train_loss")) == 6
    shutil.rmtree(watched.root / name)
    append_csv(watched.root / "stays" / "metrics.csv", int(name[-1]) + 10, 0.1)
    watched.until(lambda steps: name not in steps and steps["stays"] == int(name[-1]) + 10)


def test_nothing_names_a_run_that_was_deleted(watched: Watched) -> None:
    for number in range(3):
        _come_and_go(watched, f"{MARK}{number}")
    held: list[str] = []
    end = time.monotonic() + _WITHIN_S
    while time.monotonic() < end:  # what works in the background has its own beat
        held = _held(watched.monitor)
        if not held:
            return
        time.sleep(0.2)
    assert not held


def _look(roots: Roots, root: Path) -> dict[str, tuple[str, ...]]:
    """What health says of each run."""
    with roots.lock:
        roots.scan(str(root))
        roots.read_all()
        signs = roots.signs(time.time())
        runs = {run.key for run in roots.runs(time.time())}
        signs = roots.signs(time.time())
    assert signs.keys() <= runs
    return {key.id: tuple(sign.kind for sign in found) for key, found in signs.items()}


def test_a_run_that_takes_the_name_of_a_deleted_one_is_judged_from_its_first_point(tmp_path: Path) -> None:
    roots = Roots((str(tmp_path),), config.load((str(tmp_path),)), CacheFile(None))
    path = write_csv(tmp_path, "again", 30)
    append_csv(path, 31, float("nan"))
    assert _look(roots, tmp_path)["again"]
    shutil.rmtree(tmp_path / "again")
    assert not _look(roots, tmp_path)
    write_csv(tmp_path, "again", 30)
    assert not _look(roots, tmp_path)


def test_what_is_followed_forgets_deleted_runs(watched: Watched) -> None:
    tail = SnapshotTail(watched.monitor.series)
    name = f"{MARK}9"
    write_csv(watched.root, name, 5)
    tail.new_records(watched.until(lambda steps: steps.get(name) == 5), judged=False)
    shutil.rmtree(watched.root / name)
    tail.new_records(watched.until(lambda steps: name not in steps), judged=False)
    assert not [text for text in _held(vars(tail)["_last"]) if MARK in text]
    assert not _held([vars(tail)["_versions"], vars(tail)["_status"]])
