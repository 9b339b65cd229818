"""What the version before kept is opened without loss; ``fixtures/state/0.1.0.db`` is a state that it made
(watching ``sample_runs``, a run pinned, a task done; the user's folder renamed)."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from runwatch.alerts.dispatch import load
from runwatch.cli import main
from runwatch.store.cache import VERSION
from runwatch.store.state import State
from runwatch.system.folders import cache_dir, state_dir
from runwatch.system.identity import earlier_identity, host_name, root_identity

KEPT = Path(__file__).parents[1] / "fixtures" / "state" / "0.1.0.db"
DAY = 86400.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root of that name whose state is the earlier version's, which named roots by their path alone."""
    root = tmp_path / "clinic"
    root.mkdir()
    folder = state_dir()
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(KEPT, folder / "state.db")
    with sqlite3.connect(folder / "state.db") as database:
        for table in ("records", "events", "pins", "silences"):
            database.execute(f"UPDATE {table} SET root = ?", (earlier_identity(str(root)),))
        database.execute(
            "UPDATE notes SET key = replace(key, 'id:clinic', ?)", (earlier_identity(str(root)),)
        )
    database.close()
    return root


def test_nothing_of_an_earlier_version_is_lost(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    before = State(state_dir())
    old = earlier_identity(str(root))
    records, pin = before.records(old), before.pinned(old)
    assert len(records) >= 6 and pin is not None and before.silences(old, time.time())
    before.close()

    assert main(["baseline", "show", "--root", str(root)]) == 0
    said = capsys.readouterr().out
    assert "runs/champion-seed-2" in said and "quarter's end" in said
    assert main(["tasks", "history", "--since", "2026-01-01", "--root", str(root)]) == 0
    assert "done by a person" in capsys.readouterr().out
    after = State(state_dir())
    new = root_identity(str(root))
    assert after.records(new) == records and after.pinned(new) == pin
    assert not after.records(old) and after.silences(new, time.time())
    after.close()


def test_what_was_alerted_and_pinned_before_is_known(root: Path) -> None:
    """Else everything is sent once more after an update."""
    old, new = earlier_identity(str(root)), root_identity(str(root))
    state = State(state_dir())
    told, champions = state.noted(f"alerts::{old}"), state.noted(f"champions:{old}")
    state.save_view(old, "wide")
    state.mark_seen([old], 1796003400.0)
    assert told and champions and state.take_over(old, new, host_name())
    kept = [state.noted(f"alerts::{new}") == told, state.noted(f"champions:{new}") == champions]
    assert kept == [True, True]
    assert (state.saved_view(new), state.looked([new])) == ("wide", 1796003400.0)
    assert sorted(load(told).known) == sorted(json.loads(told)["known"])
    state.close()


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_a_cache_of_another_version_is_made_anew(
    root: Path, version: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    folder = cache_dir()
    assert folder is not None and main(["ls", str(root)]) == 0
    with sqlite3.connect(folder / "cache.db") as database:
        database.execute(f"PRAGMA user_version = {version}")
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f"DROP TABLE {table}")
        database.execute("CREATE TABLE runs (of_another_kind TEXT)")
    database.close()
    for _ in range(2):
        assert main(["ls", str(root)]) == 0
        assert "0.4000" in capsys.readouterr().out


def test_another_machines_state_is_not_taken(root: Path) -> None:
    old, new = earlier_identity(str(root)), root_identity(str(root))
    state = State(state_dir())
    state._write("INSERT INTO leases VALUES (?, 't', 1, 'another-box', 0, 0)", old)
    assert not state.take_over(old, new, "this-box")
    assert state.records(old) and not state.records(new)
    state.close()


def test_a_private_list_comes_along(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from runwatch.system.folders import root_dir

    folder = root_dir(earlier_identity(str(root)))
    assert folder is not None
    folder.mkdir(parents=True)
    (folder / "todo.txt").write_text("write the model card\n")
    assert main(["tasks", "--root", str(root)]) == 0
    assert "write the model card" in capsys.readouterr().out
