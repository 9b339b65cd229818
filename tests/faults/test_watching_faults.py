"""Faults 11 to 14: watches that the kernel refuses, lost events, roots that go and come, dead threads."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import shutil
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from looking import Eyes, dashboard, ls, write
from msgspec.structs import replace
from watchdog.observers import inotify_c

from runwatch.domain.intents import Rescan
from runwatch.ui.bridge import ViewReady
from runwatch.watch import schedule
from runwatch.watch.observer import Dirty

IN_Q_OVERFLOW = 0x4000


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event is heard."""
    monkeypatch.setattr(Dirty, "add", lambda *_: None)


def _refusing(after: int) -> Callable[[int, bytes, int], int]:
    real, left = inotify_c.inotify_add_watch, iter(range(after))

    def add_watch(fd: int, path: bytes, mask: int) -> int:
        if next(left, None) is None:
            ctypes.set_errno(errno.ENOSPC)
            return -1
        found: int = real(fd, path, mask)
        return found

    return add_watch


async def test_no_watch_at_all_means_polling_and_a_mark(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify_c, "inotify_add_watch", _refusing(0))
    monkeypatch.setattr(schedule, "HOT_EVERY", 0.1)
    monkeypatch.setattr(schedule, "FOLDERS_EVERY", 0.2)
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("polling: no watch possible")
        with path.open("a") as file:
            file.write("2,0.25\n")
        await eyes.sees("0.2500")
        write(root / "b" / "metrics.csv", "step,loss\n1,0.125\n")
        await eyes.sees("0.1250")


async def test_too_few_watches_mean_that_the_rest_is_polled(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify_c, "inotify_add_watch", _refusing(3))
    monkeypatch.setattr(schedule, "HOT_EVERY", 0.1)
    paths = [write(root / f"r{i}" / "metrics.csv", f"step,loss\n1,0.{i}5\n") for i in range(1, 8)]
    async with dashboard(root) as eyes:
        await eyes.sees("watch 3/8", "polling the rest")
        for i, path in enumerate(paths):
            with path.open("a") as file:
                file.write(f"2,77.{i}1\n")
        await eyes.sees(*(f"77.{i}1" for i in range(7)))


async def test_an_overflow_of_the_queue_costs_one_scan(root: Path, deaf: None) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        with path.open("a") as file:
            file.write("2,0.25\n")
        write(root / "b" / "metrics.csv", "step,loss\n1,0.125\n")
        await eyes.pilot.pause(0.4)
        assert "0.2500" not in eyes.text
        _overflow()
        await eyes.sees("0.2500", "0.1250")


def _overflow() -> None:
    """What the kernel says when its queue is full, handed to watchdog's reader."""
    reader = inotify_c.InotifyFD.get_instance()
    buffer = struct.pack("iIII", -1, IN_Q_OVERFLOW, 0, 0)
    for wd, mask, cookie, name in inotify_c.InotifyFD._parse_event_buffer(buffer):
        reader.handle_event(inotify_c.InotifyEvent(wd, mask, cookie, name))


async def test_a_tree_whose_events_never_come_is_there_after_one_scan(root: Path, deaf: None) -> None:
    write(root / "runwatch.toml", '[watch]\nreconcile = "1s"\nmode = "native"\n')
    async with dashboard(root) as eyes:
        for i in range(5):
            write(root / "exp" / f"n{i}" / "deep" / "metrics.csv", f"step,loss\n1,0.{i}625\n")
        await eyes.sees(*(f"n{i}/deep" for i in range(5)))
        shutil.rmtree(root / "exp" / "n0")
        await eyes.misses("n0/deep")


async def test_a_view_that_is_ready_while_leaving_is_dropped(root: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
    shown, newest = eyes.app.snapshot, eyes.monitor.latest
    assert newest is not None
    eyes.app.on_view_ready(ViewReady(0, None, replace(newest)))
    assert eyes.app.snapshot is shown


async def test_looking_again_finds_what_no_event_told(root: Path, deaf: None) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        write(root / "b" / "metrics.csv", "step,loss\n1,0.125\n")
        eyes.app.submit_intent(Rescan())
        await eyes.sees("0.1250")


async def test_writing_through_a_mapping_is_found_by_the_scan(root: Path) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.1\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.1000")
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[-2:-1] = b"9"
        eyes.app.submit_intent(Rescan())
        await eyes.sees("0.9000")


async def test_a_root_that_goes_is_said_and_comes_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CHECK_EVERY", 0.1)
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        shutil.rmtree(root)
        await eyes.sees("root is gone, waiting")
        path = write(root / "b" / "metrics.csv", "step,loss\n1,0.25\n")
        await eyes.sees("0.2500")
        await eyes.misses("root is gone")
        await _heard(eyes)
        with path.open("a") as file:
            file.write("2,0.125\n")
        await eyes.sees("0.1250")


async def _heard(eyes: Eyes) -> None:
    """Until events are heard again."""
    watchers = [one._watcher for one in eyes.monitor._schedules.values()]
    await eyes.until(lambda: all(watcher.alive for watcher in watchers), "a living watcher")


async def test_a_root_that_is_moved_away_and_replaced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CHECK_EVERY", 0.1)
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        root.rename(root.with_name("old"))
        write(root / "b" / "metrics.csv", "step,loss\n1,0.25\n")
        await eyes.sees("0.2500")
        await eyes.misses("0.5000")


async def test_a_folder_that_moves_is_one_run_under_its_new_name(root: Path) -> None:
    path = write(root / "old" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        await eyes.sees("old", "0.5000")
        path.parent.rename(root / "new")
        await eyes.sees(" new ")
        await eyes.misses(" old ")
        with (root / "new" / "metrics.csv").open("a") as file:
            file.write("2,0.25\n")
        await eyes.sees("0.2500")


async def test_a_handler_that_raises_does_not_end_the_watching(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:

        def broken(*_: object) -> None:
            raise RuntimeError("in a handler")

        with monkeypatch.context() as patch:
            patch.setattr(Dirty, "add", broken)
            with path.open("a") as file:
                file.write("2,0.25\n")
            await eyes.sees("0.2500")
        with path.open("a") as file:
            file.write("3,0.125\n")
        await eyes.sees("0.1250")


async def test_a_dead_observer_is_started_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CHECK_EVERY", 0.1)
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    async with dashboard(root) as eyes:
        (one,) = eyes.monitor._schedules.values()
        observer = one._watcher._observer
        assert observer is not None
        monkeypatch.setattr(threading, "excepthook", lambda *_: None)
        monkeypatch.setattr(type(observer), "dispatch_events", _die)
        with path.open("a") as file:
            file.write("2,0.25\n")
        await eyes.until(lambda: not observer.is_alive(), "the observer's end")
        monkeypatch.undo()
        monkeypatch.setattr(schedule, "CHECK_EVERY", 0.1)
        await eyes.sees("0.2500")
        await _heard(eyes)
        with path.open("a") as file:
            file.write("3,0.125\n")
        await eyes.sees("0.1250")


def _die(*_: object) -> None:
    raise RuntimeError("the observer dies")


async def test_a_folder_without_permission_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    write(root / "secret" / "metrics.csv", "step,loss\n1,0.25\n")
    real = os.scandir

    def guarded(path: str) -> object:
        if str(path).endswith("/secret"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = ls(root)
    assert [run["id"] for run in found["runs"]] == ["a"]
    assert [(p["file"], "Permission denied" in p["message"]) for p in found["problems"]] == [("secret", True)]
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000", "1 problem")
        await eyes.press("!")
        await eyes.sees("secret", "Permission denied")
