import errno
import fcntl
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.tasks.document import Document, LineEdit
from runwatch.tasks.file import TodoError, TodoFile

ADDED = "2026-11-26 new line"


def add(file: TodoFile, text: str = ADDED) -> Document:
    return file.update(lambda document: [LineEdit(None, text)])


@pytest.fixture
def todo(tmp_path: Path) -> TodoFile:
    (tmp_path / "work").mkdir()
    return TodoFile(tmp_path / "work" / "todo.txt", tmp_path / "locks", timeout=0.2)


@given(st.binary(max_size=200))
def test_any_bytes_survive(data):
    document = Document.decode(data)
    assert document.encode() == data
    assert document.edited([]).encode() == data


@given(
    st.lists(st.sampled_from([b"a", b"b\r", b"", b"\xff\xfe", b"\xef\xbb\xbfc"]), max_size=8), st.booleans()
)
def test_only_the_edited_line_changes(parts, unterminated):
    data = b"\n".join([*parts, b"target", b"end"]) + (b"" if unterminated else b"\n")
    document = Document.decode(data).edited([LineEdit("target", "done")])
    assert document.encode() == data.replace(b"target", b"done")


def test_crlf_bom_and_odd_bytes_stay(todo):
    before = b"\xef\xbb\xbf(A) caf\xe9\r\n\r\nkey:value  spaces\t\r\nlast"
    todo.path.write_bytes(before)
    add(todo, "new")
    assert todo.path.read_bytes() == before + b"\r\nnew\r\n"


def test_equal_lines_are_told_apart():
    document = Document.decode(b"a\na\nb\n").edited([LineEdit("a", "x a", 1)])
    assert document.encode() == b"a\nx a\nb\n"
    assert document.edited([LineEdit("gone", "x")]) == document


def test_a_missing_file_is_empty_and_made(todo):
    assert todo.read() == Document()
    add(todo)
    assert todo.path.read_text() == ADDED + "\n"


def test_mode_stays_and_no_temporary_file_is_left(todo):
    todo.path.write_text("a\n")
    todo.path.chmod(0o640)
    add(todo)
    assert todo.path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(todo.path.parent) == ["todo.txt"]


def test_a_link_stays_a_link(todo, tmp_path):
    target = tmp_path / "elsewhere.txt"
    target.write_text("a\n")
    todo.path.symlink_to(target)
    add(todo)
    assert todo.path.is_symlink() and target.read_text() == f"a\n{ADDED}\n"


def test_old_stray_files_are_swept_and_young_ones_kept(todo):
    old, young = (todo.path.with_name(f".todo.txt.{name}.runwatch-tmp") for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (1, 1))
    add(todo)
    assert not old.exists() and young.exists()


def test_things_that_are_no_todo_file(todo, tmp_path):
    os.mkfifo(todo.path)
    with pytest.raises(TodoError, match="not a regular file"):
        add(todo)
    todo.path.unlink()
    todo.path.write_bytes(b"\xff\xfea\0")
    with pytest.raises(TodoError, match="UTF-16"):
        todo.read()
    todo.path.write_bytes(b"a" * (8 * 2**20 + 1))
    with pytest.raises(TodoError, match="larger than 8 MiB"):
        add(todo)
    with pytest.raises(TodoError, match="set HOME"):
        add(TodoFile(tmp_path / "t.txt", None))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_every_failing_call_leaves_the_old_file_or_the_new(todo, monkeypatch, call, code):
    old = b"(A) keep me\r\n"
    real = getattr(os, call)
    for nth in range(1, 6):
        todo.path.write_bytes(old)
        calls = 0

        def failing(*args, nth=nth):
            nonlocal calls
            calls += 1
            if calls == nth:
                raise OSError(code, os.strerror(code))
            return real(*args)

        monkeypatch.setattr(os, call, failing)
        try:
            add(todo)
            saved = True
        except TodoError as error:
            saved = False
            assert error.why in {"full", "read-only", "unreadable"} and ";" in str(error)
        monkeypatch.setattr(os, call, real)
        assert todo.path.read_bytes() == (old + ADDED.encode() + b"\r\n" if saved else old)
        assert os.listdir(todo.path.parent) == ["todo.txt"]
        if calls < nth:
            return
    raise AssertionError("the save never ran through")


def test_a_short_write_is_continued(todo, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:3])))
    add(todo)
    assert todo.path.read_text() == ADDED + "\n"


def test_an_editor_that_saves_meanwhile_loses_nothing(todo):
    todo.path.write_text("a\n")
    calls = []

    def make(document: Document) -> list[LineEdit]:
        if not calls:
            todo.path.write_text("a\nfrom the editor\n")
        calls.append(document.texts)
        return [LineEdit("a", "x a")]

    todo.update(make)
    assert todo.path.read_text() == "x a\nfrom the editor\n"
    assert calls == [("a",), ("a", "from the editor")]


def test_it_gives_up_after_three_tries(todo):
    def make(document: Document) -> list[LineEdit]:
        todo.path.write_text("a" * (len(document.texts[0]) + 1 if document.texts else 1))
        return [LineEdit(None, "mine")]

    with pytest.raises(TodoError, match="three tries"):
        todo.update(make)
    assert todo.path.read_text() == "aaa"


def test_a_held_lock_is_said(todo):
    add(todo)
    lock = next((todo.path.parent.parent / "locks").iterdir())
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(TodoError, match="holds the lock") as caught:
            add(todo)
    assert caught.value.why == "busy"


def test_without_flock_an_exclusive_file_is_the_lock(todo, monkeypatch):
    def no_flock(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_flock)
    add(todo)
    locks = todo.path.parent.parent / "locks"
    assert [path.suffix for path in locks.iterdir()] == [".lock"]
    held = next(locks.iterdir()).with_suffix(".lock.held")
    held.write_text("other-host 1\n")
    with pytest.raises(TodoError, match="holds the lock"):
        add(todo)
    os.utime(held, (time.time() - 61, time.time() - 61))
    add(todo, "after a stale lock")
    assert todo.read().texts == (ADDED, "after a stale lock")


def _adds(directory: str, name: str, count: int) -> None:
    file = TodoFile(Path(directory) / "todo.txt", Path(directory) / "locks", timeout=60)
    for number in range(count):
        file.update(lambda document, line=f"{name} {number}": [LineEdit(None, line)])


def test_two_processes_lose_nothing(tmp_path):
    (tmp_path / "todo.txt").write_text("mine\n")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_adds, args=(str(tmp_path), name, 200)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    lines = (tmp_path / "todo.txt").read_text().splitlines()
    assert lines[0] == "mine" and len(lines) == 401
    assert [line for line in lines if line.startswith("a ")] == [f"a {number}" for number in range(200)]
    assert [line for line in lines if line.startswith("b ")] == [f"b {number}" for number in range(200)]


_ENDLESS = """
import sys
from pathlib import Path
from runwatch.tasks.document import LineEdit
from runwatch.tasks.file import TodoFile
here = Path(sys.argv[1])
file = TodoFile(here / "todo.txt", here / "locks", timeout=30)
turn = 0
print("go", flush=True)
while True:
    turn += 1
    old = file.read().texts[0]
    file.update(lambda document: [LineEdit(old, ("abc"[turn % 3]) * 300_000)])
"""


def test_kill_9_during_a_save_leaves_old_or_new(tmp_path):
    (tmp_path / "todo.txt").write_text("a" * 300_000 + "\nlast\n")
    chance = random.Random(6)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "go\n"
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        first, last = (tmp_path / "todo.txt").read_text().splitlines()
        assert len(first) == 300_000 and len(set(first)) == 1 and last == "last"
