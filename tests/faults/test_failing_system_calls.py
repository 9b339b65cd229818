"""The n-th system call of a kind fails, for every n, below Python and SQLite: a shim before the C library
fails it. Commands end in words and by their exit codes, the user's files stay whole, the watching goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from looking import write

HERE = Path(__file__).parent
KINDS = {
    "open": errno.EMFILE,
    "read": errno.EIO,
    "write": errno.ENOSPC,
    "fsync": errno.EIO,
    "rename": errno.EACCES,
    "unlink": errno.EACCES,
    "mkdir": errno.EACCES,
    "stat": errno.EACCES,
}
ALL = bool(os.environ.get("RUNWATCH_ALL_FAULTS"))


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler (or no LD_PRELOAD) here")
    made = tmp_path_factory.mktemp("shim") / "failing_calls.so"
    built = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "failing_calls.c"), "-ldl"],
        capture_output=True, text=True,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"the shim cannot be built here: {built.stderr[-200:]}")
    return str(made)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder below which calls fail: a root with two runs and a to-do file, and the state of its user."""
    folder = tmp_path / "place"
    write(
        folder / "root" / "a" / "metrics.csv", "step,loss\n" + "".join(f"{i},{1 / i}\n" for i in range(1, 9))
    )
    write(folder / "root" / "bad" / "metrics.jsonl", '{"step": 1, "loss": NaN}\n' * 5)
    write(folder / "root" / "todo.txt", "call Ana\n")
    return folder


def attempts(
    shim: str, place: Path, command: Sequence[str], every: int, kinds: dict[str, int] = KINDS
) -> list[dict[str, Any]]:
    """What came of each attempt; with RUNWATCH_ALL_FAULTS in the environment, of every one there is."""
    environment = {f"XDG_{name}_HOME": str(place / name.lower()) for name in ("STATE", "CACHE", "CONFIG")}
    job = {"folder": str(place), "command": command, "kinds": kinds, "every": 1 if ALL else every}
    done = subprocess.run(
        [sys.executable, str(HERE / "failing_driver.py")],
        env={**os.environ, **environment, "LD_PRELOAD": shim, "OMP_NUM_THREADS": "1"},
        input=json.dumps(job), capture_output=True, text=True, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(made) > len(kinds) and sum(one["hits"] for one in made) >= len(made) - len(kinds)
    for one in made:
        assert not one["late"], one
        assert "Traceback" not in one["said"] and "internal error" not in one["said"], one
    assert len({one["others"] for one in made if "late" not in command[0]}) == 1, "only the list is written"
    return made


def test_a_check_ends_in_words(shim: str, place: Path) -> None:
    root = str(place / "root")
    for one in attempts(shim, place, ["check", root], every=11):
        assert one["code"] in (0, 1, 2, 3), one
        assert one["todo"] == "call Ana\n", one


def test_a_task_is_added_whole_or_not_at_all_and_that_is_said(shim: str, place: Path) -> None:
    root = str(place / "root")
    for one in attempts(shim, place, ["tasks", "add", "(A) call Bob", "--root", root], every=7):
        todo = one["todo"]
        assert todo.startswith("call Ana\n") and todo.count("\n") in (1, 2) and todo.endswith("\n"), one
        assert one["code"] in (0, 1, 2), one
        if (
            "call Bob" not in todo
        ):  # a list that cannot be asked about gives way to the user's own, and says so
            assert one["code"] or "cannot be read" in one["said"], one
            assert ";" in one["said"] and str(place) in one["said"], one


def test_a_task_is_ticked_whole_or_not_at_all(shim: str, place: Path) -> None:
    write(place / "root" / "todo.txt", "call Ana\ncall Bob\nkeep this  line\tas it is\n")
    for one in attempts(shim, place, ["tasks", "done", "call Bob", "--root", str(place / "root")], every=7):
        first, second, third = one["todo"].splitlines()
        assert first == "call Ana" and third == "keep this  line\tas it is", one
        assert second == "call Bob" or (second.startswith("x ") and second.endswith("call Bob")), one
        assert one["code"] or second.startswith("x "), one


def test_the_watching_goes_on(shim: str, place: Path) -> None:
    kinds = {**KINDS, "inotify": errno.ENOSPC}
    for one in attempts(shim, place, ["(watch)", str(place / "root")], every=60, kinds=kinds):
        assert one["code"] == 0, one
        assert one["todo"].startswith("call Ana\n"), one


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC, errno.EACCES])
def test_no_inotify_call_ends_the_watching(shim: str, place: Path, code: int) -> None:
    for one in attempts(shim, place, ["(watch)", str(place / "root")], every=1, kinds={"inotify": code}):
        assert one["code"] == 0, one
