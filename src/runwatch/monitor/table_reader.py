"""All that the board asks of tables on disk, as jobs and answers: done in this process or, for a board
that must live on, in another one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from runwatch.config.settings import Predictions, Settings
from runwatch.data import crash_notes
from runwatch.data.discover import ListedFile
from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet, Distribution
from runwatch.domain.predictions import ColumnNames, TextRows
from runwatch.domain.run import Problem
from runwatch.domain.tree import is_below
from runwatch.monitor.compare_files import PredictionsWatch, slice_rows
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_sets import column_distribution, data_set
from runwatch.monitor.data_specs import data_specs, overlooked_data, prediction_entries
from runwatch.monitor.model_plans import ModelPlans, model_plans
from runwatch.store.cache import CacheFile

Tell = Callable[[DataSet], None]
Answer = TypeVar("Answer", covariant=True)


class TableJob(Protocol[Answer]):
    """A job for the process that reads tables. ``ANSWER``: the type of what comes back."""

    ANSWER: ClassVar[Any]

    def run(self, reader: LocalTableReader, tell: Tell) -> Answer: ...


class Judged(msgspec.Struct, frozen=True):
    """A root's data sets as they were found and judged, its predictions (``entries``) compared, what had to
    be assumed, and data that nothing takes."""

    specs: tuple[DataSpec, ...]
    entries: tuple[Predictions, ...]
    sets: tuple[DataSet, ...]
    predictions: Mapping[str, Comparison]
    problems: tuple[Problem, ...]
    assumptions: tuple[str, ...]
    overlooked: tuple[Problem, ...]


class Judge(msgspec.Struct, frozen=True):
    """Judge all data sets and predictions of a root; each set is told when it is done. What did not change
    costs a ``stat``."""

    ANSWER: ClassVar[Any] = Judged

    root: str
    settings: Settings
    listing: tuple[ListedFile, ...]
    """The files below the root, for what is found by name."""
    owned: frozenset[str]
    """Those of runs."""
    now: float
    version: int
    deep: bool = False
    """With what another process has found out about all columns together."""

    def run(self, reader: LocalTableReader, tell: Tell) -> Judged:
        specs = data_specs(self.root, self.settings, self.listing)
        sets = []
        for spec in specs:
            job = replace(spec, options=replace(spec.options, multivariate=True)) if self.deep else spec
            sets.append(data_set(job, reader.pieces, self.now, version=self.version))
            tell(sets[-1])
        comparisons: dict[str, Comparison] = {}
        problems: list[Problem] = []
        assumed = [f"{spec.name}: {spec.assumed}" for spec in specs if spec.assumed]
        entries = prediction_entries(self.root, self.settings, self.listing)
        for entry, assumption in entries:
            result = reader.compared(self.root, entry, self.settings)
            if isinstance(result, Problem):
                problems.append(relative(result, self.root))
            elif result is not None:
                comparisons[entry.name] = result
            if assumption:
                assumed.append(f"{entry.name}: {assumption}")
        problems += _refused(self.root, sets)
        own = tuple(entry for entry, _ in entries)
        left = overlooked_data(self.root, self.settings, self.listing, specs, own, self.owned)
        return Judged(
            specs,
            entries=own,
            sets=tuple(sets),
            predictions=comparisons,
            problems=tuple(problems),
            assumptions=tuple(assumed),
            overlooked=left,
        )


def relative(problem: Problem, root: str) -> Problem:
    """The problem with its file's path relative to the root."""
    inside = os.path.isabs(problem.file)
    return replace(problem, file=os.path.relpath(problem.file, root)) if inside else problem


def _refused(root: str, sets: Sequence[DataSet]) -> list[Problem]:
    """The files below a root that crashed the process reading them and that no data set reports: one that was
    only asked for its columns belongs to none."""
    reported = {problem.file for one in sets for problem in one.problems}
    reported |= {batch.name for one in sets for batch in one.batches if batch.problem is not None}
    return [
        replace(problem, file=name)
        for path, problem in crash_notes.refusals()
        if is_below(path, root) and (name := os.path.relpath(path, root)) not in reported
    ]


class PlanModels(msgspec.Struct, frozen=True):
    """What ``[[models]]`` of a root have to run on. ``base``: where its predictions are kept; ``usable``: the
    model files that can be run."""

    ANSWER: ClassVar[Any] = ModelPlans

    root: str
    settings: Settings
    listing: tuple[ListedFile, ...]
    base: str
    usable: tuple[str, ...]

    def run(self, reader: LocalTableReader, tell: Tell) -> ModelPlans:
        specs = data_specs(self.root, self.settings, self.listing)
        return model_plans(self.settings, specs, self.base, self.usable)


class Distribute(msgspec.Struct, frozen=True):
    """Both distributions of a column; ``batch``: by its name, None the newest."""

    ANSWER: ClassVar[Any] = Distribution | None

    spec: DataSpec
    column: str
    batch: str | None

    def run(self, reader: LocalTableReader, tell: Tell) -> Distribution | None:
        return column_distribution(self.spec, self.column, self.batch, reader.pieces)


def distribute(
    specs: Iterable[DataSpec], sets: Iterable[DataSet], name: str, column: str, batch: int | None
) -> Distribute | None:
    """The job for a column of the data set ``name``; ``batch``: by its place (None: the newest)."""
    spec = next((spec for spec in specs if spec.name == name), None)
    known = next((one for one in sets if one.name == name), None)
    if spec is None or known is None:
        return None
    chosen = known.batches[batch].name if batch is not None and batch < len(known.batches) else None
    return Distribute(spec, column, chosen)


class ReadSliceRows(msgspec.Struct, frozen=True):
    """The rows of one slice of a predictions file."""

    ANSWER: ClassVar[Any] = TextRows | Problem

    path: str
    asked: ColumnNames
    label: str

    def run(self, reader: LocalTableReader, tell: Tell) -> TextRows | Problem:
        return slice_rows(self.path, self.asked, self.label)


class TableReader(Protocol):
    """Whoever reads tables. ``ask`` blocks; raises UserError when it cannot be done at all."""

    def ask(self, job: TableJob[Answer], tell: Tell) -> Answer: ...

    def rest(self, seconds: float) -> None: ...

    def stop(self) -> None: ...


class LocalTableReader:
    """Reads tables in this process."""

    def __init__(self, cache: CacheFile) -> None:
        self.pieces = cache
        self._watches: dict[tuple[str, Predictions], PredictionsWatch] = {}

    def ask(self, job: TableJob[Answer], tell: Tell) -> Answer:
        return job.run(self, tell)

    def rest(self, seconds: float) -> None:
        """Nothing runs by itself."""

    def stop(self) -> None:
        """Nothing runs by itself."""

    def compared(self, root: str, entry: Predictions, settings: Settings) -> Comparison | Problem | None:
        """The entry's comparison, result anew only when one of its files has changed."""
        watch = self._watches.get((root, entry))
        if watch is None or watch.settings != settings:
            watch = self._watches[root, entry] = PredictionsWatch(entry, settings)
        return watch.compare()


def ignore_parts(_: DataSet) -> None:
    """Nobody waits for the parts of an answer."""
