"""A piece of a table reduced to counts on a grid, in one pass with the memory of one column chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from runwatch.data.arrays import as_text, buffer_values, family, numbers, valid_mask
from runwatch.data.coerce import to_numbers, to_times
from runwatch.data.errors import explained
from runwatch.data.files import DataFile
from runwatch.data.formats import format_of
from runwatch.data.formats.base import Block, duplicated
from runwatch.data.kernel import Tally, buckets, hashed, known, shapes, tally
from runwatch.domain.profile import (
    BUCKETS,
    DUPLICATE,
    INVALID,
    MAX_OTHERS,
    NAN,
    NEG_INF,
    NULL,
    POS_INF,
    ROWS,
    ColumnGrid,
    Grid,
    TableProfile,
    empty_profile,
    kept_others,
)

MAX_CODED = 9_999
_TIMES = ("timestamp[", "date32[", "date64[", "time32[", "time64[", "duration[")
_OF_DAY = ("time32[", "time64[")
Mask = Callable[[Block], Any]


class Piece(NamedTuple):
    """The unit of work: a file and a part of it, as its format names parts."""

    file: DataFile
    part: str


def list_pieces(file: DataFile) -> list[Piece]:
    """The pieces of a file. DataError when it cannot be read."""
    try:
        return [Piece(file, part.name) for part in format_of(file).parts(file)]
    except Exception as error:
        raise explained(file.name, error) from error


def profile(piece: Piece, grid: Grid) -> TableProfile:
    """Counts of the piece on ``grid``. Columns that are not there count no rows; a value of another type is
    coerced or counted as invalid. DataError when the piece cannot be read."""
    file = piece.file
    try:
        found = format_of(file)
        schema = found.schema(file)
        counter = Counter(grid)
        for block in found.read(file, piece.part, parse_types(grid), coded(grid)):
            counter.add(block)
    except Exception as error:
        raise explained(file.name, error) from error
    return counter.result(_schema(schema))


def _schema(found: list[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Sorted (name, type) pairs; a name that occurs twice has the type ``DUPLICATE``."""
    twice = duplicated([name for name, _ in found])
    return tuple(sorted({(name, DUPLICATE if name in twice else str(type_)) for name, type_ in found}))


@lru_cache(maxsize=8)
def _words(words: tuple[str, ...]) -> Any:
    from runwatch.data.arrays import strings

    return strings(words)


def parse_types(grid: Grid) -> Mapping[str, Any]:
    """The Arrow type that text formats parse each column into."""
    import pyarrow as pa

    types: dict[str, Any] = {}
    for column in grid.columns:
        try:
            types[column.name] = _parsed(pa.type_for_alias(column.type))
        except ValueError:
            known = column.words is not None or column.kind == "text"
            types[column.name] = pa.string() if known else _from_text(column.type)
    return types


