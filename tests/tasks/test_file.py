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

from runwatch.system.identity import host_name
from runwatch.tasks.document import Document, LineEdit, inverse
from runwatch.tasks.file import TodoError, TodoFile, move_into

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


PIECES = [b"a\n", b"b\r\n", b"\n", b"\xff\n", b"\xef\xbb\xbfc\r\n"]


@given(st.lists(st.sampled_from(PIECES)), st.sampled_from([b"", b"x"]))
def test_a_new_line_comes_after_every_byte_and_ends_like_most(parts, unterminated):
    data = b"".join(parts) + unterminated
    windows = sum(part.endswith(b"\r\n") for part in parts)
    ending = b"\r\n" if windows > len(parts) - windows else b"\n"
    closed = data + ending if unterminated else data
    assert Document.decode(data).edited([LineEdit(None, "new")]).encode() == closed + b"new" + ending


CHANGED = st.builds(LineEdit, st.sampled_from("ab"), st.sampled_from("abd"), st.integers(0, 3))
ADDED_OR_GONE = st.builds(LineEdit, st.none(), st.sampled_from("acd")) | st.builds(
    LineEdit, st.just("c"), st.none(), st.integers(0, 1)
)


@given(st.lists(st.sampled_from("abc"), max_size=6), CHANGED, st.none() | ADDED_OR_GONE)
def test_a_change_and_what_takes_it_back_leave_the_file_as_it_was(lines, change, more):
    before = Document(tuple((line, "\n") for line in lines))
    edits = [change, more] if more else [change]
    after = before.edited(edits).edited(inverse(before.texts, edits))
    assert sorted(after.texts) == sorted(lines)
    if more is None or more.new is not None:
        assert after == before


def test_crlf_bom_and_odd_bytes_stay(todo):
    before = b"\xef\xbb\xbf(A) caf\xe9\r\n\r\nkey:value  spaces\t\r\nlast"
    todo.path.write_bytes(before)
    add(todo, "new")
    assert todo.path.read_bytes() == before + b"\r\nnew\r\n"


def test_equal_lines_are_told_apart():
    document = Document.decode(b"a\na\nb\n").edited([LineEdit("a", "x a", 1)])
    assert document.encode() == b"a\nx a\nb\n"
    assert document.edited([LineEdit("gone", "x")]) == document
    assert Document.decode(b"a\na\n").edited([LineEdit("a", "x a")]).encode() == b"x a\na\n"
    assert Document.decode(b"a\nb\na\n").edited([LineEdit("a", None, 7)]).encode() == b"a\nb\n"
    assert Document().edited([LineEdit(None, "a")]) == Document((("a", "\n"),))


def test_a_missing_file_is_empty_and_made(todo):
    assert todo.read() == Document()
    add(todo)
    assert todo.path.read_text() == ADDED + "\n"


@pytest.mark.parametrize(("folder", "file"), [(0o755, 0o644), (0o750, 0o640), (0o700, 0o600), (0o777, 0o644)])
def test_a_new_file_is_as_open_as_its_folder_and_never_more(todo, folder, file):
    todo.path.parent.chmod(folder)
    add(todo)
    assert todo.path.stat().st_mode & 0o777 == file


def test_only_a_private_file_makes_its_folder(tmp_path):
    private = TodoFile(tmp_path / "state" / "todo.txt", tmp_path / "locks", private=True)
    add(private)
    assert private.path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(TodoError, match="not saved"):
        add(TodoFile(tmp_path / "gone" / "todo.txt", tmp_path / "locks"))


def test_the_largest_file_that_is_read(todo):
    todo.path.write_bytes(b"a" * (8 * 2**20))
    assert todo.read().texts == ("a" * (8 * 2**20),)


def test_a_private_list_moves_into_the_root_once(tmp_path):
    private = TodoFile(tmp_path / "state" / "todo.txt", tmp_path / "locks", private=True)
    own = TodoFile(tmp_path / "todo.txt", tmp_path / "locks")
    move_into(own, private)
    assert not own.path.exists()
    add(private, "mine")
    add(private, "mine")
    move_into(own, private)
    assert own.read().texts == ("mine", "mine") and os.listdir(private.path.parent) == ["todo.txt.moved"]
    for line in ("mine", "mine", "mine"):
        add(private, line)
    own.path.write_text("of an editor\nmine\nmine\n")
    move_into(own, private)
    assert own.read().texts == ("of an editor", "mine", "mine", "mine"), "nobody's line is lost"


def test_no_folder_for_locks_is_said(tmp_path):
    (tmp_path / "locks").write_text("a file")
    with pytest.raises(TodoError, match="no lock in") as caught:
        add(TodoFile(tmp_path / "todo.txt", tmp_path / "locks"))
    assert caught.value.why == "unlocked" and not (tmp_path / "todo.txt").exists()


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
    odd = TodoFile(todo.path.with_name("t[o]d*.txt"), todo.path.parent.parent / "locks")
    mine, anothers = (
        todo.path.with_name(f".{name}.old.runwatch-tmp") for name in ("t[o]d*.txt", "toddle.txt")
    )
    for stray in (mine, anothers):
        stray.touch()
        os.utime(stray, (1, 1))
    add(odd)
    assert not mine.exists() and anothers.exists()


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


@pytest.mark.parametrize("now", ["b", "x 2026-01-01 b, and more", ""])
def test_what_an_editor_changes_while_it_is_put_away_stays_and_is_not_put_away(todo, monkeypatch, now):
    todo.path.write_text("x 2026-01-01 a\nx 2026-01-01 b\nc\n")
    done = todo.path.with_name("done.txt")
    done.write_text("x 2025-01-01 old\n")
    edits = iter([f"x 2026-01-01 a\n{now}\nc\n"])
    monkeypatch.setattr(
        os, "fsync", lambda fd: todo.path.write_text(text) if (text := next(edits, None)) else None
    )
    assert todo.put_away(lambda line: line.startswith("x ")) == 1
    assert todo.path.read_text() == f"{now}\nc\n"
    assert done.read_text() == "x 2025-01-01 old\nx 2026-01-01 a\n"


def test_what_could_not_be_put_away_is_not_put_away(todo, monkeypatch):
    todo.path.write_text("x 2026-01-01 a\nc\n")
    calls = iter(range(9))

    def full(fd: int) -> None:
        if next(calls) == 2:  # done.txt and its folder were saved
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TodoError, match="disk is full"):
        todo.put_away(lambda line: line.startswith("x "))
    assert todo.path.read_text() == "x 2026-01-01 a\nc\n"
    assert todo.archive().texts == ()


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
    for owner in (
        "other-host 1",
        f"{host_name()} {os.getpid()}",
        "torn",
        f"{host_name()} torn",
        f"{host_name()} {10**30}",
    ):
        held.write_text(owner + "\n")
        with pytest.raises(TodoError, match="holds the lock"):
            add(todo)
        assert held.read_text() == owner + "\n"
    os.utime(held, (time.time() - 61, time.time() - 61))
    add(todo, "after a stale lock")
    held.write_text(f"{host_name()} 999999999\n")
    add(todo, "after one whose process is gone")

    def look(document: Document) -> list[LineEdit]:
        assert held.read_text() == f"{host_name()} {os.getpid()}\n"
        assert held.stat().st_mode & 0o777 == 0o600
        return []

    todo.update(look)
    assert not held.exists()
    assert todo.read().texts == (ADDED, "after a stale lock", "after one whose process is gone")


def test_a_lock_that_fails_is_no_lock(todo, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(TodoError, match="Input/output error"):
        add(todo)
    assert not todo.path.exists()


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
