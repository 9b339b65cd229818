import contextlib
import json
import multiprocessing
import os
import sqlite3
import stat
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.domain.intents import (
    AddNote,
    AddTask,
    ArchiveTasks,
    ClearBaseline,
    EditTask,
    FinishTask,
    Intent,
    KeepView,
    MarkLooked,
    PinBaseline,
    ReopenTask,
    Rescan,
    SetPriority,
    Silence,
    SnoozeTask,
    Undo,
    from_json,
    to_json,
)
from runwatch.domain.run import RunKey
from runwatch.domain.task import TaskEvent, TaskRecord
from runwatch.store.cache import CacheFile
from runwatch.store.state import MIGRATIONS, Holder, State, StateError
from runwatch.system.folders import state_dir
from runwatch.system.identity import root_identity

NOW = 1_790_000_000.0


def record(fingerprint: str = "f0", **changes: object) -> TaskRecord:
    values = {
        "state": "open",
        "rule": "run-crashed",
        "severity": "critical",
        "scope": "a",
        "title": "a crashed \udcff",
        "first_seen": NOW,
        "last_seen": NOW,
        "since": NOW,
    } | changes
    return TaskRecord(fingerprint, **values)


@pytest.fixture
def state(tmp_path: Path):
    opened = State(tmp_path / "state")
    yield opened
    opened.close()


def test_it_is_private_and_survives_a_restart(tmp_path):
    first = State(tmp_path / "state")
    event = TaskEvent("f0", NOW, "opened", "runwatch", "a \udcff", "critical")
    first.commit("r", {"f0": record()}, events=[event])
    first.pin("r", "/root", "runs/\udcff", NOW, "best so far")
    first.mark_seen(["r"], NOW)
    first.close()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "state.db").stat().st_mode) == 0o600
    again = State(tmp_path / "state")
    assert again.notice == "" and not again.in_memory
    assert again.records("r") == {"f0": record()} and again.records("other") == {}
    assert [entry.event for entry in again.history()] == [event]
    assert again.pinned("r") == ("/root", "runs/\udcff", NOW, "best so far")
    assert again.looked(["r"]) == NOW and again.looked(["other"]) is None
    assert again.unpin("r") and not again.unpin("r") and again.pinned("r") is None
    again.close()


def test_a_commit_is_whole_or_not_at_all(state):
    with pytest.raises(StateError):
        state.commit("r", {"f0": record()}, events=[TaskEvent("f0", NOW, object(), "person", "x")])
    assert state.records("r") == {}
    state.commit("r", {"f0": record(), "f1": record("f1")})
    state.commit("r", {}, gone=["f0"])
    assert set(state.records("r")) == {"f1"}


def test_history_since(state):
    for at in (1.0, 2.0, 3.0):
        state.commit("r", {}, events=[TaskEvent("f", NOW + at, "done", "person", "x")])
    assert [entry.event.at - NOW for entry in state.history(["r"], NOW + 2)] == [2.0, 3.0]
    assert state.history(["other"]) == []
    state.prune(NOW + 401 * 86400)
    assert state.history() == []


def test_silences_end(state):
    state.silence("r", "run-stalled", NOW + 10, NOW)
    assert state.silences("r", NOW + 5) == {"run-stalled": NOW + 10}
    assert state.silences("r", NOW + 10) == {}
    state.silence("r", "run-stalled", NOW, NOW)
    assert state.silences("r", NOW - 5) == {}


def test_one_writer_a_root(state):
    me = Holder("me", os.getpid(), "host", NOW, NOW)
    other = Holder("other", os.getpid(), "elsewhere", NOW, NOW + 5)
    assert state.take_lease("r", me, 30) is None
    assert state.take_lease("r", other, 30) == me
    assert state.take_lease("r", me._replace(beat=NOW + 10), 30) is None
    assert state.take_lease("r", other._replace(beat=NOW + 41), 30) is None
    assert state.take_lease("r", me._replace(beat=NOW + 42), 30).token == "other"
    state.give_lease("r", "other")
    assert state.take_lease("r", me._replace(beat=NOW + 43), 30) is None


def test_a_dead_writer_on_this_host_is_replaced_at_once(state):
    process = multiprocessing.get_context("spawn").Process(target=int)
    process.start()
    process.join()
    assert state.take_lease("r", Holder("dead", process.pid, "host", NOW, NOW), 30) is None
    assert state.take_lease("r", Holder("me", os.getpid(), "host", NOW, NOW + 1), 30) is None


INTENTS = [
    AddTask("text \udcff", "r"),
    SnoozeTask("r", "id", date(2026, 12, 1)),
    PinBaseline(RunKey("/root", "runs/a"), "why"),
    Undo("r", "token"),
    MarkLooked(),
    ClearBaseline("r"),
    FinishTask("r", "id"),
    ReopenTask("r", "id"),
    EditTask("r", "id", "text"),
    SetPriority("r", "id", None),
    ArchiveTasks("r"),
    Silence("r", "run-stalled", 7.5),
    AddNote("r", "batch", "b.parquet", "odd"),
    KeepView("r", "{}"),
    Rescan(),
]


def test_every_intent_is_tried():
    assert {type(intent) for intent in INTENTS} == set(get_args(Intent))


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: type(intent).__name__)
def test_an_intent_comes_back_as_it_was(intent):
    assert from_json(to_json(intent)) == intent


