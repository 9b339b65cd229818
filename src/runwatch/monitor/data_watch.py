"""The data side of the board: data sets and predictions of all roots, judged anew when their files change."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from runwatch.config import Predictions, Settings
from runwatch.data.data_file import is_url
from runwatch.data.evidently import EvidentlyWatch
from runwatch.data.profile_cache import PieceKey
from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.run import Problem
from runwatch.domain.tree import Folder
from runwatch.monitor.compare_files import PredictionsWatch, newest, prediction_options, slice_rows
from runwatch.monitor.data_sets import DataSpec, column_distribution, data_set
from runwatch.monitor.data_specs import data_specs, outside, overlooked_data, prediction_entries
from runwatch.store.cache import CacheFile
from runwatch.watch.observer import Dirty, Watcher

AGAIN_S = 60.0
Rows = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


class Pieces:
    """Profiles of pieces, kept in the cache file."""

    def __init__(self, cache: CacheFile) -> None:
        self._cache = cache

    def get(self, key: PieceKey) -> bytes | None:
        return self._cache.get("\0".join(key))

    def put(self, key: PieceKey, value: bytes) -> None:
        self._cache.put("\0".join(key), value)


class DataWatch:
    """Data sets and predictions of one root. ``owned``: whether a file belongs to a run. ``judge`` is slow
    and belongs to the background thread; ``sets``, ``predictions``, ``problems``, ``overlooked`` are replaced
    whole and may be read from any thread."""

    def __init__(
        self,
        root: str,
        settings: Settings,
        cache: CacheFile,
        wake: Callable[[], None],
        owned: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._owned = owned
        self._root = root
        self._settings = settings
        self._pieces = Pieces(cache)
        self._specs: tuple[DataSpec, ...] = ()
        self._watches: dict[Predictions, PredictionsWatch] = {}
        self._evidently = EvidentlyWatch(root)
        self._outside = [(Dirty(folder, wake), folder) for folder in outside(root, settings)]
        self._watchers = [Watcher(folder, dirty) for dirty, folder in self._outside]
        self._version = 0
        self._judged_at = 0.0
        self.sets: tuple[DataSet, ...] = tuple(
            DataSet(entry.name, root, str(entry.reference), (), (), None, computing=True)
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
        """Whether the data is to be looked at though no file event says so: it lies behind URLs, or the next
        batch has become late."""
        quiet = now - self._judged_at
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
        self._specs = data_specs(self._root, self._settings, top)
        self._version += 1
        sets = []
        for spec in self._specs:
            wanted = replace(spec, options=replace(spec.options, multivariate=True)) if deep else spec
            sets.append(data_set(wanted, self._pieces, now, version=self._version))
            known = {one.name for one in sets}
            self.sets = (*sets, *(one for one in self.sets if one.name not in known))
        self.sets = (*sets, *self._evidently.sets(top, self._version))
        self._judge_predictions(top)
        self.overlooked = overlooked_data(self._root, self._settings, top, self._specs, self._owned)

    def _judge_predictions(self, top: Folder) -> None:
        found: dict[str, Comparison] = {}
        problems: list[Problem] = []
        assumed = [f"{spec.name}: {spec.assumed}" for spec in self._specs if spec.assumed]
        for entry, assumption in prediction_entries(self._root, self._settings, top):
            watch = self._watches.setdefault(entry, PredictionsWatch(entry, self._settings))
            result = watch.compare()
            if isinstance(result, Problem):
                problems.append(replace(result, file=self._relative(result.file)))
            elif result is not None:
                found[entry.name] = result
            if assumption:
                assumed.append(f"{entry.name}: {assumption}")
        self.predictions, self.problems, self.assumptions = found, tuple(problems), tuple(assumed)

    def _relative(self, file: str) -> str:
        return os.path.relpath(file, self._root) if os.path.isabs(file) else file

    def distribution(self, name: str, column: str, batch: int | None) -> Distribution | None:
        """Both distributions of a column, for a batch by its place (None: the newest)."""
        spec = next((spec for spec in self._specs if spec.name == name), None)
        known = next((one for one in self.sets if one.name == name), None)
        if spec is None or known is None:
            return None
        chosen = known.batches[batch].name if batch is not None and batch < len(known.batches) else None
        return column_distribution(spec, column, chosen, self._pieces)

    def slice_rows(self, name: str, label: str) -> Rows | Problem:
        """The rows of one slice of the newest predictions of an entry."""
        for entry in self._watches:
            path = newest(entry.files, self._settings, but=self._settings.path(entry.baseline))
            if entry.name == name and path is not None:
                return slice_rows(path, prediction_options(entry, self._settings)[0], label)
        return Problem(name, None, "no predictions file matches", "check [[predictions]] files")


def _far(spec: DataSpec) -> bool:
    return any(is_url(path) for path in (*spec.reference, *spec.batches))
