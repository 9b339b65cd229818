"""Databases that others write while we look."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from looking import dashboard, footprint, ls, write

SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
    experiment_id INTEGER, lifecycle_stage TEXT);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN,
    PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
INSERT INTO experiments VALUES (1, 'churn', 'active');
INSERT INTO runs VALUES ('r1', 'first', 'RUNNING', 1700000000000, NULL, 1, 'active');
"""


@contextmanager
def _writer(path: Path) -> Iterator[sqlite3.Connection]:
    """A tracking server with its database open in WAL mode."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.executescript(SCHEMA)
        yield connection


def _log(connection: sqlite3.Connection, step: int, value: float) -> None:
    row = ("loss", value, 1700000000000 + step, "r1", step, 0)
    connection.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)


async def test_rows_in_the_wal_are_seen_and_the_folder_stays_as_it_was(root: Path) -> None:
    with _writer(root / "mlflow.db") as connection:
        _log(connection, 1, 0.5)
        (root / "mlflow.db-shm").unlink()
        before = footprint(root)
        (run,) = ls(root)["runs"]
        assert run["metrics"]["loss"]["last"] == 0.5
        async with dashboard(root) as eyes:
            await eyes.sees("0.5000")
            assert footprint(root) == before
            _log(connection, 2, 0.25)
            await eyes.sees("0.2500")
        after = footprint(root)
        assert set(after) == set(before)
        assert after[str(root / "mlflow.db")] == before[str(root / "mlflow.db")]


async def test_a_transaction_under_way_is_not_shown_and_its_end_is(root: Path) -> None:
    with _writer(root / "mlflow.db") as connection:
        _log(connection, 1, 0.5)
        async with dashboard(root) as eyes:
            await eyes.sees("0.5000")
            connection.execute("BEGIN EXCLUSIVE")
            _log(connection, 2, 0.25)
            assert ls(root)["runs"][0]["metrics"]["loss"]["last"] == 0.5
            connection.execute("COMMIT")
            await eyes.sees("0.2500")


async def test_a_checkpoint_that_empties_the_wal_loses_nothing(root: Path) -> None:
    with _writer(root / "mlflow.db") as connection:
        _log(connection, 1, 0.5)
        async with dashboard(root) as eyes:
            await eyes.sees("0.5000")
            _log(connection, 2, 0.25)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            await eyes.sees("0.2500")
    assert ls(root)["runs"][0]["metrics"]["loss"]["count"] == 2


def test_a_database_cut_short_or_full_of_noise_is_a_problem(root: Path) -> None:
    with _writer(root / "mlflow.db") as connection:
        _log(connection, 1, 0.5)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = (root / "mlflow.db").read_bytes()
    write(root / "b" / "metrics.csv", "step,loss\n1,0.125\n")
    for bad in (data[: len(data) // 2], data[:5000] + os.urandom(len(data) - 5000)):
        write(root / "mlflow.db", bad)
        found = ls(root)
        told = [p for p in found["problems"] if p["file"] == "mlflow.db"]
        told += [p for run in found["runs"] for p in run["problems"] if p["file"] == "mlflow.db"]
        assert told or any(run["id"].startswith("mlflow.db") or "r1" in run["id"] for run in found["runs"])
        assert any(run["id"] == "b" for run in found["runs"])
        assert not any("failed" in p["message"] for p in told)
