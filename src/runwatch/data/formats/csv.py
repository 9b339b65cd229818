"""CSV and TSV through Arrow's parser, in blocks of 1 MiB. A column whose values stop fitting the type that
its first block suggested goes on in a wider one: nothing is lost, and one bad cell raises nothing."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from runwatch.data.arrays import blank_is_missing
from runwatch.data.errors import DataError
from runwatch.data.files import DataFile, open_bytes
from runwatch.data.formats.base import Block, Part, duplicated

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
COLUMNAR = False
BLOCK = 1 << 20
_ERROR = re.compile(r"In CSV column #(\d+)(?:.*?): (.*)", re.DOTALL)


class _Utf8(io.RawIOBase):
    """A stream of bytes as valid UTF-8: UTF-16 with a byte order mark is decoded, bytes that are no UTF-8
    become backslash escapes."""

    def __init__(self, raw: Any) -> None:
        super().__init__()
        self._raw = raw
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._first, self._rest = True, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            block = self._raw.read(BLOCK)
            if self._first and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                self._decode = codecs.getincrementaldecoder("utf-16")("backslashreplace").decode
            self._first = False
            self._rest += self._decode(block, final=not block).encode("utf-8", "backslashreplace")
            if not block:
                break
        out = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(out) :]
        return out


@contextmanager
def _opened(file: DataFile, start: int = 0) -> Iterator[Any]:
    with open_bytes(file) as handle:
        raw = gzip.GzipFile(fileobj=handle) if file.uri.lower().endswith(".gz") else handle
        if start:
            raw.seek(start)
        yield _Utf8(raw)


def _header(file: DataFile) -> tuple[str, list[str]]:
    """(delimiter, column names) of the first line."""
    import csv

    with _opened(file) as handle:
        text = handle.read(BLOCK).decode("utf-8-sig").partition("\n")[0].rstrip("\r")
    if not text.strip():
        raise DataError(file.name, "is empty", "write a header line and rows, or leave it out")
    delimiter = "\t" if ".tsv" in file.uri.lower()[-7:] else max(",;\t|", key=text.count)
    return delimiter, next(csv.reader([text], delimiter=delimiter), [])


def schema(file: DataFile) -> list[tuple[str, Any]]:
    """Names of the header with the types that the first block suggests."""
    import pyarrow as pa

    names = _header(file)[1]
    reader = _Reader(file, 0, dict.fromkeys(names))
    for block in reader.blocks():
        types = {name: array.type for name, array in block.columns}
        return [(name, types.get(name, pa.string())) for name in names]
    return [(name, pa.null()) for name in names]


def parts(file: DataFile) -> list[Part]:
    return [Part("all", None)]


def read(file: DataFile, part: str, wanted: Mapping[str, Any], coded: frozenset[str]) -> Iterator[Block]:
    """``part``: "all", or "from:BYTE" for the rows that begin at that offset."""
    start = int(part.partition(":")[2] or 0)
    yield from _Reader(file, start, wanted).blocks()


class _Reader:
    """One pass over a CSV file that widens a column's type and goes on where a conversion failed."""

    def __init__(self, file: DataFile, start: int, wanted: Mapping[str, Any]) -> None:
        self.file, self.start = file, start
        self.delimiter, self.names = _header(file)
        twice = duplicated(self.names)
        self.wanted = [name for name in self.names if name in wanted and name not in twice]
        self.types = {name: wanted[name] for name in self.wanted if wanted[name] is not None}
        self.skipped = 0

    def blocks(self) -> Iterator[Block]:
        import pyarrow as pa

        done = 0
        for _ in range(3 * len(self.names) + 1):
            try:
                for index, batch in enumerate(self._batches()):
                    if index >= done:
                        done = index + 1
                        yield self._block(batch)
                return
            except pa.ArrowInvalid as error:
                self._widen(error)

    def _block(self, batch: Any) -> Block:
        for name in self.wanted:
            self.types.setdefault(name, batch.schema.field(name).type)
        skipped, self.skipped = self.skipped, 0
        return Block(
            batch.num_rows, [(name, blank_is_missing(batch.column(name))) for name in self.wanted], skipped
        )

    def _batches(self) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        self.skipped = 0
        with _opened(self.file, self.start) as handle:
            read_options = pacsv.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=self.names if self.start else None
            )
            parse = pacsv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=self._skip
            )
            convert = pacsv.ConvertOptions(column_types=self.types, include_columns=self.wanted)
            try:
                reader = pacsv.open_csv(
                    handle, read_options=read_options, parse_options=parse, convert_options=convert
                )
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise
            yield from reader

    def _skip(self, row: Any) -> str:
        self.skipped += 1
        return "skip"

    def _widen(self, error: Exception) -> None:
        """The next wider type for the column that ``error`` names: empty or integer, float, text; whole
        seconds, nanoseconds, text."""
        import pyarrow as pa

        match = _ERROR.search(str(error))
        if match is None:
            raise error
        name = self._column(int(match.group(1)), str(error))
        old = self.types.get(name)
        if old == pa.string():
            raise error
        self.types[name] = _wider(old)

    def _column(self, index: int, text: str) -> str:
        if index >= len(self.names):
            raise DataError(self.file.name, text[:200], "check the file's lines")
        return self.names[index]


def _wider(old: Any) -> Any:
    import pyarrow.types as t
    from pyarrow import float64, string, timestamp

    if old is not None and (t.is_null(old) or t.is_integer(old)):
        return float64()
    if old is not None and t.is_timestamp(old) and old.unit != "ns":
        return timestamp("ns", old.tz)
    return string()
