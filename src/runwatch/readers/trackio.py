"""Trackio: one SQLite file a project, with the tables ``metrics`` and ``configs``.

A run's id is ``<file>#<name>``; a later run of the same name gets the start of its run id behind it. Older
files know runs by their name alone."""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from runwatch.domain.operations import HParams, Label, Operation, Replace, Started
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json, sqlite
from runwatch.readers.common.point_log import PointLog
from runwatch.text.units import plural

NAME = "trackio"
LOOKS_FOR = ("*.db", "*.sqlite", "*.sqlite3", "*.db3")
ROWS = 50_000


def claim(listing: Listing) -> Iterable[Claim]:
    """SQLite files with Trackio's tables (MLflow has ``metrics``, but no ``configs``)."""
    return sqlite.claims(listing, NAME, NAME, {"metrics", "configs"})


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """New rows of both tables since the last ids seen."""
    return sqlite.read(source, cursor, lambda connection: _Pass(connection, source, cursor).reading())


class _Pass:
    """One reading of an open database. State: ``row`` and ``mark`` of the last metric, ``configs`` a CRC,
    ``ids`` from Trackio's key of a run to ours."""

    def __init__(self, connection: sqlite3.Connection, source: SourceFile, cursor: Cursor | None) -> None:
        self._db = connection
        self._source = source
        self._state = dict(cursor.state) if cursor is not None else {}
        self._ids: dict[str, str] = dict(self._state.get("ids", {}))
        self._prefix = source.file.removesuffix(sqlite.WAL) + "#"
        self._by_run: dict[str, list[Operation]] = {}
        self._skipped = 0
        known = sqlite.columns(connection, "metrics")
        if not {"id", "run_name", "step", "metrics"} <= known:
            raise ValueError("not a Trackio database: the table metrics lacks its columns")
        self._key = "run_id" if "run_id" in known else "run_name"

    def reading(self) -> Reading:
        if "row" in self._state and self._mark(self._state["row"]) != self._state["mark"]:
            for name in self._ids.values():
                self._add(name, Replace())
            self._state, self._ids = {}, {}
        more = self._metrics()
        self._configs()
        self._state["ids"] = self._ids
        cursor = Cursor(offset=self._source.stat.size, stat=self._source.stat, state=self._state)
        return Reading(self._by_run, cursor, self._problems(), more)

    def _problems(self) -> tuple[Problem, ...]:
        if not self._skipped:
            return ()
        message = f"{plural(self._skipped, 'row')} without a JSON object or a step"
        return (Problem(self._source.file, "table metrics", message, "log numbers by name"),)

    def _add(self, name: str, operation: Operation) -> None:
        self._by_run.setdefault(self._prefix + name, []).append(operation)

    def _name(self, key: str, name: str) -> str:
        known = self._ids.get(key)
        if known is None:
            taken = set(self._ids.values())
            known = name if name not in taken else f"{name}-{key[:8]}"
            known = known if known not in taken else f"{name}-{key}"
            self._ids[key] = known
            self._add(known, Label("name", name))
            self._add(known, Label("project", self._prefix.rpartition("/")[2].rpartition(".")[0]))
        return known

    def _mark(self, row: int) -> int:
        newest = self._db.execute(
            f"SELECT {self._key}, step, metrics FROM metrics WHERE id = ?", (row,)
        ).fetchone()
        return zlib.crc32(repr(newest).encode("utf-8", "backslashreplace"))

    def _metrics(self) -> bool:
        select = (
            f"SELECT id, {self._key}, run_name, step, timestamp, metrics FROM metrics"
            " WHERE id > ? ORDER BY id LIMIT ?"
        )
        rows, _, large = sqlite.rows(self._db, select, "metrics", self._state.get("row", -(2**63)), ROWS)
        self._skipped += large
        logs: dict[str, PointLog] = {}
        for _, key, name, step, stamp, text in rows:
            values = _object(text)
            if values is None or not isinstance(step, int):
                self._skipped += 1
                continue
            run, wall = self._name(str(key), str(name)), moment(stamp)
            log = logs.setdefault(run, PointLog())
            log.next_row()
            for tag, value in bounded_json.flat_numbers(values).items():
                log.add(tag, step, value, wall)
        for run, log in logs.items():
            for operation in log.operations():
                self._add(run, operation)
        if rows:
            self._state["row"] = rows[-1][0]
            self._state["mark"] = self._mark(rows[-1][0])
        return len(rows) + large >= ROWS and bool(rows)

    def _configs(self) -> None:
        known = sqlite.columns(self._db, "configs")
        if not {"run_name", "config"} <= known:
            return
        key = "run_id" if "run_id" in known else "run_name"
        select = f"SELECT rowid, {key}, run_name, config FROM configs WHERE rowid > ? ORDER BY rowid LIMIT ?"
        rows = [row[1:] for row in sqlite.rows(self._db, select, "configs").found]
        digest = zlib.crc32(repr(rows).encode("utf-8", "backslashreplace"))
        if self._state.get("configs") == digest:
            return
        self._state["configs"] = digest
        for run_key, name, text in rows:
            values = _object(text)
            if values is not None:
                for operation in _config(values):
                    self._add(self._name(str(run_key), str(name)), operation)


def _config(values: dict[str, object]) -> Iterator[Operation]:
    """The user's own keys; those that Trackio adds begin with an underscore."""
    own = {key: value for key, value in values.items() if not key.startswith("_")}
    if own:
        yield HParams(own)
    if isinstance(values.get("_Group"), str):
        yield Label("group", str(values["_Group"]))
    created = moment(values.get("_Created"))
    if not math.isnan(created):
        yield Started(created)


def _object(text: object) -> dict[str, object] | None:
    if not isinstance(text, (str, bytes)):
        return None
    try:
        value = bounded_json.parse(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def moment(text: object) -> float:
    """An ISO 8601 time with a zone in seconds since the epoch; NaN when it is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan
