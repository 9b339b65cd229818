"""Comparing, composed: files of predictions or metrics, and runs, against what they are compared with."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.config.settings import Model, Predictions, Settings, listed
from runwatch.data.errors import DataError
from runwatch.data.eval_samples import load_samples
from runwatch.data.files import matching
from runwatch.data.number_files import load_numbers
from runwatch.data.predictions import Chosen, choose_columns, column_names, load_columns, load_rows
from runwatch.domain.comparison import Baseline, CompareOptions, Comparison, Samples
from runwatch.domain.errors import UserError
from runwatch.domain.predictions import Coded, Column, ColumnNames, PredictionRows, TextRows
from runwatch.domain.run import Problem, Run
from runwatch.domain.table_formats import READ
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.grouping import members
from runwatch.judge.predictions.labels import canonical, number_label
from runwatch.judge.runs.comparing import (
    Noise,
    Series,
    compare_number_with_seeds,
    compare_numbers,
    compare_runs,
    ids_of,
    shown_tags,
    value_of,
)
from runwatch.judge.runs.values import ONE_RUN, TWO_NUMBERS
from runwatch.monitor.internal_errors import of_ours
from runwatch.monitor.late_labels import Labels, labelled_rows, read_labels
from runwatch.system.files import stamp_of
from runwatch.text.safe import run_name

ROWS_SHOWN = 200
P = ParamSpec("P")
Answer = TypeVar("Answer")


def _or_problem(function: Callable[P, Answer]) -> Callable[P, Answer | Problem]:
    """What cannot be read is an answer of the function, and no error."""

    @wraps(function)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Answer | Problem:
        try:
            return function(*args, **kwargs)
        except DataError as error:
            return error.problem

    return answered


def run_options(settings: Settings) -> CompareOptions:
    """What ``[metrics]`` says of comparing runs."""
    metrics = settings.metrics
    directions = {name: one.direction for name, one in metrics.named.items() if one.direction}
    tolerances = {name: one.tolerance for name, one in metrics.named.items() if one.tolerance is not None}
    return CompareOptions(metrics.primary, tolerances, directions, at=metrics.at)


def prediction_options(entry: Predictions, settings: Settings) -> tuple[ColumnNames, CompareOptions]:
    """What one ``[[predictions]]`` says, with ``[metrics]`` behind it."""
    names = ColumnNames(
        entry.target,
        prediction=entry.prediction,
        score=listed(entry.score),
        key=entry.key,
        group=entry.group,
        slices=entry.slices,
        labels=tuple(_label_files(entry, settings)),
    )
    return names, entry_options(entry, settings)


def entry_options(entry: Predictions | Model, settings: Settings) -> CompareOptions:
    """What an entry says of comparing predictions, with ``[metrics]`` behind it."""
    return replace(
        run_options(settings),
        primary=entry.primary,
        task=entry.task,
        positive=entry.positive,
        threshold=entry.threshold,
        costs=entry.cost,
    )


def _label_files(entry: Predictions, settings: Settings) -> list[str]:
    """The files of labels in the order of their names; a pattern that no file matches as it is."""
    files = [sorted(matching(path)) or [path] for path in settings.paths(entry.labels)]
    return [path for paths in files for path in paths if settings.allows(path)]


def compare_with(
    run: Run,
    baseline: Baseline,
    members_: Sequence[Run],
    series: Series,
    options: CompareOptions,
    noise: Noise | None = None,
) -> Comparison | Problem:
    """A run against its root's baseline; ``members_``: the runs that a run or group baseline names. ``noise``
    as of ``compare_runs``."""
    if baseline.kind == "metrics":
        return compare_run_with_file(run, baseline.name, series, options)
    if not members_:
        return Problem(baseline.name, None, "baseline: no such run", "pin another: runwatch baseline set RUN")
    return compare_runs(run, tuple(members_), series, options, samples=samples_of, noise=noise)


def samples_of(run: Run) -> Samples:
    """What an evaluation on this machine says of each of its samples."""
    return load_samples(os.path.join(run.root, run.id)) if "lm-eval" in run.formats else {}


@_or_problem
def compare_run_with_file(run: Run, path: str, series: Series, options: CompareOptions) -> Comparison:
    """A run's values against the numbers of a metrics file."""
    numbers = load_numbers(path)
    values = {tag: value_of(run, tag, None, series, options) for tag in shown_tags(run)}
    candidate = {tag: value[0] for tag, value in values.items() if value is not None}
    return compare_numbers(candidate, numbers, (ids_of((run,)), run_name(path)), options, ONE_RUN)


