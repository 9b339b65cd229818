"""Opening predictions: the columns of a parquet or CSV file as arrays."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.data.arrays import longest
from runwatch.data.data_file import DataFile, opened_regular
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_COLUMNS, MAX_LINE
from runwatch.data.formats.dialect import Dialect, FileTraits, dialect
from runwatch.data.formats.parquet import checked, unpacked_bytes
from runwatch.data.formats.stream import BLOCK, BoundedLines
from runwatch.domain.borders import Arrow
from runwatch.domain.points import FloatArray
from runwatch.domain.predictions import Coded, Column, ColumnNames, PredictionRows
from runwatch.domain.run import Problem
from runwatch.text.safe import safe

_TARGETS = ("y_true", "target", "label", "truth", "actual", "y", "ground_truth")
_PREDICTIONS = ("y_pred", "prediction", "pred", "predicted", "yhat", "y_hat", "predicted_label")
_SCORES = ("y_score", "score", "y_prob", "prob", "proba", "probability", "y_proba")
_KEYS = ("id", "key", "row_id", "sample_id", "index", "uuid")
_LARGEST_BLOCK = 2**30
_LARGEST_CSV = 2 << 30
_LARGEST_UNPACKED = 4 << 30
MAX_ROWS = 50_000_000
_SPLIT = "split it"
SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")


class Chosen(msgspec.Struct, frozen=True):
    """Column names that a file really has, and what was assumed in choosing them."""

    names: ColumnNames
    notes: tuple[str, ...] = ()


def column_names(path: str) -> tuple[str, ...] | Problem:
    """The columns of a predictions file, without reading its rows."""
    if problem := _unreadable(path):
        return problem
    try:
        if _is_parquet(path):
            with opened_regular(path, path) as file:
                return tuple(checked(file, path).schema_arrow.names)
        return _csv_names(path)
    except Exception as error:
        return _broken(path, error)


def choose_columns(available: Sequence[str], columns: ColumnNames) -> Chosen | str:
    """Which of the ``available`` columns play which part: those asked for (``p_*``: all that begin so, in
    natural order), else the usual names. A text instead: what is missing."""
    notes: list[str] = []
    target = columns.target or _usual("target", _TARGETS, available, notes)
    if target is None:
        return f"no target column ({_listed(available)}); name it with --target"
    free = [name for name in available if name != target]
    scores = _expanded(columns.score, available)
    prediction = columns.prediction
    if prediction is None and not columns.score:
        prediction = _usual("prediction", _PREDICTIONS, free, notes)
        score = _usual("score", _SCORES, free, notes)
        scores = (score,) if score is not None else ()
    if isinstance(scores, str):
        return scores
    others = _expanded(columns.baseline_score, available)
    if isinstance(others, str):
        return others
    if prediction is None and not scores:
        return f"no prediction or score column ({_listed(available)}); name it with --prediction or --score"
    key = columns.key or _usual("key", _KEYS, free, notes)
    names = replace(
        columns, target=target, prediction=prediction, score=scores, baseline_score=others, key=key
    )
    missing = [name for name in _all_names(names) if name not in available]
    if missing:
        return f"no column {', '.join(map(safe, missing))} ({_listed(available)}); name one that is there"
    return Chosen(names, tuple(notes))


def _usual(part: str, usual: Sequence[str], available: Sequence[str], notes: list[str]) -> str | None:
    by_lower = {name.lower(): name for name in reversed(available)}
    column = next((by_lower[name] for name in usual if name in by_lower), None)
    if column is not None:
        notes.append(f"{part} column assumed: {safe(column)}")
    return column


def usual_key(available: Sequence[str], notes: list[str]) -> str | None:
    """The column that is called as keys are; that it was assumed is added to ``notes``."""
    return _usual("key", _KEYS, available, notes)


def usual_target(available: Sequence[str], notes: list[str]) -> str | None:
    """The same of the truth."""
    return _usual("target", _TARGETS, available, notes)


def _expanded(patterns: Sequence[str], available: Sequence[str]) -> tuple[str, ...] | str:
    out: list[str] = []
    for pattern in patterns:
        if not pattern.endswith("*") or pattern in available:
            out.append(pattern)
            continue
        matching = sorted((name for name in available if name.startswith(pattern[:-1])), key=_natural)
        if not matching:
            return f"no column begins with {safe(pattern[:-1])} ({_listed(available)}); name one that does"
        out += matching
    return tuple(out)


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, float(part), "") if part.isdigit() else (1, 0.0, part) for part in parts]


def _listed(available: Sequence[str]) -> str:
    shown = ", ".join(safe(name, 30) for name in available[:20])
    return f"the file has {shown}{', …' if len(available) > 20 else ''}"


def _all_names(names: ColumnNames) -> list[str]:
    single = (names.target, names.prediction, names.key, names.group, names.baseline_prediction)
    return [
        name for name in (*single, *names.score, *names.baseline_score, *names.slices) if name is not None
    ]


def load_rows(path: str, chosen: Chosen, baseline: bool = False) -> PredictionRows | Problem:
    """The rows of one side. ``baseline``: take the baseline's prediction and score columns (one file with
    both sides)."""
    names = chosen.names
    prediction = names.baseline_prediction if baseline else names.prediction
    scores = names.baseline_score if baseline else names.score
    selected = dict.fromkeys(
        name
        for name in (names.target, prediction, names.key, names.group, *scores, *names.slices)
        if name is not None
    )
    columns = load_columns(path, tuple(selected))
    if isinstance(columns, Problem):
        return columns
    numbers: dict[str, FloatArray] = {}
    for name in scores:
        column = columns[name]
        if isinstance(column, Coded):
            return Problem(path, None, f"score column {safe(name)} is text", "give numbers, one a class")
        numbers[name] = column.astype(np.float64)
    assert names.target is not None
    return PredictionRows(
        path,
        columns[names.target],
        None if prediction is None else columns[prediction],
        numbers,
        None if names.key is None else columns[names.key],
        None if names.group is None else columns[names.group],
        {name: columns[name] for name in names.slices},
        chosen.notes,
    )


def load_columns(path: str, names: Sequence[str]) -> Mapping[str, Column] | Problem:
    """Columns by name, in the file's row order."""
    if problem := _unreadable(path):
        return problem
    try:
        table = _read(path, names)
        if missing := [name for name in names if name not in table.column_names]:
            return Problem(
                path, None, f"no column {', '.join(map(safe, missing))}", _listed(table.column_names)
            )
        return {name: _array(table.column(name)) for name in names}
    except Exception as error:
        return _broken(path, error)


