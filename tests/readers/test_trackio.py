from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from expected import check
from growing import summaries
from harness import FIXTURES, Session, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import EpochAt, HParams, Label, Started
from runwatch.readers import trackio
from runwatch.readers.mlflow import database

REAL = gzip.decompress((FIXTURES / "trackio-finished" / "trackio" / "demo.db.gz").read_bytes())


def create(root: Path, with_run_id: bool = True) -> sqlite3.Connection:
    key = "run_id TEXT," if with_run_id else ""
    connection = sqlite3.connect(root / "demo.db", isolation_level=None)
    connection.execute(
        f"CREATE TABLE metrics (id INTEGER PRIMARY KEY, {key} timestamp TEXT, run_name TEXT, step INTEGER,"
        " metrics TEXT)"
    )
    connection.execute(f"CREATE TABLE configs (id INTEGER PRIMARY KEY, {key} run_name TEXT, config TEXT)")
    return connection


def log(
    connection: sqlite3.Connection, step: object, text: str, run: str = "r", key: str | None = "k1"
) -> None:
    columns = "timestamp, run_name, step, metrics" + (", run_id" if key else "")
    values = ("2026-01-01T00:00:00+00:00", run, step, text, *([key] if key else []))
    connection.execute(f"INSERT INTO metrics ({columns}) VALUES ({', '.join('?' * len(values))})", values)


def test_the_real_project(tmp_path: Path) -> None:
    (tmp_path / "demo.db").write_bytes(REAL)
    session = read_all(trackio, tmp_path)
    assert list(session.runs) == ["demo.db#tiny"]
    check("trackio-finished", {"tiny": session.runs["demo.db#tiny"]})
    told = session.runs["demo.db#tiny"]
    assert Label("project", "demo") in told.of(Label)
    assert told.of(HParams)[-1].values == {"lr": 0.1, "epochs": 2}
    assert told.of(Started)[-1].at > 1.7e9
    assert claims(database, tmp_path) == []


def test_rows_stand_at_the_step_that_the_trainer_names(tmp_path: Path) -> None:
    """Hugging Face's Trainer leaves Trackio to count its rows; a row of the caller's own names no step."""
    with closing(create(tmp_path)) as writer:
        for row, step in enumerate((50, 100, 150)):
            log(
                writer,
                row,
                f'{{"train/loss": 0.5, "train/global_step": {step}, "train/epoch": {step / 100}}}',
            )
        session = Session([trackio], tmp_path).look()
        log(writer, 3, '{"test/acc": 0.9}')
        (told,) = session.look().runs.values()
    assert {tag: points.steps.tolist() for tag, points in told.series.items()} == {
        "train/loss": [50, 100, 150],
        "test/acc": [150],
    }
    assert told.of(EpochAt)[0].points.values.tolist() == [0.5, 1.0, 1.5]


def test_two_runs_of_one_name_stay_two(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        log(writer, 0, '{"loss": 0.5}', key="k1")
        log(writer, 0, '{"loss": 0.7}', key="k2")
    runs = read_all(trackio, tmp_path).runs
    assert {run_id: float(told.series["loss"].values[0]) for run_id, told in runs.items()} == {
        "demo.db#r": 0.5,
        "demo.db#r-k2": 0.7,
    }


def test_older_files_know_runs_by_name(tmp_path: Path) -> None:
    with closing(create(tmp_path, with_run_id=False)) as writer:
        log(writer, 3, '{"val": {"acc": 0.5}, "note": "x", "bad": "nan"}', key=None)
        writer.execute(
            'INSERT INTO configs (run_name, config) VALUES (\'r\', \'{"lr": 0.1, "_Group": "g"}\')'
        )
    told = read_all(trackio, tmp_path).runs["demo.db#r"]
    assert set(told.series) == {"val/acc", "bad"}
    assert told.hparams == {"lr": 0.1}
    assert Label("group", "g") in told.of(Label)


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    with closing(create(tmp_path)) as writer:
        for step, text in ((0, "no json"), ("x", "{}"), (1, "[1]"), (2, '{"loss": 1}')):
            log(writer, step, text)
    session = read_all(trackio, tmp_path)
    assert list(session.runs["demo.db#r"].series["loss"].steps) == [2]
    assert [problem.message for problem in session.problems] == ["3 rows without a JSON object or a step"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 10), max_size=5), st.booleans())
def test_any_split_of_the_growth_gives_the_same(cuts: list[int], wal: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with closing(create(root)) as writer:
            writer.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
            session = Session([trackio], root)
            for step in range(10):
                if step in cuts:
                    session.look()
                log(writer, step % 4, json.dumps({"loss": step}), key=f"k{step % 2}")
            assert summaries(session.look()) == summaries(read_all(trackio, root))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(16, len(REAL) - 1), st.binary(min_size=1, max_size=64)), max_size=8))
def test_a_damaged_file_never_raises(blows: list[tuple[int, bytes]]) -> None:
    data = bytearray(REAL)
    for at, blow in blows:
        data[at : at + len(blow)] = blow
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "demo.db").write_bytes(data[: len(REAL)])
        summaries(read_all(trackio, Path(name)))
