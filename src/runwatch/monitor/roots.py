"""The watched roots: walked, read, summarised, kept for the next process.

The lock guards the readers: hold it to read, or to ask for a series."""

from __future__ import annotations

import operator
import threading
import time
from bisect import insort
from collections.abc import Callable, Mapping
from copy import deepcopy

from runwatch.config.settings import Settings
from runwatch.domain.health import HealthSign
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Run, RunKey, newest_first
from runwatch.domain.tree import TreeChanges
from runwatch.judge.health.trace import Trace
from runwatch.monitor.health import RootHealth
from runwatch.monitor.read_run import ReadRun
from runwatch.monitor.reading import RootReader
from runwatch.monitor.run_builder import RunBuilder, RunObservations
from runwatch.monitor.run_cache import RunCache
from runwatch.readers.base import Reader
from runwatch.readers.registry import built_in, plugged_in
from runwatch.store.cache import CacheFile
from runwatch.system.identity import root_identity

SERIES_BUDGET = 256 * 1024 * 1024
POINT_ROOM = 32
"""Bytes that a new point takes at most, with the room that its columns grow by."""
FRESH_S = 600.0
SMALL = 1024 * 1024
"""Bytes of series that are read from the disk again at once."""
_FEW_CHANGED = 32
ASKED_S = 600.0


