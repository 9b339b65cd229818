"""Parquet: row group by row group, a few columns at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_COLUMNS, MAX_LINE, ColumnBlock, Piece, ranges, span
from runwatch.data.plain import interval_bytes, whole_128
from runwatch.domain.borders import Arrow, JsonMapping

SUFFIXES = (".parquet", ".pq", ".parq")
COLUMNAR = True
TYPED = True
BLANK_IS_MISSING = False
_VALUES_AT_ONCE = 250_000
_MAX_FOOTER = 64 << 20
_BYTES_128 = 16
_BYTES_A_CODE = 3
_MAX_LEAVES = 5 * MAX_COLUMNS
_MAX_CHUNK = 2 << 30
_ARROW_SCHEMA, _HIDDEN = b"ARROW:schema", b"ARROW_schema"


@contextmanager
def opened(file: DataFile, coded: frozenset[str] = frozenset()) -> Iterator[Arrow]:
    """The file as ``checked`` gives it."""
    with open_bytes(file) as handle:
        yield checked(handle, file.name, coded, file.remote)


def checked(handle: Arrow, name: str, coded: frozenset[str] = frozenset(), remote: bool = False) -> Arrow:
    """Arrow's ``ParquetFile`` of bytes whose footer has passed our limits; ``coded``: text columns to read as
    codes. DataError for what has not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = _footer(handle, name)
    options: dict[str, object] = {
        "read_dictionary": sorted(coded) or None,
        "pre_buffer": remote,
        "coerce_int96_timestamp_unit": "us",  # as nanoseconds, years from 2263 on would wrap
    }
    handle.seek(0)
    if (names := _schema_size(footer)) > _MAX_LEAVES:
        what = f"has about {names:,} columns, more than the {MAX_COLUMNS:,} that are read"
        raise DataError(name, what, "name those that matter in a file of their own")
    try:
        return pq.ParquetFile(handle, **options)
    except pa.ArrowNotImplementedError:
        return pq.ParquetFile(handle, metadata=_plain_metadata(footer), **options)


def _footer(handle: Arrow, name: str) -> bytes:
    """The footer with its length and mark. DataError for what is no whole parquet file."""
    head = handle.read(4)
    size = handle.seek(0, 2)
    handle.seek(max(size - 8, 0))
    tail = handle.read(8)
    if head == b"PARE" or tail[4:] == b"PARE":
        raise DataError(name, "is encrypted parquet", "write it without encryption, or leave it out")
    if head != b"PAR1" or size < 12 or tail[4:] != b"PAR1":
        what = "has no parquet footer (still being written, or cut off)" if head == b"PAR1" else None
        raise DataError(name, what or "is not a parquet file", "wait for it, or write it again")
    length = struct.unpack("<I", tail[:4])[0]
    if length > min(_MAX_FOOTER, size - 12):
        what = f"has a footer of {length >> 20:,} MiB" if length <= size - 12 else "has a damaged footer"
        raise DataError(name, what, "write fewer columns and larger row groups")
    handle.seek(size - 8 - length)
    return bytes(handle.read(length + 8))


