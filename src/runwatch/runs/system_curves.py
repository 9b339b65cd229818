"""Curves of the machine that a tracker wrote beside a run's own: W&B's system statistics, Trackio's system
metrics. Read when somebody looks at them, on from where the last look ended."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Iterable

import numpy as np

from runwatch.domain.points import Points
from runwatch.readers.base import Cursor, SourceFile, read_tail
from runwatch.readers.common import bounded_json, sqlite
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.leveldb import Log
from runwatch.readers.common.protobuf import BYTES, Malformed, fields, timestamp
from runwatch.readers.wandb._record import item
from runwatch.runs.media.base import MOST_BYTES

PREFIX = "system/"
_STATS = 7
_MOST_TAGS, _MOST_POINTS = 500, 200_000


class SystemCurves:
    """One run's. Not for two threads at once."""

    def __init__(self, root: str, run: str) -> None:
        self._root, self._run = root, run
        self._cursors: dict[str, Cursor] = {}
        self._curves: dict[str, tuple[array[float], array[float]]] = {}

    def refresh(self, files: Iterable[str]) -> tuple[str, ...]:
        """The tags so far. Files that cannot be read are passed over: the run's own problems tell of
        them."""
        for file in sorted(files):
            try:
                if file.endswith(".wandb"):
                    self._read_wandb(file)
                elif file.endswith(sqlite.SUFFIXES):
                    self._read_trackio(file)
            except (OSError, ValueError, sqlite3.Error):
                continue
        return tuple(sorted(self._curves))

    def points(self, tag: str) -> Points:
        """One curve; the step is the second since its first point."""
        times, values = self._curves.get(tag, (array("d"), array("d")))
        if not times:
            return Points.empty()
        walls = np.array(times)
        order = np.argsort(walls, kind="stable")
        walls = walls[order]
        return Points.of((walls - walls[0]).astype(np.int64), np.array(values)[order], walls)

    def _add(self, tag: str, at: float, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(at):
            return
        name = PREFIX + tag
        if name not in self._curves and len(self._curves) >= _MOST_TAGS:
            return
        times, values = self._curves.setdefault(name, (array("d"), array("d")))
        if len(times) < _MOST_POINTS:
            times.append(at)
            values.append(float(value))

    def _read_wandb(self, file: str) -> None:
        more = True
        source = SourceFile.now(self._root, file)
        while more:
            known = self._cursors.get(file)
            if known is not None and known.stat == source.stat:
                return
            tail = read_tail(source, known, MOST_BYTES // 4)
            if tail.rewritten:
                self._curves.clear()
            log = Log(tail.data, tail.start, MOST_BYTES // 4)
            for record in log.records():
                self._take_stats(record)
            self._cursors[file] = tail.cursor(log.used)
            more = tail.more and log.used > 0

    def _take_stats(self, data: bytes) -> None:
        try:
            for number, wire, at, end in fields(data, 0, len(data)):
                if number == _STATS and wire == BYTES:
                    self._take_row(data, at, end)
        except Malformed:
            return

    def _take_row(self, data: bytes, start: int, end: int) -> None:
        """A ``StatsRecord``: 2 a timestamp, 3 the items."""
        wall = math.nan
        pairs: list[tuple[str, object]] = []
        for number, wire, at, stop in fields(data, start, end):
            if number == 2 and wire == BYTES:
                wall = timestamp(data, at, stop)
            elif number == 3 and wire == BYTES:
                key, value = item(data, at, stop)
                pairs.append(("/".join(key), value))
        for tag, value in pairs:
            self._add(tag, wall, value)

    def _read_trackio(self, file: str) -> None:
        source = SourceFile.now(self._root, file)
        known = self._cursors.get(file)
        if known is not None and known.stat == source.stat:
            return
        after = int(known.state["row"]) if known is not None else -(2**63)
        name = self._run.rpartition("#")[2]
        with sqlite.opened(source) as connection:
            if not {"id", "run_name", "timestamp", "metrics"} <= sqlite.columns(connection, "system_metrics"):
                return
            select = (
                "SELECT id, run_name, timestamp, metrics FROM system_metrics WHERE id > ? ORDER BY id LIMIT ?"
            )
            rows = sqlite.rows(connection, select, "system_metrics", after, _MOST_POINTS)
        for _, run, stamp, text in rows.found:
            if run == name and isinstance(text, str | bytes):
                for tag, value in bounded_json.flat_numbers(bounded_json.parse_object(text)).items():
                    self._add(tag, moment(stamp), value)
        self._cursors[file] = Cursor(stat=source.stat, state={"row": rows.last})
