"""Faults 15 to 17: a full disk, a killed process, two writers; no home, a broken state."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from looking import dashboard, ls, only_run, said, strict, write

from runwatch.cli import main
from runwatch.domain.intents import AddTask, Rescan
from runwatch.tasks import task_list

MINE = "(A) 2026-01-01 My own line\tx  \u00e9 due:2027-01-01\nanother, \\odd\n"


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_at_any_call_leaves_the_file_whole(
    root: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = write(root / "todo.txt", MINE)
    real = getattr(os, call)
    for nth in range(1, 12):
        calls = iter(range(1, nth))

        def failing(*args: object, calls: object = calls) -> object:
            if next(calls, None) is None:  # type: ignore[call-overload]
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*args)

        before = todo.read_bytes()
        err = io.StringIO()
        with monkeypatch.context() as patch, contextlib.redirect_stderr(err):
            patch.setattr(os, call, failing)
            with contextlib.redirect_stdout(io.StringIO()):
                code = main(["tasks", "add", f"number {nth}", "--root", str(root)])
        after = todo.read_bytes()
        assert after.startswith(MINE.encode())
        if code == 0:
            assert f"number {nth}".encode() in after
            break
        assert code == 1 and after == before
        assert "todo.txt" in err.getvalue() and "No space left" in err.getvalue()
    else:
        raise AssertionError("it never came through")
    assert [path.name for path in root.iterdir()] == ["todo.txt"]


async def test_what_could_not_be_saved_is_said_and_saved_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = write(root / "todo.txt", MINE)
    monkeypatch.setattr(task_list, "WRITE_EVERY", 0.1)
    real = os.replace

    def full(source: object, target: object) -> None:
        if str(target).endswith("todo.txt"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)  # type: ignore[arg-type]

    async with dashboard(root) as eyes:
        await eyes.sees("My own line")
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            eyes.app.submit_intent(AddTask("Look at seed 3", str(root)))
            await eyes.sees("unsaved", "Look at seed 3")
            assert todo.read_text() == MINE
        await eyes.pilot.pause(0.3)
        eyes.app.submit_intent(Rescan())
        await eyes.until(lambda: "Look at seed 3" in todo.read_text(), "the save")
        await eyes.misses("unsaved")
    assert todo.read_text().startswith(MINE)


def test_kill_9_during_a_save_leaves_the_old_or_the_new(root: Path) -> None:
    todo = write(root / "todo.txt", MINE)
    dice, seen, kills = random.Random(3), 0, 0
    while kills < 40 or (seen <= 2 and kills < 400):  # a busy machine saves nothing in the first of them
        kills += 1
        child = os.fork()
        if child == 0:
            with contextlib.redirect_stdout(io.StringIO()):
                for n in range(1000):
                    main(["tasks", "add", f"task {n} " + "y" * 200, "--root", str(root)])
            os._exit(1)
        time.sleep(dice.uniform(0.005, 0.05) * (1 + kills / 40))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        text = todo.read_text()
        assert text.startswith(MINE) and text.endswith("\n")
        assert all(line.endswith("y" * 200) for line in text.splitlines()[2:])
        assert text.count("\n") >= seen
        seen = text.count("\n")
    assert seen > 2


ADDS = """
from runwatch.cli import main
for n in range({n}):
    assert main(["tasks", "add", "{who}-%03d" % n, "--root", {root!r}]) == 0
