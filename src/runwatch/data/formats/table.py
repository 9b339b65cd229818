"""A file of any format as a table: what stands in its path is a column, nested values have columns of their
own, a data tool's bookkeeping is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

from runwatch.data.arrays import family, longest
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_COLUMNS, MAX_LINE, ColumnBlock, Piece, TableFormat, duplicated
from runwatch.data.literals import nested
from runwatch.data.plain import MAX_LEAVES, by_key, leaf_types, leaves, map_keys, plain, plain_type
from runwatch.domain.borders import Arrow, JsonMapping

_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: 0(\.\d+)?")
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_FRACTION = re.compile(r"-?\d+\.\d+")
_CALENDAR = ("year", "month", "day", "hour", "minute", "week", "quarter")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Table:
    """A format module that reads tables; the same calls as the module."""

    def __init__(self, format_: TableFormat) -> None:
        self._format = format_
        self.SUFFIXES, self.COLUMNAR = format_.SUFFIXES, format_.COLUMNAR
        self.TYPED, self.BLANK_IS_MISSING = format_.TYPED, format_.BLANK_IS_MISSING

    def schema(self, file: DataFile) -> list[tuple[str, Arrow]]:
        return list(_columns(self, file))

    def pieces(self, file: DataFile) -> list[Piece]:
        return self._format.pieces(file)

    def read(self, piece: Piece, types: Mapping[str, object], coded: frozenset[str]) -> Iterator[ColumnBlock]:
        file = piece.file
        above = {key[:at] for key in types for at, sign in enumerate(key) if sign == "."}
        stored = _stored(self, file)
        names = [name for name in stored if name in types or name in above]
        inner = {name: None if name in above else types.get(name) for name in names}
        partitions = {n: value for n, value in partition_values(file) if n in types and n not in stored}
        for block in self._format.read(piece, inner, coded):
            for name, array in block.columns:
                if longest(array) > MAX_LINE:
                    what = f"column {name} has a value of more than {MAX_LINE >> 20} MiB"
                    raise DataError(
                        file.name, what, "leave the column out (--exclude), or keep such values elsewhere"
                    )
            columns = [column for name, array in block.columns for column in _expanded(name, array, types)]
            if block.rows:
                columns.extend((name, _repeated(value, block.rows)) for name, value in partitions.items())
            yield ColumnBlock(block.rows, columns, block.skipped)


@lru_cache(maxsize=512)
def _stored(table: Table, file: DataFile) -> dict[str, object]:
    """Name and type of the columns in the file itself, less the bookkeeping ones and those of a name that
    occurs twice."""
    schema = table._format.schema(file)
    if len(schema) > MAX_COLUMNS:
        what = f"has {len(schema):,} columns, more than the {MAX_COLUMNS:,} that are read"
        raise DataError(file.name, what, "name those that matter in a file of their own")
    twice = duplicated([name for name, _ in schema])
    own = [pair for i, pair in enumerate(schema) if not is_index(pair[0], i)]
    return {name: type_ for name, type_ in own if name not in twice}


@lru_cache(maxsize=512)
def _columns(table: Table, file: DataFile) -> tuple[tuple[str, object], ...]:
    stored = table._format.schema(file)
    _stored(table, file)
    out: list[tuple[str, object]] = []
    within = _within(table, file)
    for index, (name, written) in enumerate(stored):
        if not is_index(name, index):
            type_ = within.get(name, written)
            out.append((name, plain_type(type_)))
            out.extend(_leaf_types(name, type_))
    known = {name for name, _ in out}
    out.extend((n, _partition_type(value)) for n, value in partition_values(file) if n not in known)
    return tuple(out)


def _within(table: Table, file: DataFile) -> dict[str, object]:
    """The types of columns that only their values tell: maps of few keys, which are structs by key, and the
    text of nested values, in formats with types where their statistics hint at it; by the first rows."""
    import pyarrow.types as t

    stored = _stored(table, file)
    text = {name for name, type_ in stored.items() if family(type_) == "string"}
    if table.TYPED and text:
        text &= getattr(table._format, "spelled", _none)(file)
    candidates = {
        name: type_ for name, type_ in stored.items() if name in text or t.is_map(plain_type(type_))
    }
    if not candidates:
        return {}
    types: dict[str, object] = {}
    for name, array in _first_values(table, file, candidates):
        shown = _by_key(plain(array)) if t.is_map(plain_type(array.type)) else nested(array)
        if shown is not None:
            types[name] = shown.type
    return types


def _none(_: DataFile) -> frozenset[str]:
    return frozenset()


def _first_values(table: Table, file: DataFile, types: JsonMapping) -> Iterator[tuple[str, Arrow]]:
    """The first block's values of each wanted column."""
    left = set(types)
    for piece in table.pieces(file)[:1]:
        for block in table._format.read(piece, types, frozenset()):
            for name, array in block.columns:
                if name in left:
                    yield name, array
            left -= {name for name, _ in block.columns}
            if not left:
                return


