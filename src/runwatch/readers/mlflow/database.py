"""MLflow's database: one SQLite file that holds many runs; a run's id is ``<file>#<run id>``."""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from runwatch.domain.operations import Evidence, HParams, Operation, Replace
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import sqlite
from runwatch.readers.common.point_log import column
from runwatch.readers.mlflow._terms import LATEST, about, evidence, seconds, tagged
from runwatch.text.units import plural

NAME = "mlflow-db"
FORMAT = "mlflow"
LOOKS_FOR = ("*.db", "*.sqlite", "*.sqlite3", "*.db3")
ROWS = 200_000

_TABLES = frozenset(("runs", "metrics", "params", "tags", "experiments"))
_LARGEST = 1.797e308
_MARKING = "SELECT key, value, timestamp, run_uuid, step FROM metrics WHERE rowid = ?"


def claim(listing: Listing) -> Iterable[Claim]:
    """SQLite files by MLflow's name or with MLflow's tables."""
    return sqlite.claims(listing, NAME, FORMAT, {"alembic_version", "runs"}, "mlflow")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """New rows of ``metrics`` since the last one seen; runs, params and tags anew when they changed."""

    def rows(connection: sqlite3.Connection) -> Reading:
        missing = sorted(table for table in _TABLES if not sqlite.columns(connection, table))
        if missing:
            raise ValueError(f"not an MLflow database: it lacks {', '.join(missing)}")
        return _MlflowStore(connection, source, cursor).read()

    return sqlite.read(source, cursor, rows)


class _MlflowRun(msgspec.Struct, frozen=True):
    key: str
    name: str
    status: str
    started: object
    ended: object
    experiment: str


class _MlflowStore(sqlite.StorePass):
    """State: ``row`` and ``mark`` of the last metric, ``facts`` a checksum of all else."""

    _skipped = 0

    def read(self) -> Reading:
        runs, deleted = self._runs()
        if "row" in self.state and self.mark(_MARKING, self.state["row"]) != self.state["mark"]:
            self.state = {}
            for key in runs:
                self.add(key, Replace())
        known = self._facts(runs)
        if self.state.get("facts") != known:
            if "facts" in self.state:
                for key in deleted:
                    self.add(key, Replace())
            self._tell_facts(runs)
            self.state["facts"] = known
        more = self._metrics(runs)
        if not self._skipped:
            return self.reading(more)
        message = f"{plural(self._skipped, 'metric row')} without a number or a step"
        return self.reading(more, Problem(self.source.file, "table metrics", message, "log numbers only"))

    def _runs(self) -> tuple[dict[str, _MlflowRun], list[str]]:
        select = (
            "SELECT r.rowid, r.run_uuid, r.name, r.status, r.start_time, r.end_time, e.name,"
            " coalesce(r.lifecycle_stage, '') = 'deleted' OR coalesce(e.lifecycle_stage, '') = 'deleted'"
            " FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id"
            " WHERE r.rowid > ? ORDER BY r.rowid LIMIT ?"
        )
        rows = [row[1:] for row in self.rows(select, "runs").found]
        alive, deleted = {}, []
        for run, name, status, started, ended, experiment, gone in rows:
            if gone:
                deleted.append(str(run))
                continue
            alive[str(run)] = _MlflowRun(
                str(run),
                name=str(name or ""),
                status=str(status),
                started=started,
                ended=ended,
                experiment=str(experiment or ""),
            )
        return alive, deleted

    def _facts(self, runs: Mapping[str, _MlflowRun]) -> list[int]:
        """Changes when a run, a param or a tag is added, or a run's row changes."""
        facts = [zlib.crc32(repr(sorted(map(repr, runs.values()))).encode("utf-8", "backslashreplace"))]
        for table in ("params", "tags"):
            count, last = self.db.execute(f"SELECT count(*), max(rowid) FROM {table}").fetchone()
            facts += [count, last or 0]
        return facts

    def _tell_facts(self, runs: Mapping[str, _MlflowRun]) -> None:
        params, tags = self._pairs("params"), self._pairs("tags")
        for key, run in runs.items():
            self.add(key, *about(run.status, run.ended, run.started, run.name, run.experiment))
            if key in params:
                self.add(key, HParams(params[key]))
            self.add(key, *tagged(tags.get(key, {}), self.prefix))

    def _pairs(self, table: str) -> dict[str, dict[str, str]]:
        pairs: dict[str, dict[str, str]] = {}
        select = f"SELECT rowid, run_uuid, key, value FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
        for _, run, key, value in self.rows(select, table).found:
            pairs.setdefault(str(run), {})[str(key)] = "" if value is None else str(value)
        return pairs

    def _metrics(self, runs: Mapping[str, _MlflowRun]) -> bool:
        select = (
            "SELECT rowid, run_uuid, key, step, timestamp, value, is_nan FROM metrics"
            " WHERE rowid > ? ORDER BY rowid LIMIT ?"
        )
        rows, _, large = self.rows(select, "metrics", self.state.get("row", -(2**63)), ROWS)
        if not rows:
            return False
        self.state["row"], self.state["mark"] = rows[-1][0], self.mark(_MARKING, rows[-1][0])
        more = len(rows) + large >= ROWS
        good = [row for row in rows if type(row[3]) is int and type(row[5]) in (int, float)]
        self._skipped += len(rows) - len(good)
        good = [row for row in good if row[1] in runs]
        for run, operation in _by_series(good):
            self.add(run, operation)
        for run, stamp in {row[1]: row[4] for row in good}.items():
            self._alive(runs[run], seconds(stamp))
        return more

    def _alive(self, run: _MlflowRun, at: float | None) -> None:
        status = evidence(run.status, None)
        if status is not None and status.status == "running" and at is not None:
            self.add(run.key, Evidence("running", status.reason, at=at))


def _by_series(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, Operation]]:
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
        yield run, column(str(tag), whole.where(order[start:end]), lines[order[start:end]])
