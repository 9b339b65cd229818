"""Runs that an earlier process has read: what did not change since is not read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runwatch import __version__
from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.health import HealthSign
from runwatch.domain.run import RunKey
from runwatch.monitor.health import HealthBook
from runwatch.monitor.read_run import ReadRun
from runwatch.monitor.reading import RootReader
from runwatch.monitor.run_builder import RunObservations
from runwatch.readers.base import Cursor
from runwatch.runs.summary import RunSummary
from runwatch.store.cache import CacheFile

ENGINE = f"{__version__}/3"


class RunCache:
    """The kept runs of one root (by its identity)."""

    def __init__(
        self,
        cache: CacheFile,
        identity: str,
        reader: RootReader,
        health: HealthBook,
        observations: RunObservations,
    ) -> None:
        self._cache = cache
        self._identity = identity
        self._reader = reader
        self._health = health
        self._observations = observations
        self._kept: dict[str, int] = {}

    def recall(self) -> None:
        """After the first walk: take the stories of runs whose files are as they were."""
        rows = self._cache.runs(self._identity)
        for run_id, entry in self._reader.entries.items():
            row = rows.get(run_id)
            if row is None or row.get("engine") != ENGINE:
                continue
            try:
                if self._recall(entry, row):
                    self._kept[run_id] = entry.version
            except (KeyError, TypeError, ValueError, IndexError):  # a row that is not ours: read the run anew
                continue

    def _recall(self, entry: ReadRun, row: Mapping[str, Any]) -> bool:
        if row["alive"] is not None:
            self._observations.recall(RunKey(self._reader.root, entry.id), *row["alive"])
        if row["claims"] != _claims(entry):
            return False
        cursors: dict[tuple[str, str], Cursor] = {}
        for identity, file, data in row["cursors"]:
            cursor = Cursor.from_json(data)
            if cursor.stat is None or cursor.stat != self._reader.tree.stat(file):
                return False
            cursors[(identity, file)] = cursor
        if len(cursors) != sum(len(claim.files) for claim in entry.claims):
            return False
        summary = from_plain(RunSummary, row["story"])
        signs = from_plain(tuple[HealthSign, ...], row["signs"])
        self._health.signs[entry.id] = signs
        self._reader.known(entry, summary, cursors)
        return True

    def keep(self) -> None:
        """Keep the runs that changed since they were last kept; the caller holds the lock."""
        changed: dict[str, dict[str, object]] = {}
        for entry in self._reader.entries.values():
            fed = not entry.grown and not entry.rewritten
            if entry.from_many or entry.stale or not fed or self._kept.get(entry.id) == entry.version:
                continue
            row = self._row(entry)
            if row is not None:
                changed[entry.id] = row
                self._kept[entry.id] = entry.version
        gone = self._kept.keys() - self._reader.entries.keys()
        for run_id in gone:
            del self._kept[run_id]
        if changed or gone:
            self._cache.keep_runs(self._identity, changed, gone)

    def _row(self, entry: ReadRun) -> dict[str, Any] | None:
        if entry.summary is None:
            return None
        cursors = []
        for claim in entry.claims:
            for file in claim.files:
                cursor = self._reader.cursors.get((claim.identity, file))
                if cursor is None:
                    return None
                cursors.append([claim.identity, file, cursor.to_json()])
        signs = self._health.signs.get(entry.id, ())
        rhythm = self._observations.rhythms.get(RunKey(self._reader.root, entry.id))
        return {
            "engine": ENGINE,
            "claims": _claims(entry),
            "cursors": cursors,
            "story": to_plain(entry.summary),
            "signs": to_plain(signs),
            "alive": None if rhythm is None or rhythm.last is None else [rhythm.last, rhythm.longest],
        }


def _claims(entry: ReadRun) -> list[list[object]]:
    return [[claim.identity, claim.format, list(claim.files)] for claim in entry.claims]
