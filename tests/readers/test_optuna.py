"""Optuna's storages: SQLite files of 4.9.0 and 5.0.0, and a journal of 5.0.0 (tests/fixtures/makers)."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from growing import grown, summaries
from harness import FIXTURES, Told, claims, read_all

from runwatch.domain.operations import Evidence, HParams, Label, Started, Stated
from runwatch.readers import console
from runwatch.readers.base import Reader
from runwatch.readers.mlflow import database as mlflow_db
from runwatch.readers.optuna import database as optuna
from runwatch.readers.optuna import journal as optuna_journal

STORES = FIXTURES / "optuna"
FILES = (("optuna-4.db", optuna), ("optuna-5.db", optuna), ("journal.log", optuna_journal))


def trials(root: Path, file: str, reader: Reader) -> dict[str, Told]:
    shutil.copy(STORES / file, root / file)
    runs = read_all(reader, root).runs
    return {run.removeprefix(f"{file}#"): told for run, told in runs.items()}


def last(told: Told) -> dict[str, tuple[int, int, float]]:
    return {tag: (len(p), int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


@pytest.mark.parametrize(("file", "reader"), FILES)
def test_studies_and_trials(tmp_path: Path, file: str, reader: Reader) -> None:
    found = trials(tmp_path, file, reader)
    assert sorted(found) == [*(f"tune/{i}" for i in range(7)), "two/0", "two/1"]
    first = found["tune/0"]
    assert last(first) == {
        "value/intermediate": (4, 3, pytest.approx(2.335779293963866)),
        "value": (1, 3, pytest.approx(2.085779293963866)),
    }
    assert first.hparams == {
        "x": pytest.approx(0.2928810235639485),
        "act": "relu",
        "layers": 2,
        "note": "made",
    }
    assert {said.section for said in first.of(HParams)} == {"hparams", "config"}
    assert {label.key: label.value for label in first.of(Label)} == {"name": "tune/0", "group": "tune"}
    assert set(first.of(Stated)) == {Stated("value", "min"), Stated("value/intermediate", "min")}
    assert last(found["two/1"]) == {"accuracy": (1, 0, pytest.approx(0.0083131)), "latency": (1, 0, 0.5)}
    assert set(found["two/1"].of(Stated)) == {Stated("accuracy", "max"), Stated("latency", "min")}


@pytest.mark.parametrize(("file", "reader"), FILES)
def test_states_and_values_that_are_no_numbers(tmp_path: Path, file: str, reader: Reader) -> None:
    found = trials(tmp_path, file, reader)
    said = {run: told.of(Evidence)[-1] for run, told in found.items()}
    assert [said[f"tune/{i}"].status for i in (0, 2, 3, 6)] == ["finished", "finished", "crashed", "running"]
    assert said["tune/2"].reason == "Optuna pruned the trial after step 2"
    assert last(found["tune/2"])["value"] == (1, 2, pytest.approx(11.072726930448985))
    assert math.isinf(last(found["tune/4"])["value"][2])
    assert "value" not in found["tune/3"].series


@contextmanager
def zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def test_times_are_utc_since_5_and_local_before(tmp_path: Path) -> None:
    with zone("Asia/Tokyo"):
        starts = {file: trials(tmp_path, file, reader)["tune/0"].of(Started)[0].at for file, reader in FILES}
    assert starts["optuna-5.db"] == pytest.approx(1796000552.988616)
    assert starts["journal.log"] == pytest.approx(1796000555.178825)
    assert starts["optuna-4.db"] == pytest.approx(1796000559.072439 - 9 * 3600)


def test_a_study_that_goes_on_is_read_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "optuna-5.db"
    shutil.copy(STORES / path.name, path)
    session = read_all(optuna, tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE trials SET state = 'COMPLETE', datetime_complete = '2026-11-30 02:00:00' WHERE number = 6"
        )
        db.execute("INSERT INTO trial_intermediate_values VALUES (900, 7, 5, 0.25, 'FINITE')")
        db.execute("INSERT INTO trial_values VALUES (900, 7, 0, 0.125, 'FINITE')")
        db.execute("INSERT INTO trials VALUES (90, 7, 1, 'WAITING', NULL, NULL)")
    run = session.look().runs["optuna-5.db#tune/6"]
    assert last(run) == {"value/intermediate": (1, 5, 0.25), "value": (1, 5, 0.125)}
    assert run.of(Evidence)[-1].status == "finished"
    assert "optuna-5.db#tune/7" not in session.runs
    whole = read_all(optuna, tmp_path)
    assert summaries(session) == summaries(whole)


def test_a_study_that_was_deleted_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "optuna-5.db"
    shutil.copy(STORES / path.name, path)
    session = read_all(optuna, tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        for table in ("trial_values", "trial_params"):
            db.execute(
                f"DELETE FROM {table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = 1)"
            )
        db.execute("DELETE FROM trials WHERE study_id = 1")
        db.execute("DELETE FROM studies WHERE study_id = 1")
    session.look()
    assert not session.runs["optuna-5.db#tune/0"].series
    assert last(session.runs["optuna-5.db#two/1"])["latency"] == (1, 0, 0.5)


def test_any_split_of_a_journal_reads_the_same(tmp_path: Path) -> None:
    data = (STORES / "journal.log").read_bytes()
    whole = grown(optuna_journal, tmp_path / "a", "journal.log", data, [])
    for cut in range(100, len(data), 1700):
        assert grown(optuna_journal, tmp_path / "b", "journal.log", data, [cut, cut + 333]) == whole


def test_strange_records_of_a_journal_are_said(tmp_path: Path) -> None:
    lines = (STORES / "journal.log").read_bytes().split(b"\n")
    (tmp_path / "j.log").write_bytes(
        b"\n".join([*lines[:3], b'{"op_code":7,"trial_id":99}', b'{"op_code":"x"}', b"{", *lines[3:]])
    )
    session = read_all(optuna_journal, tmp_path)
    assert len(session.runs) == 9
    assert [problem.where for problem in session.problems] == ["line 4", "line 6"]


def test_nobody_else_takes_these_files() -> None:
    assert claims(console, STORES) == [] == claims(mlflow_db, STORES)
    assert {claim.format for reader in (optuna, optuna_journal) for claim in claims(reader, STORES)} == {
        "optuna"
    }


def test_a_database_without_optunas_columns_is_said(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        for table in ("studies", "trials", "trial_params", "trial_values", "version_info"):
            db.execute(f"CREATE TABLE {table} (a)")
    assert [problem.message for problem in read_all(optuna, tmp_path).problems] == [
        "cannot be read: not an Optuna storage: the table trials lacks its columns"
    ]


def test_a_giant_cell_costs_its_row_alone(tmp_path: Path) -> None:
    """Neither the row before it nor the study it belongs to."""
    file = Path(shutil.copy(STORES / "optuna-5.db", tmp_path))
    usual = trials(tmp_path, "optuna-5.db", optuna)["tune/0"].hparams
    with closing(sqlite3.connect(file)) as connection:
        insert = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (1, ?, ?)"
        for key, text in (("before", '"b"'), ("giant", f'"{"y" * 2_000_000}"'), ("after", '"a"')):
            connection.execute(insert, (key, text))
        connection.commit()
    session = read_all(optuna, tmp_path)
    assert session.runs["optuna-5.db#tune/0"].hparams == {**usual, "before": "b", "after": "a"}
    assert [problem.message for problem in session.problems] == [
        "1 row with a name or a value above 1 MiB, skipped"
    ]
