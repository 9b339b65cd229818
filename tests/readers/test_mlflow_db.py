from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from expected import check
from growing import summaries
from harness import FIXTURES, Session, claims, read_all, stat_of
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Evidence, HParams, Label
from runwatch.readers.base import SourceFile
from runwatch.readers.common import sqlite
from runwatch.readers.mlflow import database

REAL = gzip.decompress((FIXTURES / "mlflow-sqlite" / "mlflow.db.gz").read_bytes())
SCHEMA = """
CREATE TABLE alembic_version (version_num TEXT);
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
    experiment_id INTEGER, lifecycle_stage TEXT);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN,
    PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
INSERT INTO experiments VALUES (1, 'churn', 'active'), (2, 'old', 'deleted');
INSERT INTO runs VALUES ('r1', 'first', 'RUNNING', 1700000000000, NULL, 1, 'active');
"""


def create(root: Path, name: str = "mlflow.db") -> sqlite3.Connection:
    connection = sqlite3.connect(root / name, isolation_level=None)
    connection.executescript(SCHEMA)
    return connection


def log(connection: sqlite3.Connection, step: int, value: float, run: str = "r1") -> None:
    row = ("loss", value, 1700000000000 + step, run, step, 0)
    connection.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)


def fingerprint(root: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.name: (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(root.iterdir())
    }


def test_the_real_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(REAL)
    session = read_all(database, tmp_path)
    check("mlflow-sqlite", session.runs)
    assert session.problems == []
    good = session.runs["mlflow.db#4e87ae450e4d4782a0b849a87e0981e8"]
    assert {label.key: label.value for label in good.of(Label)}["name"] == "good"
    assert {"mlflow.user": "me", "team": "risk"}.items() <= next(
        said.values for said in good.of(HParams) if said.section == "environment"
    ).items()
    child = session.runs["mlflow.db#59b7b5edeca646078751627a891852e7"]
    assert Label("parent", "mlflow.db#bb02c45b7c4c4921a15b4213e75012c0") in child.of(Label)


def test_it_is_known_by_its_tables_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "backend.sqlite3").write_bytes(REAL)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE metrics (a)")
        other.commit()
    assert [claim.files for claim in claims(database, tmp_path)] == [("backend.sqlite3",)]


