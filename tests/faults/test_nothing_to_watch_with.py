"""No inotify instance, watch, thread or descriptor is left; something inside fails: it is said, it goes on.

The limits are real where the kernel lets a test have a user name space of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from looking import dashboard, write

from patience import PATIENCE_S
from runwatch import config
from runwatch.cli import main
from runwatch.domain.situation import Situation, Snapshot
from runwatch.domain.task import TaskList
from runwatch.monitor.board import Board
from runwatch.monitor.live import Monitor
from runwatch.monitor.worker_thread import WorkerThread
from runwatch.show.text.watch_log import troubles
from runwatch.system import inotify
from runwatch.system.threads import NoThread
from runwatch.watch import schedule
from runwatch.watch.observer import Dirty, Watcher

SPACE = ["unshare", "-U", "-r", "sh", "-c"]
LOSS = "step,loss\n1,0.5\n"


def _limited(name: str, value: int) -> list[str]:
    """Words before a command that give it a user name space with this limit."""
    words = [*SPACE, f'echo {value} > /proc/sys/user/{name} && exec "$0" "$@"']
    try:
        allowed = subprocess.run([*words, "true"], capture_output=True).returncode == 0
    except OSError:
        allowed = False
    if not allowed:
        pytest.skip("no user name space with a limit of its own here")
    return words


@contextmanager
def _watching(root: Path, said: Path, before: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [*before, sys.executable, "-m", "runwatch", "watch", str(root)]
    with said.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as watch:
        try:
            yield watch
        finally:
            watch.terminate()


def _until(holds: Callable[[], object]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("name", ["max_inotify_instances", "max_inotify_watches"])
def test_without_instances_or_watches_it_polls_and_says_so(root: Path, tmp_path: Path, name: str) -> None:
    before, said = _limited(name, 0), tmp_path / "said"
    write(root / "a" / "metrics.csv", LOSS)
    with _watching(root, said, before) as watch:
        assert _until(lambda: "live: 1 run" in said.read_text()), said.read_text()
        write(root / "late" / "metrics.csv", LOSS)
        assert _until(lambda: "live: 2 runs" in said.read_text()), said.read_text()
    assert watch.returncode == 0
    assert "polling: no watch possible: inotify" in said.read_text() and "Traceback" not in said.read_text()


def test_doctor_asks_the_kernel_for_an_instance(root: Path) -> None:
    words = [sys.executable, "-m", "runwatch", "doctor", str(root), "--json"]
    for limit, state in ((0, "weak"), (5, "good")):
        done = subprocess.run([*_limited("max_inotify_instances", limit), *words], capture_output=True)
        (check,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "inotify"]
        assert check["state"] == state and f"{limit:,} instances" in check["found"]
        assert ("polling" in check["found"]) is (limit == 0)


def test_an_attempt_that_fails_takes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each retry would take one instance more, until no program of the user has any."""
    from watchdog.observers import Observer

    def refuse(self: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    watcher = Watcher(str(root), Dirty(str(root), lambda: None))
    mine = inotify.taken().instances
    with monkeypatch.context() as patch:
        patch.setattr(Observer, "start", refuse)
        for clock in range(0, 500, 70):
            watcher.check(float(clock))
    assert watcher.failure == "inotify watch limit reached"
    assert _until(lambda: inotify.taken().instances <= mine)
    watcher.check(1000.0)
    assert watcher.alive and not watcher.failure
    watcher.stop()


def test_without_threads_nothing_is_taken_and_it_polls(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, work = Watcher(str(root), Dirty(str(root), lambda: None)), WorkerThread()
    before, done = _own_instances(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _no_thread)
        watcher.check(1.0)
        work.ask("a", done.set)
        assert "process limit" in " ".join(work.trouble.values())
        with pytest.raises(NoThread, match="process limit"):
            Monitor((str(root),), config.load((str(root),))).start(print)
    assert "thread" in watcher.failure and _own_instances() == before
    work.ask("b", done.set)
    assert done.wait(PATIENCE_S) and not work.trouble
    work.stop()


@pytest.mark.parametrize("command", ["ls", "check", "brief"])
def test_commands_answer_without_threads(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    write(root / "a" / "metrics.csv", LOSS)
    main([command, str(root)])
    expected = capsys.readouterr()
    monkeypatch.setattr(threading.Thread, "start", _no_thread)
    assert main([command, str(root)]) == 0
    assert capsys.readouterr() == expected and "a" in expected.out


def test_the_board_says_that_it_has_no_thread(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runwatch.ui.run.refused", lambda: "")
    monkeypatch.setattr(threading.Thread, "start", _no_thread)
    assert main([str(root)]) == 2
    assert "no thread can be started" in capsys.readouterr().err


def _own_instances() -> int:
    links = (os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))
    return sum(link.endswith("anon_inode:inotify") for link in links)


def _no_thread(self: threading.Thread) -> None:
    raise RuntimeError("cannot start new thread")


def test_without_descriptors_it_goes_on_and_recovers(root: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    write(root / "a" / "metrics.csv", LOSS)
    with _watching(root, said, []) as watch:
        assert _until(lambda: "live: 1 run" in said.read_text()), said.read_text()
        soft, hard = resource.prlimit(watch.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(watch.pid, resource.RLIMIT_NOFILE, (5, hard))
        write(root / "late" / "metrics.csv", LOSS)
        assert _until(lambda: "Too many open files" in said.read_text()), said.read_text()
        assert watch.poll() is None
        resource.prlimit(watch.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert _until(lambda: "live: 2 runs" in said.read_text()), said.read_text()


class Failing:
    """A monitor whose looks fail for a while; what was published, and whether it goes on."""

    def __init__(self, root: Path) -> None:
        self.monitor = Monitor((str(root),), config.load((str(root),)))
        self.seen: list[Snapshot] = []

    def __enter__(self) -> Failing:
        self.monitor.start(self.seen.append)
        return self

    def __exit__(self, *_: object) -> None:
        self.monitor.stop()

    def told(self) -> bool:
        return any("internal error" in mark for s in self.seen[-1:] for mark in s.watch.marks)


def test_an_error_in_the_loop_is_shown_kept_and_over(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root / "a" / "metrics.csv", LOSS)
    with monkeypatch.context() as patch, Failing(root) as it:
        assert _until(lambda: it.seen and it.seen[-1].watch.phase == "live")
        patch.setattr(Board, "tick", _fail)
        assert _until(it.told)
        assert main(["status"]) == 0 and "internal error" in capsys.readouterr().out
        patch.undo()
        write(root / "b" / "metrics.csv", LOSS)
        assert _until(lambda: len(it.seen[-1].situation.runs) == 2)
        assert it.told() and "boom" in it.monitor.trouble
    assert threading.excepthook is not None and "Troubles" not in repr(threading.excepthook)


def _fail(*_: object) -> bool:
    raise LookupError("boom")


def test_an_error_that_ends_a_thread_is_shown(root: Path) -> None:
    with Failing(root) as it:
        thread = threading.Thread(target=_fail, name="some-worker")
        thread.start()
        assert _until(it.told)
        assert "some-worker" in it.monitor.trouble


def test_a_listener_that_fails_does_not_end_the_loop(root: Path) -> None:
    seen: list[Snapshot] = []

    def publish(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) < 3:
            raise ValueError("the screen is broken")

    monitor = Monitor((str(root),), config.load((str(root),)))
    monitor.start(publish)
    assert _until(lambda: len(seen) >= 3 and seen[-1].watch.phase == "live")
    monitor.stop()
    assert "the screen is broken" in monitor.trouble


def test_watch_ends_with_1_after_an_error_inside(root: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from runwatch.monitor.board import Board; from runwatch.cli import main\n"
        "real, calls = Board.tick, []\n"
        "def tick(*a):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 2: raise LookupError('boom')\n"
        "    return real(*a)\n"
        "Board.tick = tick\n"
        "sys.exit(main(['watch', sys.argv[1]]))\n"
    )
    said = tmp_path / "said"
    with (
        said.open("wb") as out,
        subprocess.Popen([sys.executable, "-c", code, str(root)], stderr=out) as watch,
    ):
        assert _until(lambda: "internal error in the watch loop: LookupError('boom')" in said.read_text())
        write(root / "a" / "metrics.csv", LOSS)
        assert _until(lambda: "live: 1 run" in said.read_text()), said.read_text()
        os.kill(watch.pid, signal.SIGTERM)
    assert watch.returncode == 1 and "Traceback" not in said.read_text()


async def test_an_error_in_the_loop_is_on_the_screen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CHECK_EVERY", 0.1)
    write(root / "a" / "metrics.csv", LOSS)
    async with dashboard(root) as eyes:
        with monkeypatch.context() as patch:
            patch.setattr(Board, "tick", _fail)
            await eyes.sees("internal error in the watch loop")


def test_what_can_not_be_saved_is_a_line_of_the_journal() -> None:
    listed = TaskList("/r/todo.txt", (), notice="1 change not saved (No space left on device)")
    snapshot = Snapshot(1, Situation(0.0, "host", ("/r", "/q")), (), {"/r": listed, "/q": listed})
    assert troubles(snapshot) == ["problem: /r/todo.txt: 1 change not saved (No space left on device)"]