def _schema_size(footer: bytes) -> int:
    """How many elements the schema has, by the footer's first bytes (Thrift's compact protocol: field 1 the
    version, field 2 the list of elements); 0 where they are something else."""
    numbers: list[int] = []
    at = 1
    while at < min(len(footer), 32) and len(numbers) < 2:
        value = shift = 0
        while at < len(footer) and footer[at] & 0x80:
            value |= (footer[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
        numbers.append(value | (footer[at] & 0x7F) << shift)
        at += 1
        if len(numbers) == 1:
            if footer[at : at + 1] != b"\x19":
                return 0
            if footer[at + 1] >> 4 < 15:
                return footer[at + 1] >> 4
            at += 2
    return numbers[1] if len(numbers) > 1 else 0


def _plain_metadata(footer: bytes) -> object:
    """The file's metadata without the Arrow schema beside it, which may name types that Arrow cannot read
    (Polars stores 128-bit integers so); parquet's own types stay."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_metadata(pa.BufferReader(b"PAR1" + footer.replace(_ARROW_SCHEMA, _HIDDEN)))


def schema(file: DataFile) -> list[tuple[str, Arrow]]:
    import pyarrow as pa

    result: dict[Callable[[Arrow], Arrow], object] = {
        interval_bytes: pa.duration("ms"),
        whole_128: pa.float64(),
    }
    with opened(file) as parquet:
        special = _special(parquet)
        fields = [(field.name, field.type) for field in parquet.schema_arrow]
    return [(name, result[special[name]] if name in special else type_) for name, type_ in fields]


def spelled(file: DataFile) -> frozenset[str]:
    """The text columns whose values all begin as JSON's objects and lists do, by the first row group's
    statistics."""
    with opened(file) as parquet:
        text = {f.name for f in parquet.schema_arrow if str(f.type) in ("string", "large_string")}
        if not text or not parquet.metadata.num_row_groups:
            return frozenset()
        chunks = [(c.path_in_schema, c.statistics) for c in _chunks(parquet.metadata.row_group(0), text)]
        with_bounds = [(name, found) for name, found in chunks if found is not None and found.has_min_max]
        return frozenset(
            name
            for name, found in with_bounds
            if all(str(end).startswith(("{", "[")) for end in (found.min, found.max))
        )


def _special(parquet: Arrow) -> dict[str, Callable[[Arrow], Arrow]]:
    """What makes plain values of the bytes that Arrow has no type for: intervals, and 128-bit integers, which
    only the hidden Arrow schema names."""
    converters: dict[str, Callable[[Arrow], Arrow]] = {}
    hidden = _HIDDEN in (parquet.metadata.metadata or {})
    for index in range(len(parquet.schema)):
        column = parquet.schema.column(index)
        if column.converted_type == "INTERVAL":
            converters[column.name] = interval_bytes
        elif hidden and column.length == _BYTES_128 and column.logical_type.type == "NONE":
            converters[column.name] = whole_128
    return converters


def pieces(file: DataFile) -> list[Piece]:
    with opened(file) as parquet:
        meta = parquet.metadata
        rows = [meta.row_group(index).num_rows for index in range(meta.num_row_groups)]
        return ranges(file, rows, len(parquet.schema_arrow))


def read(piece: Piece, types: JsonMapping, coded: frozenset[str]) -> Iterator[ColumnBlock]:
    with opened(piece.file) as parquet:
        columns = [name for name in parquet.schema_arrow.names if name in types]
        repeated = _repeated(parquet, piece, [name for name in columns if name in coded])
        if not repeated:
            yield from _groups(parquet, piece, columns)
            return
    with opened(piece.file, repeated) as parquet:
        yield from _groups(parquet, piece, columns)


def _repeated(parquet: Arrow, piece: Piece, columns: list[str]) -> frozenset[str]:
    """The text columns that are stored as codes of few words: those are read faster as codes."""
    text = {f.name for f in parquet.schema_arrow if str(f.type) in ("string", "large_string")} & set(columns)
    meta = parquet.metadata
    few = [
        chunk.path_in_schema
        for index in (span(piece) if text else ())
        for chunk in _chunks(meta.row_group(index), sorted(text))
        if chunk.has_dictionary_page and chunk.total_uncompressed_size <= _BYTES_A_CODE * chunk.num_values
    ]
    return frozenset(name for name in text if few.count(name) == len(span(piece)))


def _chunks(group: Arrow, columns: Collection[str]) -> Iterator[Arrow]:
    """What the footer says of these columns, nested ones leaf by leaf."""
    selected = set(columns)
    for at in range(group.num_columns):
        chunk = group.column(at)
        if chunk.path_in_schema in selected or chunk.path_in_schema.partition(".")[0] in selected:
            yield chunk


def _groups(parquet: Arrow, piece: Piece, columns: list[str]) -> Iterator[ColumnBlock]:
    special = _special(parquet)
    for index in span(piece):
        unpacked_bytes(parquet, index, columns, piece.file.name)
        rows = parquet.metadata.row_group(index).num_rows
        step = max(1, _VALUES_AT_ONCE // max(rows, 1))
        yield ColumnBlock(rows, [])
        for start in range(0, len(columns), step):
            table = parquet.read_row_group(index, columns=columns[start : start + step], use_threads=False)
            for key, column in zip(table.column_names, table.columns, strict=True):
                for values in column.chunks:
                    yield ColumnBlock(0, [(key, special[key](values) if key in special else values)])


def unpacked_bytes(parquet: Arrow, index: int, columns: Collection[str], name: str) -> int:
    """How many bytes these columns of a row group are, by the footer. DataError past our limits."""
    total = 0
    for chunk in _chunks(parquet.metadata.row_group(index), columns):
        total += chunk.total_uncompressed_size
        if chunk.total_uncompressed_size > _MAX_CHUNK:
            what = f"holds more than {_MAX_CHUNK >> 30} GiB of {chunk.path_in_schema} in one row group"
            raise DataError(name, what, "write smaller row groups")
        if chunk.total_uncompressed_size > MAX_LINE * max(chunk.num_values, 1):
            what = f"column {chunk.path_in_schema} has values of more than {MAX_LINE >> 20} MiB"
            raise DataError(name, what, "leave the column out (--exclude)")
    return total