def test_rows_of_a_live_wal_writer_are_seen_and_nothing_is_changed(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        log(writer, 0, 0.5)
        before = fingerprint(tmp_path)
        assert {"mlflow.db", "mlflow.db-wal", "mlflow.db-shm"} == set(before)
        session = read_all(database, tmp_path)
        assert list(session.runs["mlflow.db#r1"].series["loss"].steps) == [0]
        assert fingerprint(tmp_path) == before
        log(writer, 1, 0.4)
        assert list(session.look().runs["mlflow.db#r1"].series["loss"].steps) == [0, 1]
    assert list(session.look().runs["mlflow.db#r1"].series["loss"].steps) == [0, 1]


def test_a_read_only_directory_is_enough(tmp_path: Path) -> None:
    create(tmp_path).close()
    tmp_path.chmod(0o500)
    try:
        assert list(read_all(database, tmp_path).runs) == ["mlflow.db#r1"]
    finally:
        tmp_path.chmod(0o700)


def test_a_transaction_under_way_does_not_show(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        log(writer, 0, 0.5)
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        for step in range(1, 2000):
            log(writer, step, 0.4)
        assert (tmp_path / "mlflow.db-journal").exists()
        session = read_all(database, tmp_path)
        assert list(session.runs["mlflow.db#r1"].series["loss"].steps) == [0]
        writer.execute("COMMIT")
    assert len(session.look().runs["mlflow.db#r1"].series["loss"]) == 2000


def test_a_file_that_changes_under_our_hands_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(tmp_path).close()
    ticks = iter(range(10_000))

    def ticking(path: str) -> list[tuple[int, int, int, int] | None]:
        return [(0, 0, 10, next(ticks)), None, None]

    monkeypatch.setattr(sqlite, "_file_states", ticking)
    session = read_all(database, tmp_path)
    assert [problem.message for problem in session.problems] == ["busy, will retry"]
    monkeypatch.undo()
    assert list(session.look().runs) == ["mlflow.db#r1"]


def test_the_private_copy_is_private_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    create(tmp_path).close()
    with sqlite.opened(SourceFile(str(tmp_path), "mlflow.db", stat_of(tmp_path / "mlflow.db"))):
        (folder,) = runtime.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert list(runtime.iterdir()) == []


def test_status_params_and_tags_follow(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        session = read_all(database, tmp_path)
        told = session.runs["mlflow.db#r1"]
        assert told.of(Evidence)[-1].status == "running"
        writer.execute("INSERT INTO params VALUES ('lr', '0.1', 'r1')")
        writer.execute("UPDATE runs SET status = 'FAILED', end_time = 1700000009000")
        session.look()
        assert (told.of(Evidence)[-1].status, told.of(Evidence)[-1].at) == ("crashed", 1700000009.0)
        assert told.hparams == {"lr": "0.1"}


def test_what_is_deleted_is_left_out(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        writer.execute("INSERT INTO runs VALUES ('r2', 'x', 'FINISHED', 1, 2, 1, 'deleted')")
        writer.execute("INSERT INTO runs VALUES ('r3', 'x', 'FINISHED', 1, 2, 2, 'active')")
        for run in ("r1", "r2", "r3"):
            log(writer, 0, 0.5, run)
    assert list(read_all(database, tmp_path).runs) == ["mlflow.db#r1"]


def test_infinities_and_rows_that_are_no_numbers(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        for step, value in enumerate([1.7976931348623157e308, -1.7976931348623157e308, "junk"]):
            log(writer, step, value)  # type: ignore[arg-type]
        writer.execute("INSERT INTO metrics VALUES ('loss', 0, 1700000000009, 'r1', 9, 1)")
    session = read_all(database, tmp_path)
    points = session.runs["mlflow.db#r1"].series["loss"]
    assert [repr(float(value)) for value in points.values] == ["inf", "-inf", "nan"]
    assert [problem.message for problem in session.problems] == ["1 metric row without a number or a step"]


def test_a_database_made_anew_voids_the_old_one(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        log(writer, 5, 0.5)
    session = read_all(database, tmp_path)
    (tmp_path / "mlflow.db").unlink()
    with closing(create(tmp_path)) as writer:
        log(writer, 1, 0.1)
    assert list(session.look().runs["mlflow.db#r1"].series["loss"].steps) == [1]


def test_a_trap_of_a_view_is_no_table(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        writer.execute("DROP TABLE metrics")
        writer.execute(
            "CREATE VIEW metrics AS"
            " WITH RECURSIVE t(key) AS (SELECT 1 UNION ALL SELECT key FROM t) SELECT * FROM t"
        )
    session = read_all(database, tmp_path)
    assert [problem.message for problem in session.problems] == [
        "cannot be read: not an MLflow database: it lacks metrics"
    ]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=5), st.booleans())
def test_any_split_of_the_growth_gives_the_same(cuts: list[int], wal: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with closing(create(root)) as writer:
            writer.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
            session = Session([database], root)
            for step in range(12):
                if step in cuts:
                    session.look()
                log(writer, step % 7, step / 7)
            assert summaries(session.look()) == summaries(read_all(database, root))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(16, len(REAL) - 1), st.binary(min_size=1, max_size=64)), max_size=8))
def test_a_damaged_file_never_raises(blows: list[tuple[int, bytes]]) -> None:
    data = bytearray(REAL)
    for at, blow in blows:
        data[at : at + len(blow)] = blow
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "mlflow.db").write_bytes(data[: len(REAL)])
        summaries(read_all(database, Path(name)))


def test_a_pipe_of_that_name_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mlflow.db")
    assert claims(database, tmp_path) == []


def test_a_giant_value_is_refused_by_its_size_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(REAL)
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        run = connection.execute("SELECT run_uuid FROM params LIMIT 1").fetchone()[0]
        connection.execute(
            "INSERT INTO params (key, value, run_uuid) VALUES ('giant', zeroblob(3000000), ?)", (run,)
        )
        connection.execute("INSERT INTO params (key, value, run_uuid) VALUES ('after', '1', ?)", (run,))
    session = read_all(database, tmp_path)
    [told] = [told for key, told in session.runs.items() if key.endswith(run)]
    assert "after" in told.hparams and "giant" not in told.hparams
    assert any("above 1 MiB" in problem.message for problem in session.problems)


def test_the_run_before_one_with_a_giant_name_is_not_lost() -> None:
    """Python's cursor is a row ahead: the error of a row comes where the row before was asked for."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE runs (name TEXT)")
        for name in ("first", "x" * 2000, "y" * 2000, "second", "z" * 2000):
            connection.execute("INSERT INTO runs VALUES (?)", (name,))
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
        select = "SELECT rowid, name FROM runs WHERE rowid > ? ORDER BY rowid LIMIT ?"
        got = sqlite.rows(connection, select, "runs")
    assert (got.found, got.last, got.large) == ([(1, "first"), (4, "second")], 5, 3)
