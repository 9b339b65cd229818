"""Performance of a data set's batches without labels: CBPE for two classes, estimated error for numbers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from runwatch.data.cache import Cache, files_key, kept
from runwatch.data.data_file import DataFile
from runwatch.data.grouping import numbered
from runwatch.data.scored import as_zero_one, columns_of, positive_class, rows_of
from runwatch.data.workflow import Reference
from runwatch.domain.drift import PerformanceEstimate
from runwatch.domain.profile import DataOptions
from runwatch.judge.drift.concept import changes
from runwatch.judge.drift.performance import Regressed, Scored, estimate_classification, estimate_regression

MAX_BATCHES = 30
_WARM_UP, _STREAMED = 20_000, 20_000
_FEATURES = 50
MIN_FILES = 8


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
    return kept(cache, key, kind, lambda: _estimates(reference, files, options, regression))


def _estimates(
    reference: Reference, files: Sequence[DataFile], options: DataOptions, regression: bool
) -> tuple[PerformanceEstimate, ...]:
    target, prediction, score = columns_of(reference.grid, options)
    if target is None or (prediction is None and score is None):
        return ()
    names = [name for name in (target, prediction, score) if name]
    known = rows_of(reference.files, names)
    if target not in known:
        return ()
    positive = positive_class(known[target])
    if positive is not None and score is not None and score in known:
        return _classified(reference, files, names, positive, target, prediction, score, options.group)
    if regression and prediction is not None and positive is None and known[target].dtype != object:
        return _regression(reference, files, target, prediction)
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
    target, prediction, score = columns_of(reference.grid, options)
    if target is None or (prediction is None and score is None):
        return ErrorChange()
    files = files[-MAX_BATCHES:]
    key = files_key("errors-2", reference.grid, [*reference.files, *files], repr(options))
    guess, cut = prediction or score or "", prediction is None
    return kept(cache, key, ErrorChange, lambda: _last_change(reference, files, target, guess, cut))


def _last_change(
    reference: Reference, files: Sequence[DataFile], target: str, guess: str, cut: bool
) -> ErrorChange:
    parts = [np.array(_errors([file], target, guess, cut)[:_STREAMED]) for file in files]
    own = [np.array(_errors([file], target, guess, cut)) for file in reference.files]
    if len(own) < MIN_FILES:
        own = [np.concatenate([part[-_WARM_UP:] for part in own])] if own else []
    stretches = [*own, *parts]
    ends = np.cumsum([len(part) for part in stretches])
    changed = changes(np.concatenate(stretches), sizes=[len(part) for part in stretches]) if stretches else []
    at = int(np.searchsorted(ends, changed[-1], side="right")) if changed else 0
    if at < len(own) or not len(own):
        return ErrorChange()
    before, after = np.concatenate(stretches[:at]), stretches[at]
    return ErrorChange(files[at - len(own)].name, bool(np.nanmean(after) < np.nanmean(before)))


def _errors(files: Sequence[DataFile], target: str, guess: str, cut: bool) -> list[float]:
    """The rows' errors, NaN where truth or prediction is missing; ``cut``: the guess is a score of 0/1."""
    rows = rows_of(files, [target, guess])
    if target not in rows or guess not in rows:
        return []
    truth, predicted = rows[target], rows[guess]
    if truth.dtype == object or predicted.dtype == object:
        pairs = zip(truth.tolist(), predicted.tolist(), strict=True)
        return [float("nan") if a is None or b is None else float(a != b) for a, b in pairs]
    if cut:
        predicted = np.where(np.isnan(predicted), np.nan, (predicted >= 0.5).astype(float))
    return [float(value) for value in np.abs(truth - predicted)]


def _classified(
    reference: Reference,
    files: Sequence[DataFile],
    names: list[str],
    positive: object,
    target: str,
    prediction: str | None,
    score: str,
    group: str | None,
) -> tuple[PerformanceEstimate, ...]:
    def scored(name: str, sources: Sequence[DataFile]) -> Scored | None:
        rows = rows_of(sources, [*names, *([group] if group else [])])
        if score not in rows or rows[score].dtype == object:
            return None
        predicted = rows.get(prediction) if prediction else None
        cut = np.where(np.isnan(rows[score]), np.nan, (rows[score] >= 0.5).astype(float))
        truth = rows.get(target)
        return Scored(
            name,
            rows[score],
            cut if predicted is None else as_zero_one(predicted, positive),
            None if truth is None else as_zero_one(truth, positive),
            numbered(rows[group]) if group and group in rows else None,
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
        rows = rows_of(sources, [*features, prediction, target])
        if prediction not in rows or any(rows[n].dtype == object for n in rows):
            return None
        empty = np.full(len(rows[prediction]), np.nan)
        matrix = np.column_stack([rows.get(n, empty) for n in features]) if features else empty[:, None]
        return Regressed(name, matrix, rows[prediction], rows.get(target))

    base = regressed("reference", reference.files)
    batches = [one for one in (regressed(file.name, [file]) for file in files) if one is not None]
    return estimate_regression(base, batches) if base is not None and batches else ()