@_or_problem
def compare_metric_files(candidate: str, baseline: str, options: CompareOptions) -> Comparison:
    """Two metrics files: bare numbers on both sides."""
    b, a = load_numbers(candidate), load_numbers(baseline)
    return compare_numbers(b, a, (run_name(candidate), run_name(baseline)), options, TWO_NUMBERS)


@_or_problem
def compare_prediction_files(
    candidate: str,
    baseline: str | None,
    columns: ColumnNames,
    options: CompareOptions,
    shown: tuple[str, str] | None = None,
) -> Comparison:
    """Two predictions files, or (``baseline`` None) one that holds both sides' columns. ``shown``: (baseline,
    candidate) as people know them, default the paths."""
    both = baseline is None
    labels = read_labels(columns)
    if labels is not None:
        columns = replace(columns, key=labels.key, target=labels.target)
    second = _choose(candidate, columns)
    if both and not (columns.baseline_prediction or second.names.baseline_score):
        hint = "give --baseline FILE, --baseline-prediction or --baseline-score"
        raise DataError(candidate, "nothing to compare with", hint)
    path = candidate if baseline is None else baseline
    first = second if both else _choose(path, _of_baseline(columns))
    rows_b = _rows(candidate, second, labels)
    rows_a = _rows(path, first, labels, baseline=both)
    if both:
        rows_a, rows_b = replace(rows_a, key=None), replace(rows_b, key=None)
    elif columns.key is None:
        rows_a, rows_b = _assumed_keys(rows_a, rows_b)
    comparison = compare_predictions(rows_a, rows_b, options, shown or _shown(candidate, path, columns))
    if not both and os.path.realpath(candidate) == os.path.realpath(path) and first == second:
        comparison = replace(
            comparison, notes=(*comparison.notes, "candidate and baseline are the same file")
        )
    return comparison


def _rows(path: str, chosen: Chosen, labels: Labels | None, baseline: bool = False) -> PredictionRows:
    if labels is None:
        return load_rows(path, chosen, baseline)
    return labelled_rows(path, chosen, labels, baseline)


def _shown(candidate: str, baseline: str, columns: ColumnNames) -> tuple[str, str]:
    if candidate != baseline:
        return run_name(baseline), run_name(candidate)
    sides = ((columns.baseline_prediction, columns.baseline_score), (columns.prediction, columns.score))
    first, second = (prediction or ", ".join(scores) for prediction, scores in sides)
    if first == second:
        return run_name(baseline), run_name(candidate)
    return run_name(f"{baseline} [{first}]"), run_name(f"{candidate} [{second}]")


def _choose(path: str, columns: ColumnNames) -> Chosen:
    available = column_names(path)
    if columns.labels and columns.target is not None and columns.target not in available:
        available = (*available, columns.target)
    return choose_columns(path, available, columns)


def _of_baseline(columns: ColumnNames) -> ColumnNames:
    """The columns of a baseline file of its own: its own names where they were given, else the same."""
    return replace(
        columns,
        prediction=columns.baseline_prediction or columns.prediction,
        score=columns.baseline_score or columns.score,
        slices=(),
        baseline_prediction=None,
        baseline_score=(),
    )


def _assumed_keys(a: PredictionRows, b: PredictionRows) -> tuple[PredictionRows, PredictionRows]:
    """A key that was only assumed is dropped, and that is said, where it is missing on a side or does not
    name one row."""
    if a.key is not None and b.key is not None:
        codes = canonical([a.key, b.key])
        if all(len(np.unique(side)) == len(side) and side.min(initial=0) >= 0 for side in codes):
            return a, b
    return _without_key(a), _without_key(b)


