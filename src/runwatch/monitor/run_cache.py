"""Runs that an earlier process has read: what did not change since is not read again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from runwatch import __version__
from runwatch.domain.codec import from_bytes, to_bytes
from runwatch.domain.health import HealthSign
from runwatch.domain.run import RunKey
from runwatch.monitor.health import RootHealth
from runwatch.monitor.read_run import ReadRun
from runwatch.monitor.reading import RootReader
from runwatch.monitor.run_builder import RunObservations
from runwatch.readers.base import Cursor
from runwatch.runs.summary import RunSummary
from runwatch.store.cache import CacheFile

ENGINE = f"{__version__}/7"
"""What read a kept run. Raise the number whenever a reader, or what is made of its points, answers otherwise
than before: nothing that an older one said is shown then."""


class _CachedRun(msgspec.Struct, array_like=True):
    """A run as it is kept."""

    engine: str
    claims: list[tuple[str, str, list[str]]]
    """(identity, format, files)."""
    cursors: list[tuple[str, str, Cursor]]
    """(identity, file, cursor)."""
    summary: RunSummary = msgspec.field(name="story")
    signs: tuple[HealthSign, ...]
    alive: tuple[float, float] | None
    """When it was last seen being written, and its longest pause."""
    noises: dict[str, float | None] = {}


class RunCache:
    """The kept runs of one root (by its identity)."""

    def __init__(
        self,
        cache: CacheFile,
        identity: str,
        reader: RootReader,
        health: RootHealth,
        observations: RunObservations,
    ) -> None:
        self._cache = cache
        self._identity = identity
        self._reader = reader
        self._health = health
        self._observations = observations
        self._kept: dict[str, int] = {}
        self._asked: set[str] = set()

    def recall(self) -> None:
        """At the first walk: take the summaries of runs whose files are as they were."""
        new_ids = [run_id for run_id, entry in self._reader.entries.items() if self._is_new(entry)]
        self._asked.update(new_ids)
        for run_id, body in self._cache.runs(self._identity, new_ids):
            entry = self._reader.entries[run_id]
            try:
                if self._recall(entry, from_bytes(_CachedRun, body)):
                    self._kept[run_id] = entry.version
            except ValueError:  # a row that is not ours: read the run anew
                continue

    def _is_new(self, entry: ReadRun) -> bool:
        """Not asked for, or only while not all of its files had been found."""
        return entry.id not in self._asked or entry.summary is None

    def _recall(self, entry: ReadRun, row: _CachedRun) -> bool:
        if row.engine != ENGINE:
            return False
        if row.alive is not None:
            self._observations.recall(RunKey(self._reader.root, entry.id), *row.alive)
        if row.claims != _claims(entry):
            return False
        cursors: dict[tuple[str, str], Cursor] = {}
        for identity, file, cursor in row.cursors:
            if cursor.stat is None or cursor.stat != self._reader.tree.stat(file):
                return False
            cursors[(identity, file)] = cursor
        if len(cursors) != sum(len(claim.files) for claim in entry.claims):
            return False
        self._health.signs[entry.id] = row.signs
        self._reader.known(entry, row.summary, cursors)
        entry.noises = row.noises
        return True

    def keep(self) -> None:
        """Keep the runs that changed since they were last kept; the caller holds the lock."""
        changed = [entry for entry in self._reader.entries.values() if self._is_news(entry)]
        gone = self._kept.keys() - self._reader.entries.keys()
        for run_id in gone:
            del self._kept[run_id]
        if changed or gone:
            self._cache.keep_runs(self._identity, self._rows(changed), gone)

    def _is_news(self, entry: ReadRun) -> bool:
        """Whether a run was read and judged since it was last kept."""
        ready = not (entry.from_many or entry.stale or entry.grown or entry.rewritten)
        return ready and self._kept.get(entry.id) != entry.version

    def _rows(self, changed: Iterable[ReadRun]) -> Iterator[tuple[str, bytes]]:
        """One after another, so that never all of them are in memory."""
        for entry in changed:
            row = self._row(entry)
            if row is None:
                continue
            self._kept[entry.id] = entry.version
            with suppress(TypeError, ValueError):  # what cannot be said is read again next time
                yield entry.id, to_bytes(row)

    def _row(self, entry: ReadRun) -> _CachedRun | None:
        if entry.summary is None:
            return None
        cursors = []
        for claim in entry.claims:
            for file in claim.files:
                cursor = self._reader.cursors.get((claim.identity, file))
                if cursor is None:
                    return None
                cursors.append((claim.identity, file, cursor))
        signs = self._health.signs.get(entry.id, ())
        rhythm = self._observations.rhythms.get(RunKey(self._reader.root, entry.id))
        alive = None if rhythm is None or rhythm.last is None else (rhythm.last, rhythm.longest)
        return _CachedRun(
            ENGINE,
            claims=_claims(entry),
            cursors=cursors,
            summary=entry.summary,
            signs=signs,
            alive=alive,
            noises=entry.noises,
        )


def _claims(entry: ReadRun) -> list[tuple[str, str, list[str]]]:
    return [(claim.identity, claim.format, list(claim.files)) for claim in entry.claims]
