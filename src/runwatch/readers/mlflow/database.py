"""MLflow's database: one SQLite file that holds many runs; a run's id is ``<file>#<run id>``."""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from runwatch.domain.operations import Append, Evidence, HParams, Label, Operation, Replace, Started
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import sqlite
from runwatch.readers.mlflow._terms import LATEST, evidence, seconds, tagged
from runwatch.text.units import plural

NAME = "mlflow-db"
FORMAT = "mlflow"
LOOKS_FOR = ("*.db", "*.sqlite", "*.sqlite3", "*.db3")
ROWS = 200_000

_TABLES = frozenset(("runs", "metrics", "params", "tags", "experiments"))
_LARGEST = 1.797e308


def claim(listing: Listing) -> Iterable[Claim]:
    """SQLite files by MLflow's name or with MLflow's tables."""
    return sqlite.claims(listing, NAME, FORMAT, {"alembic_version", "runs"}, "mlflow")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """New rows of ``metrics`` since the last one seen; runs, params and tags anew when they changed."""

    def rows(connection: sqlite3.Connection) -> Reading:
        missing = sorted(table for table in _TABLES if not sqlite.columns(connection, table))
        if missing:
            raise ValueError(f"not an MLflow database: it lacks {', '.join(missing)}")
        return _Pass(connection, source, cursor).reading()

    return sqlite.read(source, cursor, rows)


class _MlflowRun(msgspec.Struct, frozen=True):
    key: str
    name: str
    status: str
    started: object
    ended: object
    experiment: str


