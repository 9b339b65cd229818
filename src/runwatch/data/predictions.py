"""Opening predictions: the columns of a table as arrays."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.data.arrays import as_text, family, numbers
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explaining
from runwatch.data.files import natural
from runwatch.data.formats import format_of, parquet, suffix
from runwatch.data.formats.table import Table
from runwatch.data.sample import joined, to_numpy
from runwatch.domain.borders import Arrow, JsonMapping
from runwatch.domain.points import FloatArray
from runwatch.domain.predictions import Coded, Column, ColumnNames, Part, PredictionRows, usual_column
from runwatch.text.safe import safe
from runwatch.text.units import plural

_LARGEST_TEXT = 2 << 30
_LARGEST_UNPACKED = 4 << 30
MAX_ROWS = 50_000_000
_SPLIT = "split it"
_TOO_MUCH = f"its columns are more than {_LARGEST_UNPACKED >> 30} GiB when unpacked"


class Chosen(msgspec.Struct, frozen=True):
    """Column names that a file really has, and what was assumed in choosing them."""

    names: ColumnNames
    notes: tuple[str, ...] = ()


def column_names(path: str) -> tuple[str, ...]:
    """The columns of a predictions file, without reading its rows. DataError."""
    file = _file(path)
    with explaining(path):
        return tuple(name for name, _ in format_of(file).schema(file))


def choose_columns(path: str, available: Sequence[str], columns: ColumnNames) -> Chosen:
    """Which of the ``available`` columns of a file play which part: those asked for (``p_*``: all that begin
    so, in natural order), else the usual names. DataError: what is missing."""
    notes: list[str] = []
    target = columns.target or usual_named("target", available, notes)
    if target is None:
        raise DataError(path, f"no target column ({_listed(available)})", "name it with --target")
    free = [name for name in available if name != target]
    scores = _expanded(path, columns.score, available)
    prediction = columns.prediction
    if prediction is None and not columns.score:
        prediction = usual_named("prediction", free, notes)
        score = usual_named("score", free, notes)
        scores = (score,) if score is not None else ()
    others = _expanded(path, columns.baseline_score, available)
    if prediction is None and not scores:
        what = f"no prediction or score column ({_listed(available)})"
        raise DataError(path, what, "name it with --prediction or --score")
    key = columns.key or usual_named("key", free, notes)
    names = replace(
        columns, target=target, prediction=prediction, score=scores, baseline_score=others, key=key
    )
    missing = [name for name in _all_names(names) if name not in available]
    if missing:
        what = f"no column {', '.join(map(safe, missing))} ({_listed(available)})"
        raise DataError(path, what, "name one that is there")
    return Chosen(names, tuple(notes))


def usual_named(part: Part, available: Sequence[str], notes: list[str]) -> str | None:
    """The column that is called as this part is; that it was assumed is added to ``notes``."""
    column = usual_column(part, available)
    if column is not None:
        notes.append(f"{part} column assumed: {safe(column)}")
    return column


def _expanded(path: str, patterns: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    out: list[str] = []
    for pattern in patterns:
        if not pattern.endswith("*") or pattern in available:
            out.append(pattern)
            continue
        matching = sorted((name for name in available if name.startswith(pattern[:-1])), key=natural)
        if not matching:
            what = f"no column begins with {safe(pattern[:-1])} ({_listed(available)})"
            raise DataError(path, what, "name one that does")
        out += matching
    return tuple(out)


def _listed(available: Sequence[str]) -> str:
    shown = ", ".join(safe(name, 30) for name in available[:20])
    return f"the file has {shown}{', …' if len(available) > 20 else ''}"


def _all_names(names: ColumnNames) -> list[str]:
    single = (names.target, names.prediction, names.key, names.group, names.baseline_prediction)
    return [
        name for name in (*single, *names.score, *names.baseline_score, *names.slices) if name is not None
    ]


def load_rows(path: str, chosen: Chosen, baseline: bool = False) -> PredictionRows:
    """The rows of one side. ``baseline``: take the baseline's prediction and score columns (one file with
    both sides). DataError."""
    names = chosen.names
    prediction = names.baseline_prediction if baseline else names.prediction
    scores = names.baseline_score if baseline else names.score
    selected = (names.target, prediction, names.key, names.group, *scores, *names.slices)
    columns = load_columns(path, list(dict.fromkeys(name for name in selected if name is not None)))
    values: dict[str, FloatArray] = {}
    for name in scores:
        column = columns[name]
        if isinstance(column, Coded):
            raise DataError(path, f"score column {safe(name)} is text", "give numbers, one a class")
        values[name] = column.astype(np.float64)
    assert names.target is not None
    return PredictionRows(
        path,
        truth=columns[names.target],
        prediction=None if prediction is None else columns[prediction],
        scores=values,
        key=None if names.key is None else columns[names.key],
        group=None if names.group is None else columns[names.group],
        columns={name: columns[name] for name in names.slices},
        notes=chosen.notes,
    )


def load_columns(path: str, names: Sequence[str]) -> Mapping[str, Column]:
    """Columns by name, in the file's row order. DataError, past our limits before anything is held."""
    file = _file(path)
    with explaining(path):
        table = format_of(file)
        available = [name for name, _ in table.schema(file)]
        if missing := [name for name in names if name not in available]:
            raise DataError(path, f"no column {', '.join(map(safe, missing))}", _listed(available))
        if twice := [name for name in names if available.count(name) > 1]:
            what = f"has several columns {', '.join(map(safe, twice))}"
            raise DataError(path, what, "give each column a name of its own")
        if table.SUFFIXES == parquet.SUFFIXES:
            _check_footer(table, file, names)
        chunks = _read(table, file, dict.fromkeys(names))
        late = [name for name, arrays in chunks.items() if "string" in _families(arrays) != {"string"}]
        if late and not table.TYPED:  # text, which may have begun with numbers, as it was written
            chunks |= _read(table, file, dict.fromkeys(late, as_text(joined([])).type))
        return {name: _column(joined(chunks[name])) for name in names}


