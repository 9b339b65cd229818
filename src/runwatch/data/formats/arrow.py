"""Arrow IPC files and streams, and Feather version 2 (which is an Arrow file): batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.formats.base import ColumnBlock, Piece, ranges, span
from runwatch.domain.borders import Arrow, JsonMapping

SUFFIXES = (".arrow", ".arrows", ".feather", ".ipc")
COLUMNAR = False
TYPED = True
BLANK_IS_MISSING = False
_STREAM = "all"


@contextmanager
def _opened(file: DataFile) -> Iterator[tuple[Arrow, bool]]:
    """(reader, is it the random-access file format)."""
    import pyarrow.ipc as ipc

    with open_bytes(file) as handle:
        head = handle.read(6)
        handle.seek(0)
        if head[:4] == b"FEA1":
            raise DataError(file.name, "is Feather version 1", "write it again as Feather version 2")
        if head == b"ARROW1":
            yield ipc.open_file(handle), True
        else:
            yield ipc.open_stream(handle), False


def schema(file: DataFile) -> list[tuple[str, Arrow]]:
    with _opened(file) as (reader, _):
        return [(field.name, field.type) for field in reader.schema]


def pieces(file: DataFile) -> list[Piece]:
    with _opened(file) as (reader, seekable):
        if not seekable:
            return [Piece(file, _STREAM)]
        rows = [reader.get_batch(index).num_rows for index in range(reader.num_record_batches)]
        return ranges(file, rows, len(reader.schema))


def read(piece: Piece, types: JsonMapping, coded: frozenset[str]) -> Iterator[ColumnBlock]:
    with _opened(piece.file) as (reader, _):
        selected = [(i, name) for i, name in enumerate(reader.schema.names) if name in types]
        batches = reader if piece.part == _STREAM else (reader.get_batch(index) for index in span(piece))
        for batch in batches:
            columns = [(name, batch.column(i)) for i, name in selected]
            for _, column in columns:
                column.validate(full=True)  # offsets and codes of a damaged file would be followed anywhere
            yield ColumnBlock(batch.num_rows, columns)
