"""Truth that comes later, in files of its own, joined to predictions by a key."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.data.errors import DataError
from runwatch.data.predictions import Chosen, column_names, load_columns, load_rows, usual_named
from runwatch.domain.predictions import Coded, Column, ColumnNames, PredictionRows
from runwatch.judge.predictions.labels import canonical, coded
from runwatch.text.safe import safe
from runwatch.text.units import plural

_HINT = "name the column that both have: key (--key)"


class Labels(msgspec.Struct, frozen=True, eq=False):
    """The labels of all ``files``."""

    files: tuple[str, ...]
    key: str
    """What its columns are called, as ``target``."""
    target: str
    keys: tuple[Column, ...]
    """One column a file, as ``values``."""
    values: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    """What was assumed."""


def read_labels(columns: ColumnNames) -> Labels | None:
    """What the files of labels say; None where none are named. DataError."""
    if not columns.labels:
        return None
    names = column_names(columns.labels[0])
    notes: list[str] = []
    key = columns.key or usual_named("key", names, notes)
    if key is None:
        raise DataError(columns.labels[0], "labels need a key to be joined by", _HINT)
    target = columns.target or _target([name for name in names if name != key], notes)
    if target is None:
        raise DataError(columns.labels[0], "no target column", "name it: target (--target)")
    parts = [load_columns(path, (key, target)) for path in columns.labels]
    keys, values = (tuple(part[name] for part in parts) for name in (key, target))
    return Labels(columns.labels, key=key, target=target, keys=keys, values=values, notes=tuple(notes))


def _target(names: Sequence[str], notes: list[str]) -> str | None:
    """The usual name, or the only one."""
    target = usual_named("target", names, notes)
    if target is None and len(names) == 1:
        notes.append(f"target column assumed: {safe(names[0])}")
        return names[0]
    return target


def labelled_rows(path: str, chosen: Chosen, labels: Labels, baseline: bool) -> PredictionRows:
    """A file's rows with the labels of their keys as truth, of several labels of one key the last. Rows
    without one have none, which is counted in the notes; DataError where that is all of them."""
    rows = load_rows(path, replace(chosen, names=replace(chosen.names, target=labels.key)), baseline)
    assert rows.key is not None
    own, *known = canonical([rows.key, *labels.keys])
    each = np.concatenate(known)
    at = np.full(max(int(own.max(initial=-1)), int(each.max(initial=-1))) + 2, -1, dtype=np.int64)
    usable = np.flatnonzero(each >= 0)
    at[each[usable]] = usable  # a later label overwrites an earlier one
    matches = np.where(own >= 0, at[own], -1)
    lost = int((matches < 0).sum())
    named = ", ".join(_shown(file) for file in labels.files[:3])
    if lost == len(matches):
        what = f"none of its {plural(lost, 'row')} has a label in {named} by {safe(labels.key)}"
        raise DataError(path, what, "check that both files have the same keys")
    notes = [*rows.notes, *labels.notes]
    if lost:
        notes.append(f"{lost:,} of {plural(len(matches), 'row')} of {_shown(path)} have no label in {named}")
    repeats = len(usable) - len(np.unique(each[usable]))
    if repeats:
        notes.append(f"{plural(repeats, 'label')} in {named} replaced by a later one of the same key")
    return replace(rows, truth=_taken(labels.values, matches), notes=tuple(notes))


def _shown(path: str) -> str:
    return safe(os.path.basename(path))


def _taken(values: Sequence[Column], rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Column:
    """The rows of several columns as of one, missing where a row is below 0."""
    if any(isinstance(column, Coded) for column in values):
        codes, words = coded(list(values))
        return Coded(np.where(rows >= 0, np.concatenate(codes)[rows], -1), words)
    numbers = np.concatenate([np.asarray(column, dtype=np.float64) for column in values])
    return np.where(rows >= 0, numbers[rows], np.nan)
