"""The n-th call of the operating system fails, for every n: each command ends in words, the to-do file is as
before or as after, and the next call without a fault answers as if nothing had been."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from looking import write

from runwatch.cli import main

CALLS = ("open", "pread", "read", "write", "fsync", "replace", "stat", "scandir", "fchmod", "mkdir")
ERRORS = {"open": errno.EMFILE, "write": errno.ENOSPC, "fsync": errno.EIO, "replace": errno.EACCES}


class Faults:
    """Counts one call of ``os`` on files below ``folder``, and fails the n-th."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder, self._patch = str(folder), patch
        self._name, self._left, self.failed = "", 0, False

    def arm(self, name: str, number: int) -> None:
        self._name, self._left, self.failed = name, number, False
        self._patch.setattr(os, name, self._failing(getattr(os, name)))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if args and self._is_ours(args[0]):
                self._left -= 1
                if self._left == 0:
                    self.failed = True
                    code = ERRORS.get(self._name, errno.EIO)
                    raise OSError(code, os.strerror(code))
            return real(*args, **options)

        return call

    def _is_ours(self, what: Any) -> bool:
        if isinstance(what, int):
            try:
                what = os.readlink(f"/proc/self/fd/{what}")
            except OSError:
                return False
        return isinstance(what, str | os.PathLike) and os.fspath(what).startswith(self._folder)


def _call(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main(list(words))
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    root = tmp_path / "root"
    write(root / "a" / "metrics.csv", "step,loss\n" + "".join(f"{i},{1 / i}\n" for i in range(1, 9)))
    write(root / "bad" / "metrics.jsonl", '{"step": 1, "loss": NaN}\n' * 5)
    write(root / "todo.txt", "call Ana\n")
    _call("check", str(root))
    return tmp_path


def _numbers(most: int = 400) -> Iterator[int]:
    yield from range(1, most)


@pytest.mark.parametrize("call", CALLS)
def test_a_look_ends_in_words(place: Path, call: str) -> None:
    root = str(place / "root")
    whole = _call("ls", root, "--json")[1]
    for number in _numbers():
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(place, patch)
            faults.arm(call, number)
            code, said = _call("check", root)
        assert code in (0, 1, 2, 3) and "internal error" not in said and "Traceback" not in said, (
            number,
            said,
        )
        if not faults.failed:
            break
    assert _same(_call("ls", root, "--json")[1], whole)


def _in_words(said: str) -> bool:
    return "internal error" not in said and "Traceback" not in said


def _same(one: str, other: str) -> bool:
    return [line for line in (one, other) if '"bad"' in line and '"a"' in line] == [one, other]


@pytest.mark.parametrize("call", CALLS)
def test_a_task_is_saved_whole_or_not_at_all(place: Path, call: str) -> None:
    root, todo = str(place / "root"), place / "root" / "todo.txt"
    before = todo.read_text()
    for number in _numbers():
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(place, patch)
            faults.arm(call, number)
            code, said = _call("tasks", "add", f"(A) call Bob {number:03}", "--root", root)
        now = todo.read_text()
        assert code in (0, 1, 2) and _in_words(said), (number, said)
        lines = now.splitlines()  # with what was put by in runwatch's own folder while this could not be read
        assert now.startswith(before) and len(lines) == len(set(lines)), (number, now)
        assert code or f"call Bob {number:03}" in now or "cannot be read" in said, (number, said)
        left = [path.name for path in todo.parent.iterdir() if path.name.startswith(".todo")]
        assert not left, (number, left)
        todo.write_text(before)
        if not faults.failed:
            break
    assert code == 0
