"""CSV and TSV through Arrow's parser, in blocks of 1 MiB. A column whose values stop fitting the type that
its first block suggested goes on in a wider one: nothing is lost, and one bad cell raises nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice

from runwatch.data.arrays import blank_is_missing
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_COLUMNS, ColumnBlock, Piece, duplicated
from runwatch.data.formats.dialect import Dialect, FileTraits, dialect, file_traits
from runwatch.data.formats.stream import BLOCK, Utf8, opened, packed
from runwatch.domain.borders import Arrow

SUFFIXES = packed((".csv", ".tsv"))
COLUMNAR = False
TYPED = False
BLANK_IS_MISSING = True
_ERROR = re.compile(r"In CSV column #(\d+)(?:.*?): (.*)", re.DOTALL)
_CODE = r"^[+-]?0\d+$"


@contextmanager
def _text(file: DataFile, start: int = 0) -> Iterator[Arrow]:
    with opened(file, start) as raw:
        yield Utf8(raw, file.name)


@lru_cache(maxsize=64)
def _seen(file: DataFile) -> FileTraits:
    """What occurs anywhere in the file; of a remote one in its first MiB: it is not fetched twice."""
    with _text(file) as handle:
        blocks = iter(lambda: handle.read(BLOCK), b"")
        return file_traits(islice(blocks, 1) if file.remote else blocks)


@lru_cache(maxsize=64)
def _dialect(file: DataFile, whole: bool = True) -> Dialect:
    with _text(file) as handle:
        guess = dialect(handle.read(BLOCK), _seen(file) if whole else FileTraits(), file)
    if len(guess.names) > MAX_COLUMNS:
        what = f"has {len(guess.names):,} columns, more than the {MAX_COLUMNS:,} that are read"
        raise DataError(file.name, what, "check whether its lines end where they should")
    return guess


@lru_cache(maxsize=64)
def _codes(file: DataFile) -> frozenset[str]:
    """The columns whose whole numbers begin with zeros: codes, which are text."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    if not _seen(file).zeros:
        return frozenset()
    whole = {name: pa.string() for name, type_ in _first_types(file) if t.is_integer(type_)}
    codes: set[str] = set()
    for block in _CsvReader(file, 0, whole).blocks():
        for name, array in block.columns:
            if name not in codes and pc.any(pc.match_substring_regex(array, _CODE)).as_py():
                codes.add(name)
    return frozenset(codes)


def _first_types(file: DataFile) -> list[tuple[str, Arrow]]:
    import pyarrow as pa

    names = _dialect(file).names
    for block in _CsvReader(file, 0, dict.fromkeys(names)).blocks():
        types = {name: array.type for name, array in block.columns}
        return [(name, types.get(name, pa.string())) for name in names]
    return [(name, pa.null()) for name in names]


def schema(file: DataFile) -> list[tuple[str, Arrow]]:
    """Names of the header with the types that the first block suggests; codes with leading zeros are text."""
    import pyarrow as pa

    codes = _codes(file)
    return [(name, pa.string() if name in codes else type_) for name, type_ in _first_types(file)]


def pieces(file: DataFile) -> list[Piece]:
    return [Piece(file, "all")]


def read(piece: Piece, types: Mapping[str, object], coded: frozenset[str]) -> Iterator[ColumnBlock]:
    """``piece``: "all", or "from:BYTE" for the rows that begin at that offset."""
    import pyarrow as pa

    start = int(piece.part.partition(":")[2] or 0)
    if not start and any(kind is None for kind in types.values()):
        as_text = _codes(piece.file)
        types = {n: pa.string() if kind is None and n in as_text else kind for n, kind in types.items()}
    yield from _CsvReader(piece.file, start, types).blocks()


class _CsvReader:
    """One pass over a CSV file that widens a column's type and goes on where a conversion failed."""

    def __init__(self, file: DataFile, start: int, types: Mapping[str, object]) -> None:
        self.file, self.start = file, start
        self.dialect = _dialect(file, whole=not start)
        self.names = list(self.dialect.names)
        twice = duplicated(self.names)
        self.selected = [name for name in self.names if name in types and name not in twice]
        self.types = {name: types[name] for name in self.selected if types[name] is not None}
        self.skipped = 0

    def blocks(self) -> Iterator[ColumnBlock]:
        import pyarrow as pa

        done = 0
        for _ in range(3 * len(self.names) + 1):
            try:
                for index, batch in enumerate(self._batches()):
                    if index >= done:
                        done = index + 1
                        yield self._block(batch)
                if self.skipped:
                    yield self._left_out()
                return
            except pa.ArrowInvalid as error:
                self._widen(error)

    def _left_out(self) -> ColumnBlock:
        skipped, self.skipped = self.skipped, 0
        return ColumnBlock(0, [], skipped)

    def _block(self, batch: Arrow) -> ColumnBlock:
        for name in self.selected:
            self.types.setdefault(name, batch.schema.field(name).type)
        skipped, self.skipped = self.skipped, 0
        return ColumnBlock(
            batch.num_rows, [(name, blank_is_missing(batch.column(name))) for name in self.selected], skipped
        )

    def _batches(self) -> Iterator[object]:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        self.skipped = 0
        with _text(self.file, self.start) as handle:
            try:
                reader = pacsv.open_csv(
                    handle,
                    read_options=pacsv.ReadOptions(
                        use_threads=False,
                        block_size=BLOCK,
                        column_names=self.names,
                        skip_rows=0 if self.start else self.dialect.skip,
                        skip_rows_after_names=0 if self.start or self.dialect.headless else 1,
                    ),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self.dialect.delimiter,
                        escape_char=self.dialect.escape or False,
                        newlines_in_values=True,
                        invalid_row_handler=self._skip,
                    ),
                    convert_options=pacsv.ConvertOptions(
                        column_types=self.types,
                        include_columns=self.selected,
                        decimal_point=self.dialect.decimal,
                    ),
                )
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise
            yield from reader

    def _skip(self, row: object) -> str:
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


def _wider(old: Arrow) -> Arrow:
    import pyarrow.types as t
    from pyarrow import float64, string, timestamp

    if old is not None and (t.is_null(old) or t.is_integer(old)):
        return float64()
    if old is not None and t.is_timestamp(old) and old.unit != "ns":
        return timestamp("ns", old.tz)
    return string()