def test_an_intent_of_another_version_is_none():
    assert from_json('{"intent": "FlyToTheMoon", "of": {}}') is None


@given(st.text())
def test_nothing_but_an_intent_is_one(text):
    assert from_json(text) is None


def test_kept_facts_are_read_without_writing(tmp_path):
    state = State(tmp_path / "state")
    state.keep("a", {"n": 1}, NOW, 5.0)
    state.keep("b", {"n": 2}, NOW + 1, 5.0)
    assert state.kept() == (NOW + 1, 5.0, {"n": 2})
    assert state.kept("a") == (NOW, 5.0, {"n": 1})
    assert [row.at for row in state.kept_rows()] == [NOW + 1, NOW]
    state.keep("d", {"version": 99}, NOW, 5.0)
    assert state.kept("d") is None and state.kept("c") is None and len(state.kept_rows()) == 2
    state.prune(NOW + 61 * 86400)
    assert state.kept_rows() == []
    with pytest.raises(ValueError):
        state.keep("a", {"n": float("nan")}, NOW, 5.0)
    state.close()


def test_no_place_means_memory_and_a_notice():
    state = State(None)
    assert state.in_memory and "HOME" in state.notice
    state.commit("r", {"f0": record()})
    assert state.records("r") == {"f0": record()}
    state.close()


def test_a_read_only_state_goes_on_in_memory_with_what_was_there(tmp_path, monkeypatch):
    first = State(tmp_path / "state")
    first.commit("r", {"f0": record()})
    first.close()
    real = os.open

    def refuse(path, flags, *args, **kwargs):
        if str(path).endswith("state.db"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    state = State(tmp_path / "state")
    assert state.in_memory and "cannot be written" in state.notice
    assert set(state.records("r")) == {"f0"}
    state.commit("r", {"f1": record("f1")})
    assert set(state.records("r")) == {"f0", "f1"}
    state.close()


def test_a_file_that_is_no_database_is_kept_aside(tmp_path):
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 100)
    state = State(tmp_path)
    assert "kept as state.db.broken-1" in state.notice and not state.in_memory
    assert (tmp_path / "state.db.broken-1").read_bytes().startswith(b"not a database")
    state.commit("r", {"f0": record()})
    state.close()


def test_a_damaged_database_is_kept_aside_and_its_rows_rescued(tmp_path):
    state = State(tmp_path)
    state.pin("r", "/root", "runs/a", NOW)
    for number in range(400):
        state.commit("r", {str(number): record(str(number))})
    state.close()
    data = bytearray((tmp_path / "state.db").read_bytes())
    page = len(data) // 4096 // 2 * 4096
    data[page : page + 4096 * 3] = os.urandom(4096 * 3)
    (tmp_path / "state.db").write_bytes(data)
    state = State(tmp_path)
    while not state.notice:
        with contextlib.suppress(StateError):
            state.records("r")
            state.history()
            state.commit("r", {"new": record("new")})
    assert "kept as state.db.broken-1" in state.notice
    assert state.pinned("r") is not None
    state.commit("r", {"new": record("new")})
    assert "new" in state.records("r")
    state.close()


def test_a_newer_database_is_left_alone(tmp_path):
    State(tmp_path).close()
    with sqlite3.connect(tmp_path / "state.db") as other:
        other.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    other.close()
    before = (tmp_path / "state.db").read_bytes()
    state = State(tmp_path)
    assert state.in_memory and "newer runwatch" in state.notice
    state.close()
    assert (tmp_path / "state.db").read_bytes() == before


def _beats(directory: str, name: str) -> None:
    state = State(Path(directory))
    for number in range(100):
        state.commit("r", {f"{name}{number}": record(f"{name}{number}")})
    state.close()


def test_two_processes_write(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_beats, args=(str(tmp_path), name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    state = State(tmp_path)
    assert len(state.records("r")) == 200
    state.close()


@pytest.mark.parametrize(("make", "name"), [(State, "state.db"), (CacheFile, "cache.db")])
def test_no_memory_is_shared_through_a_file(tmp_path, make, name):
    """A mapped file that somebody cuts short ends the process by SIGBUS: so none is mapped."""
    with contextlib.closing(sqlite3.connect(tmp_path / name)) as old:
        old.execute("PRAGMA journal_mode=wal")
    kept = make(tmp_path)
    assert not list(tmp_path.glob("*-shm")) and not list(tmp_path.glob("*-wal"))
    kept.close()


def test_a_file_that_an_older_process_holds_in_wal_mode_is_used_all_the_same(tmp_path):
    State(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as older:
        older.execute("PRAGMA journal_mode=wal")
        older.execute("SELECT count(*) FROM notes").fetchall()
        state = State(tmp_path)
        state.note("a", "b")
        assert not state.in_memory and state.noted("a") == "b"
        state.close()


def test_places(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_dir().is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert state_dir() == tmp_path / "s" / "runwatch"
    (tmp_path / "link").symlink_to(tmp_path)
    assert root_identity(str(tmp_path / "link")) == root_identity(str(tmp_path))
    assert root_identity(str(tmp_path), "mine") == root_identity("/other", "mine") != root_identity("/other")


def test_stored_records_are_plain_json(state):
    state.commit("r", {"f0": record()})
    (body,) = state._db.execute("SELECT body FROM records").fetchone()
    assert json.loads(body)["rule"] == "run-crashed"