"""


def test_two_instances_lose_nothing_of_each_other(root: Path) -> None:
    todo = write(root / "todo.txt", MINE)
    count = 60
    children = [
        subprocess.Popen(
            [sys.executable, "-c", ADDS.format(n=count, who=who, root=str(root))], stdout=subprocess.DEVNULL
        )
        for who in ("left", "right")
    ]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    text = todo.read_text()
    assert text.startswith(MINE)
    assert all(f"{who}-{n:03d}" in text for who in ("left", "right") for n in range(count))


async def test_two_dashboards_and_an_editor(root: Path) -> None:
    todo = write(root / "todo.txt", MINE)
    async with dashboard(root) as one, dashboard(root) as two:
        await two.sees("manages the tasks")
        one.app.submit_intent(AddTask("from the first", str(root)))
        two.app.submit_intent(AddTask("from the second", str(root)))
        for eyes in (one, two):
            await eyes.sees("from the first", "from the second")
        todo.write_text(todo.read_text() + "from an editor\n")
        for eyes in (one, two):
            await eyes.sees("from an editor")


def test_no_home_at_all(root: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    bare = {"PATH": os.environ["PATH"], "HOME": "", "XDG_STATE_HOME": "/dev/null/x"}
    told = subprocess.run(
        [sys.executable, "-m", "runwatch", "ls", str(root), "--json"],
        env=bare,
        capture_output=True,
        check=True,
    )
    assert strict(told.stdout.decode())["runs"][0]["id"] == "a"
    add = [sys.executable, "-m", "runwatch", "tasks", "add", "x", "--root", str(root)]
    refused = subprocess.run(add, env=bare, capture_output=True, text=True)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "todo.txt" in refused.stderr and ";" in refused.stderr


def test_a_lock_that_cannot_be_had_is_not_laid_at_the_lists_door(
    root: Path, own_places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    todo = write(root / "todo.txt", MINE)
    (own_places / "xdg_state_home" / "runwatch").write_text("no folder")
    assert main(["tasks", "add", "new", "--root", str(root)]) == 1
    told = capsys.readouterr().err
    assert f"{todo}: not saved: no lock in {own_places}" in told and "XDG_STATE_HOME" in told, told
    assert todo.read_text() == MINE


async def test_a_state_that_cannot_be_written_is_one_notice(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, "/dev/null/nowhere")
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    assert only_run(root)["id"] == "a"
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000", "/dev/null/nowhere")
        await eyes.press("!")
        await eyes.sees("Problems", "be written")


@pytest.mark.parametrize("junk", [b"no database at all" * 100, b""], ids=["junk", "empty"])
async def test_a_broken_state_is_kept_aside_and_said(root: Path, own_places: Path, junk: bytes) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    state = own_places / "xdg_state_home" / "runwatch" / "state.db"
    cache = own_places / "xdg_cache_home" / "runwatch" / "cache.db"
    write(state, junk)
    write(cache, junk)
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        if junk:
            await eyes.press("!")
            await eyes.sees("was broken", "state.db")
    kept = [path for path in state.parent.iterdir() if path.read_bytes() == junk]
    assert bool(kept) == bool(junk)
    assert ls(root)["runs"][0]["id"] == "a"


async def test_a_state_broken_while_it_is_used(root: Path, own_places: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    state = own_places / "xdg_state_home" / "runwatch" / "state.db"
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        for path in state.parent.glob("state.db*"):
            path.write_bytes(os.urandom(path.stat().st_size))
        eyes.app.submit_intent(AddTask("still here", str(root)))
        await eyes.sees("still here")
        with (root / "a" / "metrics.csv").open("a") as file:
            file.write("2,0.25\n")
        await eyes.sees("0.2500")


def test_our_files_are_ours_alone(root: Path, own_places: Path) -> None:
    write(root / "a" / "metrics.jsonl", '{"step": 1, "loss": NaN}\n')
    os.umask(os.umask(0o022))
    said("check", str(root), "--fail-on", "never")
    said("tasks", "add", "x", "--root", str(root))
    ours = [path for path in own_places.rglob("runwatch/**/*") if path.is_file()]
    assert ours
    for path in ours:
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.parent.stat().st_mode & 0o077 == 0, path.parent


def test_the_todo_file_is_never_made_in_a_root_unasked(root: Path) -> None:
    write(root / "a" / "metrics.jsonl", '{"step": 1, "loss": NaN}\n' * 5)
    said("check", str(root), "--fail-on", "never")
    said("tasks", "list", "--root", str(root))
    assert sorted(path.name for path in root.iterdir()) == ["a"]


def test_a_state_held_by_another_process_for_long_does_not_stop_reading(root: Path, own_places: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    said("check", str(root), "--fail-on", "never")
    state = own_places / "xdg_state_home" / "runwatch" / "state.db"
    if not state.exists():
        pytest.skip("check keeps no state")
    holder = sqlite3.connect(state, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        assert only_run(root)["id"] == "a"
    finally:
        holder.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("how", ["configuration", "link"])
async def test_a_root_cannot_make_us_write_elsewhere(root: Path, tmp_path: Path, how: str) -> None:
    victim = write(tmp_path / "profile", "export PATH\n")
    write(root / "a" / "metrics.jsonl", '{"step": 1, "loss": NaN}\n' * 5)
    if how == "link":
        (root / "todo.txt").symlink_to(victim)
    else:
        write(root / "runwatch.toml", f'[tasks]\nfile = "{victim}"\n')
    async with dashboard(root) as eyes:
        await eyes.press("!")
        await eyes.sees("todo.txt" if how == "link" else "runwatch.toml", "then: ")
        eyes.app.submit_intent(AddTask("mine", str(root)))
        await eyes.press("escape")
        await eyes.sees("mine")
    assert victim.read_text() == "export PATH\n"