class _Pass:
    """One reading of an open database."""

    def __init__(self, connection: sqlite3.Connection, source: SourceFile, cursor: Cursor | None) -> None:
        self._db = connection
        self._source = source
        self._state = dict(cursor.state) if cursor is not None else {}
        self._prefix = source.file.removesuffix(sqlite.WAL) + "#"
        self._by_run: dict[str, list[Operation]] = {}
        self._skipped = self._large = 0

    def reading(self) -> Reading:
        runs, deleted = self._runs()
        anew = "row" in self._state and self._mark(self._state["row"]) != self._state["mark"]
        if anew:
            self._state = {}
            for key in runs:
                self._add(key, Replace())
        facts = self._facts(runs)
        if self._state.get("facts") != facts:
            if "facts" in self._state:
                for key in deleted:
                    self._add(key, Replace())
            self._tell_facts(runs)
            self._state["facts"] = facts
        more = self._metrics(runs)
        cursor = Cursor(offset=self._source.stat.size, stat=self._source.stat, state=self._state)
        return Reading(self._by_run, cursor, self._problems(), more)

    def _add(self, key: str, operation: Operation) -> None:
        self._by_run.setdefault(self._prefix + key, []).append(operation)

    def _problems(self) -> tuple[Problem, ...]:
        problems = []
        if self._skipped:
            message = f"{plural(self._skipped, 'metric row')} without a number or a step"
            problems.append(Problem(self._source.file, "table metrics", message, "log numbers only"))
        if self._large:
            message = f"{plural(self._large, 'row')} with a name or a value above 1 MiB, skipped"
            problems.append(Problem(self._source.file, None, message, "log it as an artifact"))
        return tuple(problems)

    def _runs(self) -> tuple[dict[str, _MlflowRun], list[str]]:
        select = (
            "SELECT r.rowid, r.run_uuid, r.name, r.status, r.start_time, r.end_time, e.name,"
            " coalesce(r.lifecycle_stage, '') = 'deleted' OR coalesce(e.lifecycle_stage, '') = 'deleted'"
            " FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id"
            " WHERE r.rowid > ? ORDER BY r.rowid LIMIT ?"
        )
        selected = sqlite.rows(self._db, select, "runs")
        self._large += selected.large
        rows = [row[1:] for row in selected.found]
        alive = {str(r[0]): _MlflowRun(str(r[0]), str(r[1] or ""), str(r[2]), r[3], r[4], str(r[5] or ""))
                 for r in rows if not r[6]}  # fmt: skip
        return alive, [str(row[0]) for row in rows if row[6]]

    def _facts(self, runs: Mapping[str, _MlflowRun]) -> list[int]:
        """Changes when a run, a param or a tag is added, or a run's row changes."""
        facts = [zlib.crc32(repr(sorted(map(repr, runs.values()))).encode("utf-8", "backslashreplace"))]
        for table in ("params", "tags"):
            count, last = self._db.execute(f"SELECT count(*), max(rowid) FROM {table}").fetchone()
            facts += [count, last or 0]
        return facts

    def _tell_facts(self, runs: Mapping[str, _MlflowRun]) -> None:
        params, tags = self._pairs("params"), self._pairs("tags")
        for key, run in runs.items():
            status = evidence(run.status, seconds(run.ended))
            if status is not None:
                self._add(key, status)
            started = seconds(run.started)
            if started is not None:
                self._add(key, Started(started))
            if run.name:
                self._add(key, Label("name", run.name))
            if run.experiment:
                self._add(key, Label("project", run.experiment))
            if key in params:
                self._add(key, HParams(params[key]))
            for operation in tagged(tags.get(key, {}), self._prefix):
                self._add(key, operation)

    def _pairs(self, table: str) -> dict[str, dict[str, str]]:
        pairs: dict[str, dict[str, str]] = {}
        select = f"SELECT rowid, run_uuid, key, value FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
        rows = sqlite.rows(self._db, select, table)
        self._large += rows.large
        for _, run, key, value in rows.found:
            pairs.setdefault(str(run), {})[str(key)] = "" if value is None else str(value)
        return pairs

    def _mark(self, row: int) -> int:
        """What the row of that number says, as a checksum: it tells a database that was made anew."""
        newest = self._db.execute(
            "SELECT key, value, timestamp, run_uuid, step FROM metrics WHERE rowid = ?", (row,)
        ).fetchone()
        return zlib.crc32(repr(newest).encode("utf-8", "backslashreplace"))

    def _metrics(self, runs: Mapping[str, _MlflowRun]) -> bool:
        select = (
            "SELECT rowid, run_uuid, key, step, timestamp, value, is_nan FROM metrics"
            " WHERE rowid > ? ORDER BY rowid LIMIT ?"
        )
        rows, _, large = sqlite.rows(self._db, select, "metrics", self._state.get("row", -(2**63)), ROWS)
        self._large += large
        if not rows:
            return False
        self._state["row"], self._state["mark"] = rows[-1][0], self._mark(rows[-1][0])
        more = len(rows) + large >= ROWS
        good = [row for row in rows if type(row[3]) is int and type(row[5]) in (int, float)]
        self._skipped += len(rows) - len(good)
        good = [row for row in good if row[1] in runs]
        for run, append in _by_series(good):
            self._add(run, append)
        for run, stamp in {row[1]: row[4] for row in good}.items():
            self._alive(runs[run], seconds(stamp))
        return more

    def _alive(self, run: _MlflowRun, at: float | None) -> None:
        status = evidence(run.status, None)
        if status is not None and status.status == "running" and at is not None:
            self._add(run.key, Evidence("running", status.reason, at=at))


def _by_series(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, Append]]:
    """Rows (row id, run, tag, step, milliseconds, value, is_nan) as points by run and tag, in row order.

    MLflow stores NaN as 0 with a mark, and infinities as the largest doubles."""
    if not rows:
        return
    numbered, runs, tags, steps, stamps, values, marks = zip(*rows, strict=True)
    names: dict[tuple[str, str], int] = {}
    codes = np.array([names.setdefault(pair, len(names)) for pair in zip(runs, tags, strict=True)])
    order = np.argsort(codes, kind="stable")
    numbers = np.array(values, dtype=np.float64)
    numbers = np.where(np.abs(numbers) >= _LARGEST, np.copysign(np.inf, numbers), numbers)
    numbers[np.array([mark == 1 for mark in marks])] = np.nan
    walls = np.array([stamp if type(stamp) is int else math.nan for stamp in stamps]) / 1000
    walls[~((walls > 0) & (walls < LATEST))] = np.nan
    whole, lines = Points.of(steps, numbers, walls), np.array(numbered, dtype=np.int64)
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for (run, tag), start, end in zip(names, [0, *ends[:-1]], ends, strict=True):
        yield run, Append(str(tag), whole.where(order[start:end]), lines[order[start:end]])
