"""The data side of the board: data sets and predictions of one root, judged anew when their files change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runwatch.config.settings import Predictions, Settings
from runwatch.data.data_file import is_url
from runwatch.data.evidently import EvidentlyWatch
from runwatch.domain.clock import elapsed
from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.predictions import TextRows
from runwatch.domain.run import Problem
from runwatch.domain.tree import Folder
from runwatch.monitor.compare_files import newest, prediction_options
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_specs import listing, outside
from runwatch.monitor.table_reader import Judge, ReadSliceRows, TableReader, distribute, ignore_parts
from runwatch.watch.observer import Dirty, Watcher

AGAIN_S = 60.0


class DataWatch:
    """Data sets and predictions of one root. ``owned``: whether a file belongs to a run. ``judge`` is slow
    and belongs to the background thread; ``sets``, ``predictions``, ``problems``, ``overlooked`` are replaced
    whole and may be read from any thread."""

    def __init__(
        self,
        root: str,
        settings: Settings,
        reader: TableReader,
        wake: Callable[[], None],
        owned: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._owned = owned
        self._root = root
        self._settings = settings
        self._reader = reader
        self._specs: tuple[DataSpec, ...] = ()
        self._evidently = EvidentlyWatch(root)
        self._entries: tuple[Predictions, ...] = ()
        self._failed = False
        self._outside = [(Dirty(folder, wake), folder) for folder in outside(root, settings)]
        self._watchers = [Watcher(folder, dirty) for dirty, folder in self._outside]
        self._version = 0
        self._judged_at = 0.0
        self.sets: tuple[DataSet, ...] = tuple(
            DataSet(
                entry.name,
                root=root,
                reference=str(entry.reference),
                batches=(),
                trends=(),
                latest=None,
                computing=True,
            )
            for entry in settings.data
        )
        self.predictions: Mapping[str, Comparison] = {}
        self.problems: tuple[Problem, ...] = ()
        self.assumptions: tuple[str, ...] = ()
        self.overlooked: tuple[Problem, ...] = ()

    @property
    def specs(self) -> tuple[DataSpec, ...]:
        """The data sets as they were found at the last look."""
        return self._specs

    def start(self) -> None:
        for watcher in self._watchers:
            watcher.start()

    def stop(self) -> None:
        for watcher in self._watchers:
            watcher.stop()

    def arrived_outside(self) -> bool:
        """Whether something happened in the watched folders beyond the root."""
        taken = [dirty.take() for dirty, _ in self._outside]
        return any(paths or scan for paths, scan in taken)

    def due(self, now: float) -> bool:
        """Whether the data is to be looked at though no file event says so: it lies behind URLs, the next
        batch has become late, or nothing came of the last look."""
        quiet = elapsed(self._judged_at, now)
        if self._failed and quiet >= AGAIN_S:
            return True
        if self._judged_at and quiet >= AGAIN_S and any(_far(spec) for spec in self._specs):
            return True
        return any(
            one.late_from is not None
            and now > one.late_from
            and (one.late_by is None or quiet >= max(AGAIN_S, 0.25 * (one.expected_every or 0.0)))
            for one in self.sets
        )

    def judge(self, top: Folder, now: float, deep: bool = False) -> None:
        """Look at all data sets and predictions; what did not change costs a ``stat``. ``deep``: what the
        other process has found out is in the cache by now; take it along."""
        self._judged_at = now
        self._version += 1
        files = listing(self._settings, top)
        owned = frozenset(file.path for file in files if self._owned(file.path))
        job = Judge(
            self._root,
            settings=self._settings,
            listing=files,
            owned=owned,
            now=now,
            version=self._version,
            deep=deep,
        )
        newest: dict[str, DataSet] = {}

        def tell(one: DataSet) -> None:
            newest[one.name] = one
            self.sets = (*newest.values(), *(old for old in self.sets if old.name not in newest))

        self._failed = True
        judged = self._reader.ask(job, tell)
        self._failed = False
        self._specs, self._entries = judged.specs, judged.entries
        self.sets = (*judged.sets, *self._evidently.sets(top, self._version))
        self.predictions, self.problems = judged.predictions, judged.problems
        self.assumptions, self.overlooked = judged.assumptions, judged.overlooked

    def distribution(
        self, reader: TableReader, name: str, column: str, batch: int | None
    ) -> Distribution | None:
        """Both distributions of a column, for a batch by its place (None: the newest)."""
        job = distribute(self._specs, self.sets, name, column, batch)
        return None if job is None else reader.ask(job, ignore_parts)

    def slice_rows(self, reader: TableReader, name: str, label: str) -> TextRows | Problem:
        """The rows of one slice of the newest predictions of an entry."""
        for entry in self._entries:
            names = prediction_options(entry, self._settings)[0]
            other_files = (self._settings.path(entry.baseline), *names.labels)
            path = newest(entry.files, self._settings, but=other_files)
            if entry.name == name and path is not None:
                return reader.ask(ReadSliceRows(path, names, label), ignore_parts)
        return Problem(name, None, "no predictions file matches", "check [[predictions]] files")


def _far(spec: DataSpec) -> bool:
    return any(is_url(path) for path in (*spec.reference, *spec.batches))
