"""ORC: stripe by stripe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.formats.base import ColumnBlock, Piece, ranges, span
from runwatch.domain.borders import Arrow, JsonMapping

SUFFIXES = (".orc",)
COLUMNAR = True
TYPED = True
BLANK_IS_MISSING = False
_SPARKS_TYPE = b"spark.sql.catalyst.type"


@contextmanager
def _opened(file: DataFile) -> Iterator[Arrow]:
    import pyarrow.orc as orc

    with open_bytes(file) as handle:
        if handle.read(3) != b"ORC":
            raise DataError(file.name, "is not an ORC file", "wait for it, or write it again")
        handle.seek(0)
        yield orc.ORCFile(handle)


def schema(file: DataFile) -> list[tuple[str, Arrow]]:
    with _opened(file) as reader:
        local = _local_times(reader)
        return [(f.name, _microseconds() if f.name in local else f.type) for f in reader.schema]


def _local_times(reader: Arrow) -> set[str]:
    """The columns of microseconds in which Spark keeps its times without a zone."""
    marked = {field.name: field.metadata or {} for field in reader.schema if str(field.type) == "int64"}
    return {name for name, meta in marked.items() if meta.get(_SPARKS_TYPE) == b"timestamp_ntz"}


def _microseconds() -> Arrow:
    import pyarrow as pa

    return pa.timestamp("us")


def pieces(file: DataFile) -> list[Piece]:
    with _opened(file) as reader:
        if not reader.nstripes:
            return []
        each = -(-reader.nrows // reader.nstripes)  # stripes say their rows only when they are read
        return ranges(file, [each] * reader.nstripes, len(reader.schema))


def read(piece: Piece, types: JsonMapping, coded: frozenset[str]) -> Iterator[ColumnBlock]:
    with _opened(piece.file) as reader:
        columns = [name for name in reader.schema.names if name in types]
        local = _local_times(reader)
        for index in span(piece):
            batch = reader.read_stripe(index, columns=columns)
            pairs = zip(batch.schema.names, batch.columns, strict=True)
            times = [(name, array.view(_microseconds()) if name in local else array) for name, array in pairs]
            yield ColumnBlock(batch.num_rows, times)