def _parsed(type_: Any) -> Any:
    """The type nearest to ``type_`` that the parsers of text know; None lets them infer."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_null(type_) or t.is_duration(type_):
        return None
    if t.is_float16(type_):
        return pa.float64()
    return pa.string() if family(type_) == "string" else type_


def _from_text(type_: str) -> Any:
    """A timestamp type with a zone or unit that has no alias; None lets the parser infer."""
    import pyarrow as pa

    unit, _, zone = type_.removeprefix("timestamp[").removesuffix("]").partition(", tz=")
    return pa.timestamp(unit, tz=zone or None) if unit in ("s", "ms", "us", "ns") else None


def _time_type(type_: str) -> Any:
    """The Arrow type of a time or duration by its name, None for others."""
    import pyarrow as pa

    if not type_.startswith(_TIMES):
        return None
    try:
        return pa.type_for_alias(type_)
    except ValueError:
        return _from_text(type_)


def coded(grid: Grid) -> frozenset[str]:
    """Columns best read as dictionary codes: those of few words."""
    return frozenset(c.name for c in grid.columns if c.words is not None and len(c.words) <= MAX_CODED)


class Counter:
    """Counts blocks into the vectors of one table profile."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        zero = empty_profile(grid)
        self.counts, self.sums, self.scalars = zero.counts, zero.sums, zero.scalars
        self.low, self.high = zero.low, zero.high
        self.others: dict[int, dict[str, int]] = {}
        self.rows = 0
        self.skipped = 0

    def add(self, block: Block) -> None:
        self.rows += block.rows
        self.skipped += block.skipped
        for name, array in block.columns:
            index = self.grid.index.get(name)
            if index is not None and len(array):
                self._column(index, array)

    def result(self, schema: tuple[tuple[str, str], ...]) -> TableProfile:
        return TableProfile(
            self.grid,
            self.rows,
            self.counts,
            self.sums,
            self.scalars,
            self.low,
            self.high,
            self.others,
            schema,
            self.skipped,
        )

    def _column(self, index: int, array: Any) -> None:
        column = self.grid.columns[index]
        self.scalars[index, ROWS] += len(array)
        self.scalars[index, NULL] += array.null_count
        if array.null_count == len(array):
            return
        if column.edges is None and column.words is None:
            if family(array.type) == "number":
                self.scalars[index, NAN] += int(np.isnan(numbers(array).astype(np.float64)).sum())
            return
        if column.words is not None:
            self._categorical(index, column, array)
        elif column.shaped:
            self._text(index, column, array)
        else:
            self._ordered(index, column, array)

    def _ordered(self, index: int, column: ColumnGrid, array: Any) -> None:
        group, invalid = family(array.type), 0
        if group in ("string", "binary"):
            text = as_text(array).drop_null()
            if column.kind == "datetime":
                array, invalid = to_times(text, column.type.startswith(_OF_DAY))
                values = numbers(_same_unit(array, column.type))
            else:
                values, invalid = to_numbers(text)
        elif group == "nested" or (same := _same_unit(array, column.type)) is None:
            values, invalid = None, len(array) - array.null_count
        else:
            values = numbers(same)
        self.scalars[index, INVALID] += invalid
        if values is not None:
            self._tallied(index, column, values)

    def _tallied(self, index: int, column: ColumnGrid, values: Any) -> None:
        assert column.edges is not None
        found: Tally = tally(values, column.edges)
        start, at = int(self.grid.offsets[index]), int(self.grid.sum_offsets[index])
        self.counts[start : start + column.bins] += found.counts
        self.sums[at : at + column.bins] += found.sums
        self.scalars[index, [NAN, NEG_INF, POS_INF]] += (found.nan, found.neg_inf, found.pos_inf)
        self.low[index] = min(self.low[index], found.low)
        self.high[index] = max(self.high[index], found.high)

    def _text(self, index: int, column: ColumnGrid, array: Any) -> None:
        if family(array.type) == "nested":
            self.scalars[index, INVALID] += len(array) - array.null_count
            return
        lengths, kinds = shapes(as_text(array).drop_null())
        self._tallied(index, column, lengths)
        start = int(self.grid.offsets[index]) + column.bins
        self.counts[start : start + len(kinds)] += kinds

    def _categorical(self, index: int, column: ColumnGrid, array: Any) -> None:
        import pyarrow.compute as pc
        import pyarrow.types as t

        assert column.words is not None
        if family(array.type) == "nested":
            self.scalars[index, INVALID] += len(array) - array.null_count
            return
        words = _words(column.words)
        if t.is_dictionary(array.type):
            coded_array = array.drop_null()
            values = as_text(coded_array.dictionary)
            weights = np.bincount(buffer_values(coded_array.indices), minlength=len(values))
        else:
            values, weights = as_text(array).drop_null(), None
        where = _filled(pc.index_in(values, value_set=words), len(words))
        counts = np.bincount(where, weights=weights, minlength=len(words) + 1)
        start = int(self.grid.offsets[index])
        self.counts[start : start + column.bins] += counts.astype(np.int64)
        outside = where == len(words)
        if column.open:
            outside = self._hashed(start + column.bins, column, values, weights, outside)
        if outside.any():
            self._other(index, values, outside, weights)

    def _hashed(self, start: int, column: ColumnGrid, values: Any, weights: Any, outside: Any) -> Any:
        """Counts the values by hash, and those that the reference's sample has not; answers which those
        are."""
        hashes = hashed(values)
        found = np.bincount(buckets(hashes), weights=weights, minlength=BUCKETS)
        self.counts[start : start + BUCKETS] += found.astype(np.int64)
        fresh = outside & ~known(hashes, column.seen)
        self.counts[start + BUCKETS] += int(fresh.sum() if weights is None else weights[fresh].sum())
        return fresh

    def _other(self, index: int, values: Any, mask: Any, weights: Any) -> None:
        """Keeps the least words outside the grid with their counts, of an open column the most frequent."""
        frequent = self.grid.columns[index].open
        if weights is not None:
            at = np.flatnonzero(mask & (weights > 0))
            table = {values[int(i)].as_py(): int(weights[i]) for i in at}
        else:
            table = _outside(values, mask, frequent)
        self.others[index] = kept_others([self.others.get(index, {}), table], frequent)


def _outside(values: Any, mask: Any, frequent: bool) -> dict[str, int]:
    """The least, or most ``frequent``, ``MAX_OTHERS`` of the masked strings with their counts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
    outside = values.filter(pa.BooleanArray.from_buffers(pa.bool_(), len(mask), [None, bits]))
    table = pc.value_counts(outside)
    words, counts = table.field(0), table.field(1)
    if len(words) > MAX_OTHERS:
        by, order = (counts, "descending") if frequent else (words, "ascending")
        options = pc.SelectKOptions(k=MAX_OTHERS, sort_keys=[("", order)])
        kept = pc.select_k_unstable(by, options=options)
        words, counts = words.take(kept), counts.take(kept)
    return dict(zip(words.to_pylist(), buffer_values(counts).tolist(), strict=True))


def _filled(found: Any, default: int) -> Any:
    """int32 positions with nulls as ``default``."""
    where = buffer_values(found)
    return np.where(valid_mask(found), where, default) if found.null_count else where


def _same_unit(array: Any, type_: str) -> Any:
    """Times in the grid's unit, so that nanoseconds, microseconds and days count alike; None where one can't
    become the other (a date, a time of day)."""
    import pyarrow as pa
    import pyarrow.types as t

    timed = family(array.type) == "time" or t.is_duration(array.type)
    wanted = _time_type(type_) if timed and str(array.type) != type_ else None
    if wanted is None:
        return array
    try:
        return array.cast(wanted, safe=False)
    except pa.ArrowNotImplementedError:
        return None
