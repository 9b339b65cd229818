"""Performance of a data set's batches without labels: CBPE for two classes, estimated error for numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from runwatch.data.cache import Cache, cached, files_key
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.grouping import numbered
from runwatch.data.sample import sample
from runwatch.data.workflow import Reference
from runwatch.domain.drift import PerformanceEstimate
from runwatch.domain.points import AnyArray, missing
from runwatch.domain.profile import DataOptions, Floats, ProfileGrid
from runwatch.judge.drift.concept import changes
from runwatch.judge.drift.performance import Regressed, Scored, estimate_classification, estimate_regression

MAX_BATCHES = 30
_WARM_UP, _STREAMED = 20_000, 20_000
_FEATURES = 50
MIN_FILES = 8
_MAX_ROWS = 200_000


def estimates(
    reference: Reference,
    files: Sequence[DataFile],
    options: DataOptions,
    cache: Cache,
    regression: bool = False,
) -> tuple[PerformanceEstimate, ...]:
    """Estimated performance of the last 30 batches, kept while no file changes. Nothing without a target and
    predictions in the reference. ``regression``: also where the target is a number (imports scikit-learn:
    another process)."""
    files = files[-MAX_BATCHES:]
    key = files_key("estimates-2", reference.grid, [*reference.files, *files], f"{options!r} {regression}")
    kind = tuple[PerformanceEstimate, ...]
    return cached(cache, key, kind, lambda: _estimates(reference, files, options, regression))


def _estimates(
    reference: Reference, files: Sequence[DataFile], options: DataOptions, regression: bool
) -> tuple[PerformanceEstimate, ...]:
    parts = _columns_of(reference.grid, options)
    known = {} if parts is None else _rows_of(reference.files, parts)
    if parts is None or parts.target not in known:
        return ()
    truth = known[parts.target]
    positive = _positive_class(truth)
    if positive is not None and parts.score in known:
        return _classified(reference, files, parts, positive, options.group)
    if regression and parts.prediction is not None and positive is None and truth.dtype != object:
        return _regression(reference, files, parts.target, parts.prediction)
    return ()


class ErrorChange(msgspec.Struct, frozen=True):
    """The batch in which the error rate last changed (None: in none), and whether it fell there."""

    batch: str | None = None
    fell: bool = False


def errors_changed(
    reference: Reference, files: Sequence[DataFile], options: DataOptions, cache: Cache
) -> ErrorChange:
    """Where the error rate of labelled rows last changed (0/1 errors, or absolute ones of numbers) by an
    adaptive window over the reference's errors and then the batches'; nowhere when it did not, or without
    labels and predictions. The order of the rows within a file does not matter."""
    parts = _columns_of(reference.grid, options)
    if parts is None:
        return ErrorChange()
    files = files[-MAX_BATCHES:]
    key = files_key("errors-2", reference.grid, [*reference.files, *files], repr(options))
    return cached(cache, key, ErrorChange, lambda: _last_change(reference, files, parts))


def _last_change(reference: Reference, files: Sequence[DataFile], parts: PartColumns) -> ErrorChange:
    batches = [_errors(file, parts)[:_STREAMED] for file in files]
    own = [_errors(file, parts) for file in reference.files]
    if len(own) < MIN_FILES:
        own = [np.concatenate([part[-_WARM_UP:] for part in own])] if own else []
    stretches = [*own, *batches]
    ends = np.cumsum([len(part) for part in stretches])
    changed = changes(np.concatenate(stretches), sizes=[len(part) for part in stretches]) if stretches else []
    at = int(np.searchsorted(ends, changed[-1], side="right")) if changed else 0
    if at < len(own) or not len(own):
        return ErrorChange()
    before, after = np.concatenate(stretches[:at]), stretches[at]
    return ErrorChange(files[at - len(own)].name, bool(np.nanmean(after) < np.nanmean(before)))


def _errors(file: DataFile, parts: PartColumns) -> Floats:
    """The rows' errors, NaN where truth or prediction is missing."""
    guess = parts.prediction or parts.score
    rows = _rows_of([file], (parts.target, guess))
    if guess is None or parts.target not in rows or guess not in rows:
        return np.empty(0)
    truth, predicted = rows[parts.target], rows[guess]
    if truth.dtype == object or predicted.dtype == object:
        return np.where(missing(truth) | missing(predicted), np.nan, truth != predicted)
    if parts.prediction is None:
        predicted = _cut(predicted)
    errors: Floats = np.abs(truth - predicted)
    return errors