def _unreadable(path: str) -> Problem | None:
    try:
        status = Path(path).stat()
    except OSError as error:
        return Problem(path, None, (error.strerror or "cannot be read").lower(), "check the path")
    if not stat.S_ISREG(status.st_mode):
        return Problem(path, None, "not a regular file", "name a parquet or CSV file")
    if not path.lower().endswith(SUFFIXES):
        return Problem(path, None, "not a predictions file", "name a parquet or CSV file")
    if status.st_size == 0:
        return Problem(path, None, "empty file", "write the predictions again")
    return None


def _broken(path: str, error: Exception) -> Problem:
    if isinstance(error, DataError):
        return error.problem
    message = safe(str(error).splitlines()[0] if str(error) else type(error).__name__, 200)
    return Problem(path, None, f"cannot be read: {message}", "check that it is a whole parquet or CSV file")


def _is_parquet(path: str) -> bool:
    return path.lower().endswith((".parquet", ".pq"))


def _read(path: str, names: Sequence[str]) -> Arrow:
    """An Arrow table of those columns that are there. DataError past our limits, before anything is held."""
    table = _read_parquet(path, names) if _is_parquet(path) else _read_csv(path, names)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if any(longest(chunk) > MAX_LINE for chunk in column.chunks):
            what = f"column {safe(name)} has a value of more than {MAX_LINE >> 20} MiB"
            raise DataError(path, what, "keep such values elsewhere")
    return table