def _by_key(array: Arrow) -> Arrow:
    keys = map_keys(array)
    return by_key(array, keys) if keys else None


def _leaf_types(name: str, type_: object) -> list[tuple[str, object]]:
    return [pair for pair, _ in zip(leaf_types(name, type_), range(MAX_LEAVES), strict=False)]


def is_index(name: str, position: int) -> bool:
    """Whether a column is the row index that pandas (or R) wrote beside the data."""
    return bool(_INDEX.fullmatch(name)) or (not name.strip() and position == 0)


def _expanded(name: str, array: Arrow, types: JsonMapping) -> Iterator[tuple[str, object]]:
    array = _as_selected(name, plain(array), types)
    if name in types:
        yield name, array
    names = {leaf for leaf, _ in _leaf_types(name, array.type)}
    if names & types.keys():
        for leaf, values in leaves(name, array):
            if leaf in types and leaf in names:
                yield leaf, values


def _as_selected(name: str, array: Arrow, types: JsonMapping) -> Arrow:
    """A map by the keys that are asked for, text as the nested values it spells where their leaves are."""
    import pyarrow.types as t

    is_text = family(array.type) in ("string", "binary")
    if not is_text and not t.is_map(array.type):
        return array
    below = [key[len(name) + 1 :] for key in types if key.startswith(name + ".")]
    if is_text:
        shown = nested(array) if below else None
        return array if shown is None else shown
    keys = map_keys(array)
    requested = [key for key in keys if any(one == key or one.startswith(key + ".") for one in below)]
    return by_key(array, requested) if requested else array


def partition_values(file: DataFile) -> list[tuple[str, str | None]]:
    """The columns that stand in the path, percent-decoded; None where Hive writes that there is no value.
    Numbers of the calendar (``year=2026/month=3``) say when the rows came, not what they are: no columns."""
    pairs = [(unquote(k), None if v == _HIVE_NULL else unquote(v)) for k, v in file.partitions]
    return [(k, v) for k, v in pairs if k.lower() not in _CALENDAR or not (v or "").isdigit()]


def _partition_type(value: str | None) -> object:
    import pyarrow as pa

    if value is None:
        return pa.null()
    if _WHOLE.fullmatch(value):
        return pa.int64()
    if _FRACTION.fullmatch(value):
        return pa.float64()
    if _DATE.fullmatch(value):
        return pa.date32()
    return pa.bool_() if value in ("true", "false") else pa.string()


def _repeated(value: str | None, rows: int) -> object:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = _partition_type(value)
    if value is None:
        return pa.nulls(rows)
    scalar = pa.scalar(value, pa.string())
    try:
        return pa.repeat(pc.cast(scalar, kind), rows)
    except pa.ArrowInvalid:
        return pa.repeat(scalar, rows)