def _without_key(rows: PredictionRows) -> PredictionRows:
    assumed = "key column assumed: "
    why = "is not used as the key: its values repeat, are missing, or are on one side only"
    notes = (f"{n.removeprefix(assumed)} {why}" if n.startswith(assumed) else n for n in rows.notes)
    return replace(rows, key=None, notes=tuple(notes))


def newest(pattern: str | tuple[str, ...], settings: Settings, but: Collection[str] = ()) -> str | None:
    """The newest predictions file that the configured globs match, ``but`` left out."""
    paths = [path for one in settings.paths(pattern) for path in matching(one)]
    named = [path for path in paths if path not in but and path.lower().endswith(READ)]
    stamps = [stamp_of(path) for path in named if settings.allows(path)]
    known = [stamp for stamp in stamps if stamp is not None]
    return max(known, key=lambda stamp: (stamp.mtime_ns, stamp.path)).path if known else None


class PredictionsWatch(msgspec.Struct):
    """One ``[[predictions]]`` over time: its newest file against its baseline, judged again only when either
    file (or the entry) changes."""

    entry: Predictions
    settings: Settings
    _key: tuple[object, ...] | None = None
    _made: Comparison | Problem | None = None

    def compare(self) -> Comparison | Problem | None:
        """The comparison as the files stand now; None where no baseline is named."""
        if not self.entry.baseline:
            return None
        baseline = self.settings.path(self.entry.baseline)
        names, options = prediction_options(self.entry, self.settings)
        candidate = newest(self.entry.files, self.settings, but=(baseline, *names.labels))
        if candidate is None:
            return Problem(
                self.entry.name, None, "no predictions file matches", "check [[predictions]] files"
            )
        if not self.settings.allows(baseline):
            return Problem(
                self.entry.name, None, "its baseline is outside the root", "runwatch trust ROOT allows it"
            )
        key = (stamp_of(candidate), stamp_of(baseline), *map(stamp_of, names.labels))
        if key != self._key:
            shown = self._shown(baseline), self._shown(candidate)
            try:
                self._made = compare_prediction_files(candidate, baseline, names, options, shown)
            except UserError:
                raise
            except Exception as error:  # an internal error costs this comparison, not the others
                self._made = of_ours(self.entry.name, error)
            self._key = key
        return self._made

    def _shown(self, path: str) -> str:
        return run_name(os.path.relpath(path, self.settings.folder))


@_or_problem
def slice_rows(path: str, names: ColumnNames, label: str) -> TextRows:
    """(column names, the first 200 rows as text) of the slice that bears ``label`` in a candidate's
    file, all its columns, so that people see what the rows have in common."""
    available = column_names(path)
    columns = load_columns(path, available)
    inside = members({name: columns[name] for name in names.slices if name in columns}, label)
    if inside is None:
        raise DataError(path, f"no slice {label}", "the file has changed; compare again")
    rows = np.flatnonzero(inside)[:ROWS_SHOWN]
    texts = [_texts(columns[name], rows) for name in available]
    return available, tuple(zip(*texts, strict=True))


def _texts(column: Column, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[str]:
    if isinstance(column, Coded):
        return [column.labels[code] if code >= 0 else "" for code in column.codes[rows]]
    return [number_label(value) if np.isfinite(value) else str(value) for value in column[rows].tolist()]


@_or_problem
def compare_file_with_run(
    path: str, baseline: Sequence[Run], series: Series, options: CompareOptions
) -> Comparison:
    """The numbers of a metrics file against a run's values (of a group: the mean of its runs)."""
    numbers = load_numbers(path)
    values: dict[str, list[float]] = {}
    for run in baseline:
        for tag in shown_tags(run):
            if (value := value_of(run, tag, None, series, options)) is not None:
                values.setdefault(tag, []).append(value[0])
    return compare_number_with_seeds(numbers, values, (run_name(path), ids_of(tuple(baseline))), options)


def entry_for(path: str, settings: Settings) -> Predictions | None:
    """The ``[[predictions]]`` whose globs match a file."""
    real = os.path.realpath(path)
    for entry in settings.predictions:
        for pattern in settings.paths(entry.files):
            if real in {os.path.realpath(one) for one in matching(pattern)}:
                return entry
    return None
