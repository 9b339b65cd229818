"""Everything known, put together: the roots' runs, the judges' verdicts, the rules' findings.

A lock guards the readers: whoever reads or asks for a series holds it. The rest belongs to the one thread
that ticks."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from runwatch.config import Settings
from runwatch.domain.comparison import Baseline, Comparison
from runwatch.domain.drift import Distribution
from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.intents import Answer, Intent
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot, WatchState
from runwatch.domain.task import TaskList
from runwatch.domain.tree import Changes
from runwatch.judge.health.trace import Trace
from runwatch.monitor.alerting import Alerting
from runwatch.monitor.background import Background
from runwatch.monitor.baselines import baseline_of
from runwatch.monitor.comparisons import Comparisons
from runwatch.monitor.desk import Desk
from runwatch.monitor.health import HealthBook
from runwatch.monitor.inspection import Inspector
from runwatch.monitor.lives import Lives, RunBuilder, host_name
from runwatch.monitor.once import Wanted
from runwatch.monitor.outlooks import Outlooks
from runwatch.monitor.reading import RootReader
from runwatch.monitor.remembering import Remembering
from runwatch.readers.registry import built_in, plugged_in
from runwatch.store import places
from runwatch.store.cache import CacheFile
from runwatch.store.state import State

if TYPE_CHECKING:
    from runwatch.monitor.data_watch import DataWatch
    from runwatch.monitor.deepening import Deepening
    from runwatch.monitor.machine_watch import MachineWatch
    from runwatch.monitor.model_watch import ModelWatch

KEEP_EVERY_S = 60.0
SERIES_BUDGET = 256 * 1024 * 1024
FRESH_S = 600.0


class Board:
    """The state of the watched roots."""

    def __init__(
        self,
        roots: tuple[str, ...],
        settings: Mapping[str, Settings],
        wanted: Wanted,
        keep: bool = False,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self.roots = roots
        self.settings = settings
        self.wanted = wanted
        self.lock = threading.RLock()
        self.lives = Lives()
        self.health = {root: HealthBook() for root in roots}
        readers = dict(built_in())
        self.readers = {root: RootReader(root, settings[root], readers) for root in roots}
        self._builders = {
            root: RunBuilder(reader, self.lives, self.health[root]) for root, reader in self.readers.items()
        }
        self._cache = CacheFile(places.cache_dir())
        self._memories = {
            root: Remembering(
                self._cache,
                places.root_identity(root, settings[root].id),
                reader,
                self.health[root],
                self.lives,
            )
            for root, reader in self.readers.items()
        }
        self._kept_at = float("-inf")
        self._background = Background()
        self._scoring = Background()
        self._comparisons = Comparisons(settings, self.series)
        self._outlooks = Outlooks()
        self._data: dict[str, DataWatch] = {}
        self._models: dict[str, ModelWatch] = {}
        self._deepenings: dict[str, Deepening] = {}
        self._watcher: MachineWatch | None = None
        self._news = False
        self._found: list[Run] = []
        self._last_runs: tuple[Run, ...] = ()
        self._plugin_problems: tuple[Problem, ...] = ()
        self._lost: dict[str, float] = {}
        self._version = 0
        self._compared: Mapping[RunKey, Comparison] = {}
        self._wake = wake
        self._desk = Desk(roots, settings, writes=keep)
        self._inspector = Inspector(settings)
        self._alerting = Alerting(settings, self._desk) if keep else None
        self._ring = ""
        self._findings: tuple[Finding, ...] = ()
        self._rule_problems: tuple[Problem, ...] = ()
        self._tasks: Mapping[str, TaskList] = {}
        self._stamps: tuple[object, ...] = ()

    def load_plugins(self) -> None:
        """Third parties' readers, after the first paint: each folder is asked again."""
        extra, self._plugin_problems = plugged_in()
        if extra:
            with self.lock:
                for reader in self.readers.values():
                    reader.add_readers(extra)

    @property
    def state(self) -> State:
        return self._desk.state

    @property
    def waiting(self) -> int:
        return sum(reader.waiting for reader in self.readers.values())

    def read_some(self, enough: Callable[[], bool]) -> None:
        """Read waiting files until ``enough()``; the caller holds the lock."""
        for reader in self.readers.values():
            if reader.waiting:
                reader.read_some(enough)
                if enough():
                    return

    def scan(self, root: str) -> Changes:
        """Walk a root; the first time, what an earlier process read of it is taken. The caller holds the
        lock. Raises OSError: the root is gone."""
        reader = self.readers[root]
        first = not reader.entries
        changes = reader.scan()
        if first:
            self._memories[root].recall()
        return changes

    def keep(self) -> None:
        """Keep what was read, for the next process."""
        with self.lock:
            for memory in self._memories.values():
                memory.keep()

    def fold_excess(self, now: float) -> None:
        """Past the budget for series, those of the runs that were written longest ago leave the memory;
        the caller holds the lock."""
        sizes = [
            (root, entry, entry.memory.nbytes)
            for root, reader in self.readers.items()
            for entry in reader.entries.values()
            if not entry.folded
        ]
        excess = sum(size for _, _, size in sizes) - SERIES_BUDGET
        if excess <= 0:
            return
        written = {run.key: run.updated or 0.0 for run in self.runs(now)}
        sizes.sort(key=lambda item: written.get(RunKey(item[0], item[1].id), 0.0))
        for root, entry, size in sizes:
            fresh = now - written.get(RunKey(root, entry.id), 0.0) < FRESH_S
            if excess <= 0 or fresh or entry.from_many or self.readers[root].is_waiting(entry):
                continue
            self.health[root].feed(self.readers[root], entry)
            self.health[root].fold(entry.id)
            self.readers[root].fold(entry)
            excess -= size

    def look_once(self, now: float | None = None) -> Look:
        """Walk, read all, judge: no watching."""
        moment = time.time() if now is None else now
        self.load_plugins()
        with self.lock:
            for root in self.roots:
                self.scan(root)
            self._drain()
            self.runs(moment)
            self._drain()
            self._look_beside(moment)
            snapshot = self.snapshot(moment, WatchState("live"), judged=self.wanted.judging)
            if self.wanted.judging and self._outlooks.due(snapshot.situation):
                self._look_ahead(snapshot.situation)
                situation = replace(snapshot.situation, outlooks=self._outlooks.known)
                snapshot = replace(snapshot, situation=situation)
            if self.wanted.judging:
                self.keep()
        return Look(self, snapshot)

    def _look_beside(self, now: float) -> None:
        """Data and machine, at once instead of in the background."""
        self._load_beside()
        for root, data in self._data.items():
            data.judge(self.readers[root].tree.top, now)
        for root, models in self._models.items():
            while models.step(self.readers[root].tree.top, now):
                pass
        if self._watcher is not None:
            self._watcher.look(self.runs(now), now)

    def _load_beside(self) -> None:
        if self.wanted.data and not self._data:
            from runwatch.monitor.data_watch import DataWatch

            self._data = {
                root: DataWatch(root, self.settings[root], self._cache, self._tell) for root in self.roots
            }
            self._load_models()
        if self.wanted.machine and self._watcher is None:
            from runwatch.monitor.machine_watch import MachineWatch

            self._watcher = MachineWatch(self.roots, self.lives, host_name())

    def _load_models(self) -> None:
        asked = [root for root in self.roots if self.settings[root].models]
        if asked:
            from runwatch.monitor.model_watch import ModelWatch

            self._models = {root: ModelWatch(root, self.settings[root], self._cache) for root in asked}

    def _beside(self) -> tuple[DataWatch | ModelWatch, ...]:
        return (*self._data.values(), *self._models.values())

    def _drain(self) -> None:
        for reader in self.readers.values():
            while reader.read_some(lambda: False):
                pass

    def runs(self, now: float) -> tuple[Run, ...]:
        """All runs of all roots, the newest first."""
        found = [run for builder in self._builders.values() for run in builder.runs(now)]
        if len(found) != len(self._found) or any(map(operator.is_not, found, self._found)):
            self._found = found
            self._last_runs = tuple(sorted(found, key=lambda run: (-(run.updated or 0.0), run.root, run.id)))
        return self._last_runs

    def problems(self) -> tuple[Problem, ...]:
        found = [problem for reader in self.readers.values() for problem in reader.problems]
        beside = [problem for data in self._beside() for problem in data.problems]
        alerts = self._alerting.problems if self._alerting else ()
        workers = (self._background, self._scoring)
        troubles = [Problem("runwatch", None, text) for one in workers for text in one.trouble.values()]
        return (*self._plugin_problems, *found, *beside, *alerts, *troubles)

    def snapshot(self, now: float, watch: WatchState, judged: bool) -> Snapshot:
        """What is known at ``now``; with ``judged`` the judges and rules look at it first."""
        situation = self._situation(now, judged)
        if judged and self._wake is not None and self._outlooks.due(situation):
            self._background.ask("outlooks", lambda: self._look_ahead(situation))
        if judged:
            self._findings, self._rule_problems = self._inspector.findings(situation)
            self._sync(situation)
            self._ring = self._alerting.look(self._findings, self._tasks, now) if self._alerting else ""
        marks = (*watch.marks, *self._desk.marks)
        self._version += 1
        snapshot = Snapshot(
            version=self._version,
            situation=situation,
            findings=self._findings,
            tasks=self._tasks,
            watch=replace(watch, marks=marks),
            looked=self._desk.looked,
            assumptions=self._assumptions(situation),
            bell=self._ring if judged else "",
        )
        if judged:
            self._desk.keep(snapshot, date.fromtimestamp(now))
        return snapshot

    def _situation(self, now: float, judged: bool) -> Situation:
        with self.lock:
            health = self._feed() if judged else {}
            runs = self.runs(now)
        if judged:
            self._add_stalls(health, runs, now)
        baselines = self._baselines(runs)
        compared = self._comparisons.of(runs, baselines) if judged else self._compared
        self._compared = compared
        return Situation(
            now=now,
            host=host_name(),
            roots=self.roots,
            runs=runs,
            health=health,
            baselines=baselines,
            outlooks=self._outlooks.known,
            comparisons=compared,
            predictions={name: made for data in self._beside() for name, made in data.predictions.items()},
            data=tuple(one for data in self._beside() for one in data.sets),
            machine=self._watcher.machine if self._watcher else None,
            problems=(*self.problems(), *self._comparisons.problems, *self._rule_problems),
            unreadable=dict(self._lost),
            open_fingerprints=self._desk.open_fingerprints,
        )

    def _sync(self, situation: Situation) -> None:
        today = date.fromtimestamp(situation.now)
        self._tasks = self._desk.sync(
            self._findings, situation.now, today, self._inspector.timing, situation.unreadable
        )
        self._stamps = self._desk.stamps()

    def _assumptions(self, situation: Situation) -> tuple[str, ...]:
        """What was assumed because no configuration says it."""
        baselines = [
            f"baseline {baseline.name} ({baseline.source})"
            for baseline in situation.baselines.values()
            if baseline.source.startswith("assumed")
        ]
        return (*baselines, *(said for data in self._beside() for said in data.assumptions))

    def _feed(self) -> dict[RunKey, tuple[HealthSign, ...]]:
        signs: dict[RunKey, tuple[HealthSign, ...]] = {}
        for root, reader in self.readers.items():
            book = self.health[root]
            for entry in list(reader.entries.values()):
                book.feed(reader, entry)
            signs.update({RunKey(root, run_id): found for run_id, found in book.signs.items() if found})
        return signs

    def _add_stalls(
        self, health: dict[RunKey, tuple[HealthSign, ...]], runs: tuple[Run, ...], now: float
    ) -> None:
        for run in runs:
            sign = self.lives.stall(run, now, self.settings[run.root].watch.stalled_after)
            if sign is not None:
                health[run.key] = (*health.get(run.key, ()), sign)

    def _baselines(self, runs: tuple[Run, ...]) -> dict[str, Baseline]:
        found: dict[str, Baseline] = {}
        for root in self.roots:
            own = [run for run in runs if run.root == root]
            baseline = baseline_of(root, self.settings[root], self._desk.pin(root), own)
            if baseline is not None:
                found[root] = baseline
        return found

    def lost(self, root: str, now: float) -> None:
        """The root can't be listed."""
        self._lost.setdefault(root, now)

    def found(self, root: str) -> None:
        self._lost.pop(root, None)

    def noticed(self, root: str, changes: Changes) -> None:
        """Files changed below a root: its data may have."""
        data = self._data.get(root)
        if data is not None and data.concerned(changes, self.readers[root].owns):
            self._judge_data(root)

    def _judge_data(self, root: str, deep: bool = False) -> None:
        """Look at a root's data in the background; a first look is followed by a deeper one elsewhere."""
        data = self._data[root]

        def job() -> None:
            data.judge(self.readers[root].tree.top, time.time(), deep)
            self._tell()
            if not deep:
                self._deepenings[root].ask(data.specs)
                self._judge_models(root)

        self._background.ask(f"data:{root}", job)

    def _judge_models(self, root: str) -> None:
        """Run a root's models, one file at a time, in a thread of their own: they may be slow."""
        models = self._models.get(root)
        if models is None:
            return

        def job() -> None:
            if models.step(self.readers[root].tree.top, time.time()):
                self._judge_models(root)
            self._tell()

        self._scoring.ask(f"models:{root}", job)

    def _tell(self) -> None:
        """Something is known that was not: the loop shall look."""
        self._news = True
        if self._wake is not None:
            self._wake()

    def open(self, now: float) -> None:
        """Begin to watch: load what is only needed then. Raises ConfigError."""
        self._inspector.load()
        self._desk.beat(now)
        self._tasks = self._desk.look(date.fromtimestamp(now))

    def open_beside(self) -> None:
        """After the first paint: data, the machine, plug-ins."""
        from runwatch.monitor.deepening import Deepening

        self.load_plugins()
        self._load_beside()
        self._deepenings = {
            root: Deepening(partial(self._judge_data, root, deep=True)) for root in self._data
        }
        for root, data in self._data.items():
            data.start()
            self._judge_data(root)

    def tick(self, now: float) -> bool:
        """Now and then: stay the writer, notice edits of the to-do files. True if something changed."""
        self._desk.beat(now)
        if now - self._kept_at >= KEEP_EVERY_S and not self.waiting:
            self._kept_at = now
            self.keep()
        for root, data in self._data.items():
            if data.arrived_outside():
                self._judge_data(root)
        for root, models in self._models.items():
            if models.due(now):
                self._judge_models(root)
        if self._watcher is not None and self._watcher.due(now):
            self._background.ask("machine", self._look_at_machine)
        news, self._news = self._news, False
        return news or self._desk.stamps() != self._stamps

    def _look_ahead(self, situation: Situation) -> None:
        if self._outlooks.look(situation, self._trace):
            self._tell()

    def _trace(self, key: RunKey, tag: str) -> Trace | None:
        """A copy of one curve's memory, so that the lock is held for a moment only."""
        with self.lock:
            return deepcopy(self.health[key.root].trace(key.id, tag))

    def _look_at_machine(self) -> None:
        watcher = self._watcher
        if watcher is not None and watcher.look(self._last_runs, time.time()):
            self._tell()

    def obey(self, intent: Intent, now: float) -> Answer:
        """Do what a person asks."""
        answer = self._desk.obey(intent, now, date.fromtimestamp(now))
        self._tasks = self._desk.look(date.fromtimestamp(now))
        return answer

    def distribution(self, data_set: str, root: str, column: str, batch: int | None) -> Distribution | None:
        """A column's two distributions, for drawing; reads files: not for the event loop."""
        sides = (self._data.get(root), self._models.get(root))
        made = (side.distribution(data_set, column, batch) for side in sides if side is not None)
        return next((one for one in made if one is not None), None)

    def close(self, now: float) -> None:
        """The watching ends."""
        for models in self._models.values():
            models.stop()
        self._background.stop()
        self._scoring.stop()
        for deepening in self._deepenings.values():
            deepening.stop()
        for data in self._data.values():
            data.stop()
        if self._alerting is not None:
            self._alerting.close()
        self.keep()
        self._cache.close()
        self._desk.close()

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