def _read_parquet(path: str, names: Sequence[str]) -> Arrow:
    with opened_regular(path, path) as file:
        parquet = checked(file, path)
        known = set(parquet.schema_arrow.names)
        present = [name for name in names if name in known]
        _count(path, parquet.metadata.num_rows)
        size = sum(unpacked_bytes(parquet, at, present, path) for at in range(parquet.num_row_groups))
        if size > _LARGEST_UNPACKED:
            what = f"its columns are more than {_LARGEST_UNPACKED >> 30} GiB when unpacked"
            raise DataError(path, what, _SPLIT)
        return parquet.read(columns=present)


def _count(path: str, rows: int) -> None:
    if rows > MAX_ROWS:
        raise DataError(path, f"has {rows:,} rows, more than the {MAX_ROWS:,} that are compared", _SPLIT)


@contextmanager
def _lines(path: str) -> Iterator[Arrow]:
    """The bytes of a CSV file with no line too long for a parser."""
    with opened_regular(path, path) as file:
        yield BoundedLines(file, path)


def _csv_names(path: str) -> tuple[str, ...]:
    from pyarrow import csv

    with opened_regular(path, path) as file:
        head = file.readline(MAX_LINE)
    if (columns := head.count(_dialect(path).delimiter.encode()) + 1) > MAX_COLUMNS:
        what = f"has about {columns:,} columns, more than the {MAX_COLUMNS:,} that are read"
        raise DataError(path, what, "check whether its lines end where they should")
    whole_row = csv.ReadOptions(block_size=MAX_LINE + 1)
    with _lines(path) as text:
        return tuple(csv.open_csv(text, whole_row, parse_options=_parsing(path)).schema.names)


def _dialect(path: str) -> Dialect:
    with opened_regular(path, path) as file:
        head = file.read(BLOCK)
    return dialect(head, FileTraits(), DataFile(path, path, 0))


def _parsing(path: str) -> object:
    from pyarrow import csv

    return csv.ParseOptions(delimiter=_dialect(path).delimiter, newlines_in_values=True)


def _read_csv(path: str, names: Sequence[str]) -> Arrow:
    """A column's kind is guessed from the first block; where a later one disagrees, from the whole file."""
    import pyarrow as pa
    from pyarrow import csv

    size = os.stat(path).st_size
    if size > _LARGEST_CSV:
        raise DataError(path, f"is larger than {_LARGEST_CSV >> 30} GiB", f"write it as parquet, or {_SPLIT}")
    header = set(_csv_names(path))
    present = [name for name in names if name in header]
    convert = csv.ConvertOptions(include_columns=present, decimal_point=_dialect(path).decimal)
    try:
        with _lines(path) as text:
            table = csv.read_csv(text, parse_options=_parsing(path), convert_options=convert)
    except pa.ArrowInvalid:
        whole = csv.ReadOptions(block_size=min(size + 1, _LARGEST_BLOCK))
        with _lines(path) as text:
            table = csv.read_csv(text, whole, parse_options=_parsing(path), convert_options=convert)
    _count(path, table.num_rows)
    return table


def _array(column: Arrow) -> Column:
    """An arrow column as numbers (float64 with NaN where nulls are), booleans or coded text."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        if column.null_count == 0:
            return np.asarray(column.to_numpy(), dtype=bool if pa.types.is_boolean(kind) else np.int64)
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return _text(column)


def _text(column: Arrow) -> Coded:
    import pyarrow as pa

    merged = column.combine_chunks()
    if isinstance(merged, pa.ChunkedArray):
        merged = pa.concat_arrays(merged.chunks) if merged.num_chunks else pa.array([], merged.type)
    if not pa.types.is_dictionary(merged.type):
        merged = (merged if pa.types.is_string(merged.type) else merged.cast(pa.string())).dictionary_encode()
    codes: NDArray[np.int64] = np.asarray(merged.indices.fill_null(-1), dtype=np.int64)
    labels = [str(label) if label is not None else "" for label in merged.dictionary.to_pylist()]
    return _without_empty(Coded(codes, tuple(labels)))


def _without_empty(column: Coded) -> Coded:
    """Empty text is a missing value."""
    if "" not in column.labels:
        return column
    empty = np.array([label == "" for label in column.labels])
    return Coded(np.where((column.codes >= 0) & empty[column.codes], -1, column.codes), column.labels)