def _cut(scores: Floats) -> Floats:
    """Scores of two classes as 0 and 1."""
    return np.where(np.isnan(scores), np.nan, scores >= 0.5)


def _classified(
    reference: Reference, files: Sequence[DataFile], parts: PartColumns, positive: object, group: str | None
) -> tuple[PerformanceEstimate, ...]:
    def scored(name: str, sources: Sequence[DataFile]) -> Scored | None:
        rows = _rows_of(sources, (*parts, group))
        scores, predicted, truth = (
            rows.get(part or "") for part in (parts.score, parts.prediction, parts.target)
        )
        if scores is None or scores.dtype == object:
            return None
        return Scored(
            name,
            score=scores,
            prediction=_cut(scores) if predicted is None else _as_zero_one(predicted, positive),
            truth=None if truth is None else _as_zero_one(truth, positive),
            owners=numbered(rows[group]) if group and group in rows else None,
        )

    base = scored("reference", reference.files)
    batches = [one for one in (scored(file.name, [file]) for file in files) if one is not None]
    return estimate_classification(base, batches) if base is not None and batches else ()


def _regression(
    reference: Reference, files: Sequence[DataFile], target: str, prediction: str
) -> tuple[PerformanceEstimate, ...]:
    features = [
        c.name
        for c in reference.grid.columns
        if c.role == "feature" and c.edges is not None and c.kind in ("numeric", "constant")
    ][:_FEATURES]

    def regressed(name: str, sources: Sequence[DataFile]) -> Regressed | None:
        rows = _rows_of(sources, [*features, prediction, target])
        if prediction not in rows or any(rows[n].dtype == object for n in rows):
            return None
        empty = np.full(len(rows[prediction]), np.nan)
        matrix = np.column_stack([rows.get(n, empty) for n in features]) if features else empty[:, None]
        return Regressed(name, matrix, rows[prediction], rows.get(target))

    base = regressed("reference", reference.files)
    batches = [one for one in (regressed(file.name, [file]) for file in files) if one is not None]
    return estimate_regression(base, batches) if base is not None and batches else ()


class PartColumns(NamedTuple):
    """The columns of truths, predictions and scores."""

    target: str
    prediction: str | None
    score: str | None


def _columns_of(grid: ProfileGrid, options: DataOptions) -> PartColumns | None:
    """As said, else by their roles and kinds in the grid; None without truths, or without both others."""
    target = options.target or next((c.name for c in grid.columns if c.role == "target"), None)
    predicted = [c for c in grid.columns if c.role == "prediction"]
    many = [c.name for c in predicted if c.edges is not None and len(c.edges) > 10]
    few = [c.name for c in predicted if c.name not in many]
    score = options.score or next(iter(many), None)
    prediction = options.prediction or next(iter(few), None) or next((n for n in many if n != score), None)
    return PartColumns(target, prediction, score) if target and (prediction or score) else None


def _rows_of(files: Sequence[DataFile], names: Iterable[str | None]) -> dict[str, AnyArray]:
    """Up to 200,000 row-aligned values of the columns; empty when a file cannot be read."""
    try:
        return sample(files, [name for name in dict.fromkeys(names) if name], _MAX_ROWS)
    except DataError:
        return {}


def _as_zero_one(values: AnyArray, positive: object) -> Floats:
    """1.0 for ``positive``, 0.0 for other values, NaN for missing ones."""
    return np.where(missing(values), np.nan, values == positive)


def _positive_class(values: AnyArray) -> object | None:
    """The larger sorted label of a two-class column, None when it has not two."""
    classes: list[object] = np.unique(values[~missing(values)]).tolist()
    return classes[1] if len(classes) == 2 else None