class Roots:
    """The runs of all roots, and their health."""

    def __init__(self, roots: tuple[str, ...], settings: Mapping[str, Settings], cache: CacheFile) -> None:
        self.lock = threading.RLock()
        self.observations = RunObservations()
        self._settings = settings
        readers = dict(built_in())
        self.readers = {root: RootReader(root, settings[root], readers) for root in roots}
        self.health = {root: RootHealth() for root in roots}
        self._builders: dict[str, RunBuilder] = {}
        self._memories: dict[str, RunCache] = {}
        for root, reader in self.readers.items():
            health, identity = self.health[root], root_identity(root, settings[root].id)
            self._builders[root] = RunBuilder(reader, self.observations, health)
            self._memories[root] = RunCache(cache, identity, reader, health, self.observations)
        self._plugin_problems: tuple[Problem, ...] = ()
        self._found: list[Run] = []
        self.newest: tuple[Run, ...] = ()
        self._asked: dict[RunKey, float] = {}
        self._weighed = self._taken = 0

    def load_plugins(self) -> None:
        """Third parties' readers: each folder is asked again."""
        extra, problems = plugged_in()
        self._plugin_problems = (*problems, *self._hand_options({**built_in(), **extra}))
        if extra:
            with self.lock:
                for reader in self.readers.values():
                    reader.add_readers(extra)

    def _hand_options(self, readers: Mapping[str, Reader]) -> list[Problem]:
        """Give each ``[readers.NAME]`` table to its reader's ``configure(options)``, which checks it."""
        problems = []
        for one in self._settings.values():
            for name, options in one.reader_options.items():
                configure = getattr(readers.get(name), "configure", None)
                try:
                    if configure is None:
                        raise ValueError("no reader of that name takes options")
                    configure(options)
                except Exception as error:  # a stranger's code: its complaint is a problem, not our end
                    problems.append(
                        Problem(
                            one.file or "runwatch.toml",
                            f"[readers.{name}]",
                            str(error),
                            "see docs/readers.md",
                        )
                    )
        return problems

    @property
    def waiting(self) -> int:
        """How many files are still to be read."""
        return sum(reader.waiting for reader in self.readers.values())

    @property
    def problems(self) -> tuple[Problem, ...]:
        problems = [problem for reader in self.readers.values() for problem in reader.problems]
        return (*self._plugin_problems, *problems)

    def read_some(self, enough: Callable[[], bool]) -> None:
        """Read waiting files until ``enough()``; the caller holds the lock."""
        for reader in self.readers.values():
            if reader.waiting:
                reader.read_some(enough)
                if enough():
                    return

    def read_all(self) -> None:
        """Read all that waits; the caller holds the lock."""
        for reader in self.readers.values():
            while reader.read_some(lambda: False):
                pass

    def scan(self, root: str, pulse: Callable[[], None] | None = None) -> TreeChanges:
        """Walk a root; the first time, what an earlier process read of it is taken. ``pulse`` is called after
        each folder. The caller holds the lock. Raises OSError: the root is gone."""
        reader = self.readers[root]
        first = reader.blank
        changes = reader.scan(pulse)
        if first:
            self._memories[root].recall()
        return changes

    def take_some(self, root: str, most: int, enough: Callable[[], bool]) -> None:
        """While the first walk of a root goes on: find and read some of the runs that it has come past. The
        caller holds the lock."""
        reader = self.readers[root]
        reader.settle_some(most)
        self._memories[root].recall()
        if reader.waiting:
            reader.read_some(enough)

    def keep(self) -> None:
        """Keep what was read, for the next process."""
        with self.lock:
            for memory in self._memories.values():
                memory.keep()

    def runs(self, now: float) -> tuple[Run, ...]:
        """All runs, the newest first; the same tuple while nothing changed."""
        runs = [run for builder in self._builders.values() for run in builder.runs(now)]
        if len(runs) != len(self._found) or any(map(operator.is_not, runs, self._found)):
            self.newest = self._sorted(runs)
            if len(runs) < len(self._found):
                present = {run.key for run in runs}
                self._asked = {key: at for key, at in self._asked.items() if key in present}
            self._found = runs
        return self.newest

    def _sorted(self, runs: list[Run]) -> tuple[Run, ...]:
        """The newest first; a few that changed find their places among the others."""
        changed = [(old, new) for old, new in zip(self._found, runs, strict=False) if old is not new]
        if len(runs) != len(self._found) or len(changed) > _FEW_CHANGED:
            return tuple(sorted(runs, key=newest_first))
        newest = list(self.newest)
        for old, new in changed:
            newest.remove(old)
            insort(newest, new, key=newest_first)
        return tuple(newest)

    def series(self, key: RunKey, tag: str) -> Points:
        """The merged series of a tag; empty when there is none."""
        with self.lock:
            reader = self.readers.get(key.root)
            self._asked[key] = time.monotonic()
            return Points.empty() if reader is None else reader.points(key.id, tag)

    def noise(self, key: RunKey, tag: str) -> float | None:
        """The noise within a curve, worked out once as long as the run does not change: for the comparison
        with a baseline a run that is over is not read again."""
        from runwatch.judge.runs.comparing import noise_of

        with self.lock:
            reader = self.readers.get(key.root)
            entry = reader.entries.get(key.id) if reader else None
            if reader is None or entry is None:
                return None
            if tag not in entry.noises:
                values = reader.points(key.id, tag).values
                entry.noises[tag] = noise_of(values)
            return entry.noises[tag]

    def trace(self, key: RunKey, tag: str) -> Trace | None:
        """A copy of one curve's memory, so that the lock is held for a moment only."""
        with self.lock:
            return deepcopy(self.health[key.root].trace(key.id, tag))

    def signs(self, now: float) -> dict[RunKey, tuple[HealthSign, ...]]:
        """Feed what is new to the health checks; the signs that show now. Of runs that are over no more than
        those stay in memory. The caller holds the lock."""
        signs: dict[RunKey, tuple[HealthSign, ...]] = {}
        for root, reader in self.readers.items():
            health, builder = self.health[root], self._builders[root]
            for entry in list(reader.entries.values()):
                if entry.grown or entry.rewritten:
                    health.feed(reader, entry)
                    if builder.is_over(entry, now - FRESH_S):
                        health.fold(entry.id)
            signs.update(
                {RunKey(root, run_id): run_signs for run_id, run_signs in health.signs.items() if run_signs}
            )
        return signs

    def stalls(self, now: float) -> dict[RunKey, HealthSign]:
        """The signs of silence of the runs that count as alive."""
        stalled = {
            run.key: self.observations.stall(run, now, self._settings[run.root].watch.stalled_after)
            for run in self.newest
            if run.status in ("running", "stalled") and (run.root, run.id) in self.observations.rhythms
        }
        return {key: sign for key, sign in stalled.items() if sign is not None}

    def fold_over(self, root: str, now: float, fold: bool = True) -> None:
        """Of what was just read, runs that are over and small keep no more than their summary and signs: most
        of many runs are never opened. Without ``fold`` none does. The caller holds the lock."""
        reader, health, builder = self.readers[root], self.health[root], self._builders[root]
        just_read, reader.just_read = reader.just_read, []
        for entry in just_read if fold else ():
            known = reader.entries.get(entry.id) is entry and not entry.from_many and not entry.folded
            if not known or entry.unread or reader.is_waiting(entry) or _key(reader, entry) in self._asked:
                continue
            builder.run(entry, now)
            if builder.is_over(entry, now - FRESH_S) and entry.memory.nbytes <= SMALL:
                health.feed(reader, entry)
                health.fold(entry.id)
                reader.fold(entry)

    def fold_excess(self, now: float) -> None:
        """Past the budget for series, those of the runs that were written longest ago leave the memory; then
        those of runs that go on are thinned, but for what was asked for lately. The caller holds the lock."""
        taken = sum(reader.taken for reader in self.readers.values())
        if self._weighed + POINT_ROOM * (taken - self._taken) <= SERIES_BUDGET:
            return
        sizes = [
            (reader, entry, entry.memory.nbytes)
            for reader in self.readers.values()
            for entry in reader.entries.values()
            if not entry.folded
        ]
        self._weighed, self._taken = sum(size for _, _, size in sizes), taken
        excess = self._weighed - SERIES_BUDGET
        if excess <= 0:
            return
        written = {run.key: run.updated or 0.0 for run in self.runs(now)}
        sizes.sort(key=lambda item: written.get(_key(item[0], item[1]), 0.0))
        unfolded = []
        for reader, entry, size in sizes:
            if excess <= 0:
                return
            if entry.from_many or entry.unread or reader.is_waiting(entry):
                continue
            self.health[reader.root].feed(reader, entry)
            if now - written.get(_key(reader, entry), 0.0) < FRESH_S:
                unfolded.append((reader, entry, size))
                continue
            self.health[reader.root].fold(entry.id)
            reader.fold(entry)
            excess -= size
        self._thin(unfolded, excess)

    def _thin(self, candidates: list[tuple[RootReader, ReadRun, int]], excess: int) -> None:
        lately = time.monotonic() - ASKED_S
        self._asked = {key: at for key, at in self._asked.items() if at > lately}
        for reader, entry, size in sorted(candidates, key=lambda item: -item[2]):
            if excess <= 0:
                return
            if _key(reader, entry) not in self._asked:
                entry.memory.thin()
                excess -= size - entry.memory.nbytes


def _key(reader: RootReader, entry: ReadRun) -> RunKey:
    return RunKey(reader.root, entry.id)