def _file(path: str) -> DataFile:
    """DataError for what is no predictions file."""
    try:
        status = os.stat(path)
    except OSError as error:
        what = (error.strerror or "cannot be read").lower()
        raise DataError(path, what, "check the path") from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError(path, "not a regular file", "name a table, such as parquet or CSV")
    if suffix(path) is None:
        raise DataError(path, "not a predictions file", "use parquet, CSV, Arrow, ORC or JSONL")
    if status.st_size == 0:
        raise DataError(path, "empty file", "write the predictions again")
    file = DataFile(path, name=path, size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)
    if file.size > _LARGEST_TEXT and not format_of(file).COLUMNAR:
        what = f"is larger than {_LARGEST_TEXT >> 30} GiB"
        raise DataError(path, what, f"write it as parquet, or {_SPLIT}")
    return file


def _check_footer(table: Table, file: DataFile, names: Sequence[str]) -> None:
    _check_rows(file, sum(piece.rows or 0 for piece in table.pieces(file)))
    with parquet.opened(file) as footer:
        groups = range(footer.num_row_groups)
        if sum(parquet.unpacked_bytes(footer, at, names, file.name) for at in groups) > _LARGEST_UNPACKED:
            raise DataError(file.name, _TOO_MUCH, _SPLIT)


def _check_rows(file: DataFile, rows: int) -> None:
    if rows > MAX_ROWS:
        what = f"has {rows:,} rows or more, but {MAX_ROWS:,} are compared at most"
        raise DataError(file.name, what, _SPLIT)


def _read(table: Table, file: DataFile, types: JsonMapping) -> dict[str, list[Arrow]]:
    """The chunks of each column, of ``types`` (None: as the file has it). DataError for lines that are no
    rows: what they would have said is not known."""
    chunks: dict[str, list[Arrow]] = {name: [] for name in types}
    rows = held = 0
    for piece in table.pieces(file):
        for block in table.read(piece, types, frozenset(types)):
            rows += block.rows
            _check_rows(file, rows)
            if block.skipped:
                what = f"cannot be read: {plural(block.skipped, 'line')} with too few or too many cells"
                raise DataError(file.name, what, "check that the file is whole")
            for name, array in block.columns:
                chunks[name].append(array)
                held += array.nbytes
            if (
                held > _LARGEST_UNPACKED and table.SUFFIXES != parquet.SUFFIXES
            ):  # there the footer has said it
                raise DataError(file.name, _TOO_MUCH, _SPLIT)
    return chunks


def _families(arrays: Sequence[Arrow]) -> set[str]:
    return {family(array.type) for array in arrays if array.null_count < len(array)}


def _column(array: Arrow) -> Column:
    """An Arrow array as numbers (float64 with NaN where nulls are), booleans or coded text."""
    import pyarrow.types as t

    kind = array.type
    if t.is_null(kind):
        return np.full(len(array), np.nan)
    if (t.is_boolean(kind) or t.is_integer(kind)) and not array.null_count:
        return numbers(array).astype(bool if t.is_boolean(kind) else np.int64)
    if t.is_boolean(kind) or t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind):
        return to_numpy(array)
    coded = array if t.is_dictionary(kind) else as_text(array).dictionary_encode()
    codes = np.asarray(coded.indices.fill_null(-1), dtype=np.int64)
    labels = tuple("" if label is None else str(label) for label in coded.dictionary.to_pylist())
    return _without_empty(Coded(codes, labels))


def _without_empty(column: Coded) -> Coded:
    """Empty text is a missing value."""
    if "" not in column.labels:
        return column
    empty = np.array([label == "" for label in column.labels])
    return Coded(np.where((column.codes >= 0) & empty[column.codes], -1, column.codes), column.labels)
