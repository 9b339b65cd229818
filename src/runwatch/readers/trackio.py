"""Trackio: one SQLite file a project, with the tables ``metrics`` and ``configs``.

A run's id is ``<file>#<name>``; a later run of the same name gets the start of its run id behind it. Older
files know runs by their name alone."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator

from runwatch.domain.operations import HParams, Label, Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json, sqlite
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.facts import facts
from runwatch.readers.common.point_log import PointLog
from runwatch.readers.common.row_steps import RowSteps
from runwatch.text.units import plural

NAME = "trackio"
LOOKS_FOR = ("*.db", "*.sqlite", "*.sqlite3", "*.db3")
ROWS = 50_000


def claim(listing: Listing) -> Iterable[Claim]:
    """SQLite files with Trackio's tables (MLflow has ``metrics``, but no ``configs``)."""
    return sqlite.claims(listing, NAME, NAME, {"metrics", "configs"})


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    """New rows of both tables since the last ids seen."""
    return sqlite.read(source, cursor, lambda connection: _TrackioStore(connection, source, cursor).read())


class _TrackioStore(sqlite.StorePass):
    """State: ``row`` and ``mark`` of the last metric, ``configs`` a CRC, ``ids`` from Trackio's key of a run
    to ours, ``at`` the last step that each run named itself."""

    def __init__(self, connection: sqlite3.Connection, source: SourceFile, cursor: Cursor | None) -> None:
        super().__init__(connection, source, cursor)
        self._ids: dict[str, str] = dict(self.state.get("ids", {}))
        self._at: dict[str, int] = dict(self.state.get("at", {}))
        self._skipped = 0
        known = sqlite.columns(connection, "metrics")
        if not {"id", "run_name", "step", "metrics"} <= known:
            raise ValueError("not a Trackio database: the table metrics lacks its columns")
        self._key = "run_id" if "run_id" in known else "run_name"
        self._marking = f"SELECT {self._key}, step, metrics FROM metrics WHERE id = ?"

    def read(self) -> Reading:
        if "row" in self.state and self.mark(self._marking, self.state["row"]) != self.state["mark"]:
            for name in self._ids.values():
                self.add(name, Replace())
            self.state, self._ids, self._at = {}, {}, {}
        more = self._metrics()
        self._configs()
        self.state |= {"ids": self._ids, "at": self._at}
        if not self._skipped:
            return self.reading(more)
        message = f"{plural(self._skipped, 'row')} without a JSON object or a step"
        problem = Problem(self.source.file, "table metrics", message, "log numbers by name")
        return self.reading(more, problem)

    def _name(self, key: str, name: str) -> str:
        known = self._ids.get(key)
        if known is None:
            taken = set(self._ids.values())
            known = name if name not in taken else f"{name}-{key[:8]}"
            known = known if known not in taken else f"{name}-{key}"
            self._ids[key] = known
            project = self.prefix.rpartition("/")[2].rpartition(".")[0]
            self.add(known, Label("name", name), Label("project", project))
        return known

    def _metrics(self) -> bool:
        select = (
            f"SELECT id, {self._key}, run_name, step, timestamp, metrics FROM metrics"
            " WHERE id > ? ORDER BY id LIMIT ?"
        )
        rows, _, large = self.rows(select, "metrics", self.state.get("row", -(2**63)), ROWS)
        logs: dict[str, PointLog] = {}
        for _, key, name, step, stamp, text in rows:
            values = _object(text)
            if values is None or not isinstance(step, int):
                self._skipped += 1
                continue
            run, wall = self._name(str(key), str(name)), moment(stamp)
            self._row(logs.setdefault(run, PointLog()), run, step, values, wall)
        for run, log in logs.items():
            self.add(run, *log.operations())
        if rows:
            self.state["row"] = rows[-1][0]
            self.state["mark"] = self.mark(self._marking, rows[-1][0])
        return len(rows) + large >= ROWS and bool(rows)

    def _row(self, log: PointLog, run: str, counted: int, values: dict[str, object], wall: float) -> None:
        steps = RowSteps(at=self._at.get(run))
        row = list(bounded_json.flat_numbers(values).items())
        step = steps.place(row, counted)
        if steps.at is not None:
            self._at[run] = steps.at
        log.next_row()
        for tag, value in row:
            if not steps.is_counter(tag):
                log.add(tag, step, value, wall)

    def _configs(self) -> None:
        known = sqlite.columns(self.db, "configs")
        if not {"run_name", "config"} <= known:
            return
        key = "run_id" if "run_id" in known else "run_name"
        select = f"SELECT rowid, {key}, run_name, config FROM configs WHERE rowid > ? ORDER BY rowid LIMIT ?"
        rows = [row[1:] for row in self.rows(select, "configs").found]
        digest = zlib.crc32(repr(rows).encode("utf-8", "backslashreplace"))
        if self.state.get("configs") == digest:
            return
        self.state["configs"] = digest
        for run_key, name, text in rows:
            values = _object(text)
            if values is not None:
                self.add(self._name(str(run_key), str(name)), *_config(values))


def _config(values: dict[str, object]) -> Iterator[Operation]:
    """The user's own keys; those that Trackio adds begin with an underscore."""
    own = {key: value for key, value in values.items() if not key.startswith("_")}
    if own:
        yield HParams(own)
    yield from facts(group=values.get("_Group"), started=moment(values.get("_Created")))


def _object(text: object) -> dict[str, object] | None:
    if not isinstance(text, (str, bytes)):
        return None
    try:
        value = bounded_json.parse(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
