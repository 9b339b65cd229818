"""Events are hints, the scan is the truth, and every degraded mode has a mark."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from patience import PATIENCE_S
from runwatch.system.mounts import Mount, mount_of
from runwatch.watch.observer import MAX_DIRTY, Dirty, Watcher
from runwatch.watch.schedule import ScanSchedule
from runwatch.watch.tree import Tree

MOUNTS = """22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /data/my\\040runs rw - nfs4 server:/x rw
31 22 0:41 / /data rw - xfs /dev/sdb rw
33 22 0:42 / /scratch rw - panfs panfs://realm/volume rw
"""


def test_the_longest_mount_wins_and_nfs_is_remote() -> None:
    assert mount_of("/data/my runs/exp", MOUNTS) == Mount("/data/my runs", "nfs4", "server:/x")
    assert mount_of("/data/my runs/exp", MOUNTS).remote
    assert mount_of("/scratch/exp", MOUNTS).remote
    assert not mount_of("/data/other", MOUNTS).remote


def test_an_overflowing_hint_set_asks_for_a_scan_and_forgets_the_paths(tmp_path: Path) -> None:
    dirty = Dirty(str(tmp_path), lambda: None)
    for number in range(MAX_DIRTY + 1):
        dirty.add(f"{tmp_path}/f{number}")
    paths, scan = dirty.take()
    assert scan and not paths
    assert dirty.take() == (set(), False)


def test_paths_outside_the_root_or_in_skipped_folders_are_no_hints(tmp_path: Path) -> None:
    dirty = Dirty(str(tmp_path), lambda: None)
    dirty.add("/somewhere/else")
    dirty.add(f"{tmp_path}/.git/index")
    dirty.add(f"{tmp_path}/run/metrics.csv")
    assert dirty.take() == ({"run/metrics.csv"}, False)


def _until(condition, seconds: float = PATIENCE_S) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_an_append_is_hinted(tmp_path: Path) -> None:
    woken = threading.Event()
    dirty = Dirty(str(tmp_path), woken.set)
    watcher = Watcher(str(tmp_path), dirty)
    watcher.start()
    try:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "metrics.csv").write_text("step,loss\n")
        assert woken.wait(PATIENCE_S)
        seen: set[str] = set()
        assert _until(lambda: "run" in {p.split("/")[0] for p in seen | _take(dirty, seen)})
    finally:
        watcher.stop()


def _take(dirty: Dirty, seen: set[str]) -> set[str]:
    paths, _ = dirty.take()
    seen |= paths
    return seen


def test_a_warning_of_the_observer_makes_a_scan_due(tmp_path: Path) -> None:
    dirty = Dirty(str(tmp_path), lambda: None)
    watcher = Watcher(str(tmp_path), dirty)
    watcher.start()
    try:
        logging.getLogger("watchdog.observers.inotify_c").warning("inotify queue overflow")
        assert dirty.take()[1]
    finally:
        watcher.stop()


def test_a_dead_watcher_is_started_again_and_a_scan_is_due(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    dirty = Dirty(str(root), lambda: None)
    watcher = Watcher(str(root), dirty)
    watcher.start()
    try:
        root.rmdir()
        root.mkdir()
        assert _until(lambda: not watcher.alive)
        watcher.check(clock=100.0)
        assert watcher.alive and dirty.take()[1]
    finally:
        watcher.stop()


def test_a_watch_that_the_kernel_refuses_is_polled_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers import Observer

    def refuse(*_args, **_kwargs):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "schedule", refuse)
    rounds = ScanSchedule(str(tmp_path), "auto", 30.0, lambda: None)
    rounds.start()
    assert rounds.marks and "polling" in rounds.marks[0] and "limit" in rounds.marks[0]
    (tmp_path / "a.csv").write_text("x")
    tree = Tree(str(tmp_path))
    changes = tree.scan()
    rounds.scanned(changes, 0.0, 0.01, 1000.0, 1, own=False)
    assert "a.csv" in rounds.due(5.0, 1001.0, tree.top).paths


def test_changes_that_events_missed_three_times_switch_to_polling(tmp_path: Path) -> None:
    rounds = ScanSchedule(str(tmp_path), "auto", 30.0, lambda: None)
    tree = Tree(str(tmp_path))
    tree.scan()
    for number in range(3):
        (tmp_path / "a.csv").write_text("x" * (number + 1))
        rounds.scanned(tree.scan(), float(number), 0.01, 1000.0 + number, 1, own=True)
    assert rounds.polling and "missed" in rounds.marks[0]


def test_a_miss_is_forgiven_for_each_scan_that_finds_nothing(tmp_path: Path) -> None:
    """Three misses in a month are no sign that events are silent here; three in a row are."""
    rounds, tree = ScanSchedule(str(tmp_path), "auto", 30.0, lambda: None), Tree(str(tmp_path))
    tree.scan()
    for number in range(6):
        (tmp_path / "a.csv").write_text("x" * (number + 1))
        rounds.scanned(tree.scan(), float(number), 0.01, 1000.0 + number, 1, own=True)
        rounds.scanned(tree.scan(), number + 0.5, 0.01, 1000.5 + number, 1, own=True)
        assert not rounds.polling
    for number in range(2):
        (tmp_path / "a.csv").write_text("y" * (number + 10))
        rounds.scanned(tree.scan(), 10.0 + number, 0.01, 1010.0 + number, 1, own=True)
        assert not rounds.polling
    (tmp_path / "a.csv").write_text("z" * 20)
    rounds.scanned(tree.scan(), 13.0, 0.01, 1013.0, 1, own=True)
    assert rounds.polling


def test_scans_are_stretched_so_that_they_cost_a_twentieth_of_the_time(tmp_path: Path) -> None:
    rounds = ScanSchedule(str(tmp_path), "native", 30.0, lambda: None)
    tree = Tree(str(tmp_path))
    rounds.scanned(tree.scan(), 0.0, 3.0, 1000.0, 1, own=False)
    assert not rounds.due(59.0, 1059.0, tree.top).scan
    assert rounds.due(60.1, 1060.0, tree.top).scan
    rounds.stop()
