"""What is known besides the runs: data sets, predictions, models, the machine, forecasts.

All of it is slow: while watching it is worked out in the background and told when it is there; for a single
look it is worked out at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from runwatch.config.settings import Settings
from runwatch.domain.comparison import Comparison, PredictionsKey
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.drift_reports import may_be_drift_report
from runwatch.domain.machine import Machine
from runwatch.domain.predictions import TextRows
from runwatch.domain.run import Problem
from runwatch.domain.situation import Situation
from runwatch.domain.table_formats import READ, UNREAD, UNREAD_MARKS
from runwatch.domain.tree import TreeChanges
from runwatch.monitor.forecasts import Forecasts
from runwatch.monitor.roots import Roots
from runwatch.monitor.wanted import Wanted
from runwatch.monitor.worker_thread import WorkerThread
from runwatch.store.cache import CacheFile
from runwatch.system.identity import host_name

if TYPE_CHECKING:
    from runwatch.machine.record import MachineRecord
    from runwatch.monitor.data_watch import DataWatch
    from runwatch.monitor.machine_watch import MachineWatch
    from runwatch.monitor.model_watch import ModelWatch
    from runwatch.monitor.multivariate_process import MultivariateProcess
    from runwatch.monitor.table_reader import TableReader

_TABLES = (*READ, *UNREAD, *UNREAD_MARKS)
_LESS = "free some memory, or exclude columns of [[data]]; all else is judged"
_IDLE_S = 60.0


class BackgroundWork:
    """``news`` is called, on any thread, when something is known that was not; ``apart``: tables are read in
    another process, as they always are while watching."""

    def __init__(
        self,
        roots: Roots,
        settings: Mapping[str, Settings],
        cache: CacheFile,
        wanted: Wanted,
        news: Callable[[], None],
        apart: bool = False,
    ) -> None:
        self._roots = roots
        self._settings = settings
        self._cache = cache
        self._wanted = wanted
        self._news = news
        self._background = WorkerThread()
        self._scoring = WorkerThread()
        self._forecasts = Forecasts()
        self._data: dict[str, DataWatch] = {}
        self._models: dict[str, ModelWatch] = {}
        self._deepenings: dict[str, MultivariateProcess] = {}
        self._watcher: MachineWatch | None = None
        self._readers: dict[str, TableReader] = {}
        self._watching = False
        self._apart = apart
        self._awaited: set[str] = set()

    @property
    def _sides(self) -> tuple[DataWatch | ModelWatch, ...]:
        return (*self._data.values(), *self._models.values())

    @property
    def data(self) -> tuple[DataSet, ...]:
        return tuple(one for side in self._sides for one in side.sets)

    @property
    def predictions(self) -> dict[PredictionsKey, Comparison]:
        sides: tuple[tuple[str, DataWatch | ModelWatch], ...] = (*self._data.items(), *self._models.items())
        return {
            PredictionsKey(root, name): comparison
            for root, side in sides
            for name, comparison in side.predictions.items()
        }

    @property
    def assumptions(self) -> tuple[str, ...]:
        return tuple(message for side in self._sides for message in side.assumptions)

    @property
    def overlooked(self) -> tuple[Problem, ...]:
        return tuple(problem for one in self._data.values() for problem in one.overlooked)

    @property
    def problems(self) -> tuple[Problem, ...]:
        problems = [problem for side in self._sides for problem in side.problems]
        workers = (self._background, self._scoring)
        troubles = [Problem("runwatch", None, text) for one in workers for text in one.trouble.values()]
        deep = [
            Problem(root, None, one.trouble, _LESS) for root, one in self._deepenings.items() if one.trouble
        ]
        return (*problems, *troubles, *deep)

    @property
    def unjudgeable(self) -> tuple[Problem, ...]:
        """What is configured, or was found, but could not be judged."""
        predictions = [problem for side in self._sides for problem in side.problems]
        data = [p for one in self.data if one.latest is None and not one.computing for p in one.problems[:1]]
        newest = [one.batches[-1].problem for one in self.data if one.batches]
        wrong = [problem for one in self.data for problem in one.misconfigured]
        return (*predictions, *data, *(problem for problem in newest if problem is not None), *wrong)

    @property
    def machine(self) -> Machine | None:
        return self._watcher.machine if self._watcher else None

    @property
    def machine_record(self) -> MachineRecord | None:
        """What the machine did since it is watched."""
        return self._watcher.record if self._watcher else None

    @property
    def unjudged(self) -> frozenset[str]:
        """What was not looked at yet: "data", "models", "host"; what is known of it is not the whole."""
        return frozenset(name.partition(":")[0] for name in list(self._awaited))

    @property
    def waiting(self) -> frozenset[str]:
        """What has not been judged once; multivariate checks take long and report for themselves."""
        names = [name for name in list(self._awaited) if not name.startswith("data:deep")]
        return frozenset(name.partition(":")[0] for name in names)

    @property
    def looked(self) -> bool:
        """Whether data and machine have been looked at once; deeper looks and models may still go on."""
        return not any(name == "host" or name.startswith("data:/") for name in list(self._awaited))

    @property
    def forecasts(self) -> Forecasts:
        return self._forecasts

    def load(self) -> None:
        """Import what is wanted; nothing of it is needed for the first paint, and what judges data not before
        there is a table that may be some."""
        for root, one in self._settings.items():
            if self._wanted.data and root not in self._data and self._has_data(root, one):
                self._load_data(root, one)
        if self._wanted.machine and self._watcher is None:
            from runwatch.monitor.machine_watch import MachineWatch

            observations, elsewhere = self._roots.observations, self._wanted.machine_from
            self._watcher = MachineWatch(
                tuple(self._settings), observations, host_name(), elsewhere, self._cache
            )

    def _has_data(self, root: str, settings: Settings) -> bool:
        if settings.data or settings.predictions or settings.models:
            return True
        top = self._roots.readers[root].tree.top
        return self._may_be_data(root, (folder.join(name) for folder in top.walk() for name in folder.files))

    def _may_be_data(self, root: str, files: Iterable[str]) -> bool:
        """Whether there is a table among the files that is no run's, or a report about data."""
        owned = self._roots.readers[root].owns
        return any(
            may_be_drift_report(file) or (file.lower().endswith(_TABLES) and not owned(file))
            for file in files
        )

    def _load_data(self, root: str, settings: Settings) -> None:
        from runwatch.monitor.data_watch import DataWatch

        owned = self._roots.readers[root].owns
        self._data[root] = DataWatch(root, settings, self._reader("data"), self._news, owned)
        if settings.models:
            from runwatch.monitor.model_watch import ModelWatch

            self._models[root] = ModelWatch(root, settings, self._cache, self._reader("models"))

    def _reader(self, purpose: str) -> TableReader:
        """Who reads tables for a purpose: while watching a process for each, so that no file can end the
        watching, and a question of the screen does not wait for a long look."""
        if purpose not in self._readers:
            self._readers[purpose] = self._new_reader()
        return self._readers[purpose]

    def _new_reader(self) -> TableReader:
        if self._apart:
            from runwatch.monitor.reader_process import ReaderProcess

            return ReaderProcess()
        from runwatch.monitor.table_reader import LocalTableReader

        return LocalTableReader(self._cache)

    def judge_once(self, now: float) -> None:
        """Work everything out at once; the caller holds the lock."""
        self.load()
        for root, data in self._data.items():
            data.judge(self._roots.readers[root].tree.top, now)
        for root, models in self._models.items():
            while models.step(self._roots.readers[root].tree.top, now):
                pass
        if self._watcher is not None:
            self._watcher.measure(self._roots.runs(now), now)

    def start(self) -> None:
        """Begin to watch, in the background."""
        self._watching = self._apart = True
        self.load()
        if self._watcher is not None:
            self._awaited.add("host")
        for root in self._data:
            self._watch_data(root)

    def _watch_data(self, root: str) -> None:
        from runwatch.monitor.multivariate_process import MultivariateProcess

        self._awaited |= {f"data:{root}", f"data:deep:{root}"}
        if root in self._models:
            self._awaited.add(f"models:{root}")
        self._deepenings[root] = MultivariateProcess(partial(self._deepened, root))
        self._data[root].start()
        self._judge_data(root)

    def stop(self) -> None:
        for models in self._models.values():
            models.stop()
        self._background.stop()
        self._scoring.stop()
        for reader in self._readers.values():
            reader.stop()
        for deepening in self._deepenings.values():
            deepening.stop()
        for data in self._data.values():
            data.stop()

    def noticed(self, root: str, changes: TreeChanges) -> None:
        """Files changed below a root: its data may have."""
        if not self._wanted.data or not self._may_be_data(root, (*changes.files, *changes.removed)):
            return
        if root in self._data:
            self._judge_data(root)
        elif self._watching:
            self._load_data(root, self._settings[root])
            self._watch_data(root)

    def tick(self, now: float) -> None:
        """Ask for what is due."""
        if "screen" in self._readers:
            self._readers["screen"].rest(_IDLE_S)
        for root, data in self._data.items():
            if data.arrived_outside() or data.due(now):
                self._judge_data(root)
        for root, models in self._models.items():
            if models.due(now):
                self._judge_models(root)
        if self._watcher is not None and self._watcher.due(now):
            self._background.ask("machine", self._look_at_machine)

    def _judge_data(self, root: str, deep: bool = False) -> None:
        """Look at a root's data in the background; a first look is followed by a deeper one elsewhere."""
        data = self._data[root]

        def job() -> None:
            if not deep:
                self._awaited.add(f"data:deep:{root}")
            data.judge(self._roots.readers[root].tree.top, time.time(), deep)
            self._awaited.discard(f"data:deep:{root}" if deep else f"data:{root}")
            self._news()
            if not deep:
                self._deepenings[root].ask(data.specs)
                self._judge_models(root)

        self._background.ask(f"data:{root}", job)

    def _deepened(self, root: str, saved: bool) -> None:
        """The deeper look has ended: take what it found, if it found something."""
        if saved:
            self._judge_data(root, deep=True)
        else:
            self._awaited.discard(f"data:deep:{root}")
            self._news()

    def _judge_models(self, root: str) -> None:
        """Run a root's models, one file at a time, in a thread of their own: they may be slow."""
        models = self._models.get(root)
        if models is None:
            return

        def job() -> None:
            if models.step(self._roots.readers[root].tree.top, time.time()):
                self._judge_models(root)
            else:
                self._awaited.discard(f"models:{root}")
            self._news()

        self._scoring.ask(f"models:{root}", job)

    def _look_at_machine(self) -> None:
        watcher = self._watcher
        if watcher is not None and watcher.measure(self._roots.newest, time.time()):
            self._awaited.discard("host")
            self._news()

    def forecast(self, situation: Situation) -> None:
        """Forecast the running runs when that is due: in the background, or at once for a single look."""
        if not self._forecasts.due(situation):
            return

        def job() -> None:
            if self._forecasts.update(situation, self._roots.trace):
                self._news()

        if self._watching:
            self._background.ask("forecasts", job)
        else:
            job()

    def distribution(self, data_set: str, root: str, column: str, batch: int | None) -> Distribution | None:
        """A column's two distributions, for drawing; reads files: not for the event loop."""
        data, models = self._data.get(root), self._models.get(root)
        own = data.distribution(self._reader("screen"), data_set, column, batch) if data else None
        return own or (models.distribution(data_set, column, batch) if models else None)

    def slice_rows(self, key: PredictionsKey, label: str) -> TextRows | Problem:
        """The rows of one slice of a comparison; reads files: not for the event loop."""
        data = self._data.get(key.root)
        if data is not None and key.name in data.predictions:
            return data.slice_rows(self._reader("screen"), key.name, label)
        return Problem(key.name, None, "its rows are not kept here", "open the predictions file")
