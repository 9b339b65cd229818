"""Parquet: row group by row group, a few columns at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from runwatch.data.errors import DataError
from runwatch.data.files import DataFile, open_bytes
from runwatch.data.formats.base import Block, Part, duplicated, ranges, span

SUFFIXES = (".parquet", ".pq", ".parq")
COLUMNAR = True
_VALUES_AT_ONCE = 250_000


@contextmanager
def _opened(file: DataFile, coded: frozenset[str] = frozenset()) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with open_bytes(file) as handle:
        head = handle.read(4)
        handle.seek(-4, 2) if file.size >= 12 else None
        if head != b"PAR1" or file.size < 12 or handle.read(4) != b"PAR1":
            what = "has no parquet footer (still being written, or cut off)" if head == b"PAR1" else None
            raise DataError(file.name, what or "is not a parquet file", "wait for it, or write it again")
        handle.seek(0)
        yield pq.ParquetFile(handle, read_dictionary=sorted(coded) or None, pre_buffer=file.remote)


def schema(file: DataFile) -> list[tuple[str, Any]]:
    with _opened(file) as parquet:
        return [(field.name, field.type) for field in parquet.schema_arrow]


def parts(file: DataFile) -> list[Part]:
    with _opened(file) as parquet:
        meta = parquet.metadata
        rows = [meta.row_group(index).num_rows for index in range(meta.num_row_groups)]
        return ranges(rows, len(parquet.schema_arrow))


def read(file: DataFile, part: str, wanted: Mapping[str, Any], coded: frozenset[str]) -> Iterator[Block]:
    with _opened(file) as parquet:
        names = list(parquet.schema_arrow.names)
        strings = {f.name for f in parquet.schema_arrow if str(f.type) in ("string", "large_string")}
    twice = duplicated(names)
    columns = [name for name in names if name in wanted and name not in twice]
    with _opened(file, coded & strings) as parquet:
        for index in span(part):
            yield from _row_group(parquet, index, columns)


def _row_group(parquet: Any, index: int, columns: list[str]) -> Iterator[Block]:
    rows = parquet.metadata.row_group(index).num_rows
    step = max(1, _VALUES_AT_ONCE // max(rows, 1))
    yield Block(rows, [])
    for start in range(0, len(columns), step):
        table = parquet.read_row_group(index, columns=columns[start : start + step], use_threads=False)
        for name, column in zip(table.column_names, table.columns, strict=True):
            yield Block(0, [(name, chunk) for chunk in column.chunks])
