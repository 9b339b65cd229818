"""Everything known, put together: the roots' runs, the judges' verdicts, the rules' findings."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from runwatch.config import Settings
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot
from runwatch.monitor.lives import Lives, RunBuilder, host_name
from runwatch.monitor.once import Wanted
from runwatch.monitor.reading import RootReader
from runwatch.readers.registry import built_in, plugged_in


class Board:
    """The state of the watched roots. Its lock guards the readers: whoever reads or asks holds it."""

    def __init__(self, roots: tuple[str, ...], settings: Mapping[str, Settings], wanted: Wanted) -> None:
        self.roots = roots
        self.settings = settings
        self.wanted = wanted
        self.lock = threading.RLock()
        self.lives = Lives()
        extra, self._plugin_problems = plugged_in()
        readers = {**built_in(), **extra}
        self.readers = {root: RootReader(root, settings[root], readers) for root in roots}
        self._builders = {root: RunBuilder(reader, self.lives) for root, reader in self.readers.items()}

    def look_once(self, now: float | None = None) -> Look:
        """Walk, read all, judge: no watching."""
        moment = time.time() if now is None else now
        with self.lock:
            for reader in self.readers.values():
                reader.scan()
                while reader.read_some(lambda: False):
                    pass
            self.runs(moment)
            for reader in self.readers.values():
                while reader.read_some(lambda: False):
                    pass
            snapshot = self.snapshot(moment)
        return Look(self, snapshot)

    def runs(self, now: float) -> tuple[Run, ...]:
        """All runs of all roots, the newest first."""
        found = [run for builder in self._builders.values() for run in builder.runs(now)]
        return tuple(sorted(found, key=lambda run: (-(run.updated or 0.0), run.root, run.id)))

    def problems(self) -> tuple[Problem, ...]:
        found = [problem for reader in self.readers.values() for problem in reader.problems]
        return (*self._plugin_problems, *found)

    def snapshot(self, now: float) -> Snapshot:
        situation = Situation(
            now=now, host=host_name(), roots=self.roots, runs=self.runs(now), problems=self.problems()
        )
        return Snapshot(version=1, situation=situation, findings=(), tasks={})

    def series(self, key: RunKey, tag: str) -> Points:
        """The merged series of a tag."""
        with self.lock:
            reader = self.readers.get(key.root)
            return Points.empty() if reader is None else reader.points(key.id, tag)


class Look:
    """One finished look."""

    def __init__(self, board: Board, snapshot: Snapshot) -> None:
        self._board = board
        self.snapshot = snapshot

    @property
    def settings(self) -> Mapping[str, Settings]:
        return self._board.settings

    def series(self, key: RunKey, tag: str) -> Points:
        return self._board.series(key, tag)
