"""A piece of a table reduced to counts on a grid, in one pass with the memory of one column chunk."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from msgspec.structs import replace

from runwatch.data.arrays import as_text, buffer_values, empty_words, family, numbers, taken, valid_mask
from runwatch.data.conversion import (
    OF_DAY,
    TIMES,
    from_text,
    in_unit,
    same_precision,
    spelled,
    timed,
    value_type,
)
from runwatch.data.data_file import DataFile
from runwatch.data.errors import explaining
from runwatch.data.formats import format_of
from runwatch.data.formats.base import ColumnBlock, Piece, duplicated
from runwatch.data.formats.table import partition_values
from runwatch.data.kernel import Tally, buckets, hashed, known, shapes, tally
from runwatch.data.neighbours import Neighbours
from runwatch.data.notation import ISO, PLAIN, TIME_OF_DAY, detect, measured_type, parse, without_marks
from runwatch.domain.borders import Arrow, JsonDict, JsonMapping
from runwatch.domain.profile import (
    BUCKETS,
    DUPLICATE,
    EMPTY,
    GUESSED,
    INVALID,
    MAX_OTHERS,
    NAN,
    NEG_INF,
    NULL,
    POS_INF,
    ROWS,
    ColumnGrid,
    ProfileGrid,
    TableProfile,
    empty_profile,
    kept_others,
)

MAX_CODED = 9_999


def profile(piece: Piece, grid: ProfileGrid) -> TableProfile:
    """Counts of the piece on ``grid``. Columns that are not there count no rows; a value of another type is
    coerced or counted as invalid. DataError when the piece cannot be read."""
    file = piece.file
    with explaining(file.name):
        table = format_of(file)
        schema = () if piece.part.startswith("from:") else schema_of(file)
        counter = Counter(grid)
        for block in table.read(piece, parse_types(grid), coded(grid)):
            counter.add(block)
    return counter.result(schema, table.BLANK_IS_MISSING)


def schema_of(file: DataFile) -> tuple[tuple[str, str], ...]:
    """Sorted (name, type) pairs; a name that occurs twice has the type ``DUPLICATE``, and the type of what
    stands in a path or in text is ``GUESSED``."""
    table = format_of(file)
    fields = table.schema(file)
    twice = duplicated([name for name, _ in fields])
    guessed = {name for name, _ in (partition_values(file) if table.TYPED else fields)}
    pairs = ((name, GUESSED + str(type_) if name in guessed else str(type_)) for name, type_ in fields)
    return tuple(sorted({(name, DUPLICATE if name in twice else type_) for name, type_ in pairs}))


@lru_cache(maxsize=64)
def _words(words: tuple[str, ...]) -> Arrow:
    from runwatch.data.arrays import strings

    return strings(words)


def parse_types(grid: ProfileGrid) -> JsonMapping:
    """The Arrow type that text formats parse each column into."""
    import pyarrow as pa

    types: JsonDict = {}
    for column in grid.columns:
        if column.notation or column.kind == "boolean":
            types[column.name] = None
            continue
        try:
            types[column.name] = _parsed(pa.type_for_alias(column.type))
        except ValueError:
            known = column.words is not None or column.kind == "text"
            types[column.name] = pa.string() if known else from_text(column.type)
    return types


def _parsed(type_: Arrow) -> Arrow:
    """The type nearest to ``type_`` that the parsers of text know; None lets them infer."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_null(type_) or t.is_duration(type_):
        return None
    if t.is_float16(type_):
        return pa.float64()
    return pa.string() if family(type_) == "string" else type_


def coded(grid: ProfileGrid) -> frozenset[str]:
    """Columns best read as dictionary codes: those of few words."""
    return frozenset(c.name for c in grid.columns if c.words is not None and len(c.words) <= MAX_CODED)


class Counter:
    """Counts blocks into the vectors of one table profile."""

    def __init__(self, grid: ProfileGrid) -> None:
        self.grid = grid
        self._zero = zero = empty_profile(grid)
        self.counts, self.sums, self.scalars = zero.counts, zero.sums, zero.scalars
        self.low, self.high = zero.low, zero.high
        self.others: dict[int, dict[str, int]] = {}
        self._notations: dict[int, str] = {}
        self._neighbours = Neighbours(grid)
        self.rows = 0
        self.skipped = 0

    def add(self, block: ColumnBlock) -> None:
        self.rows += block.rows
        self.skipped += block.skipped
        self._neighbours.add(block)
        for name, array in block.columns:
            index = self.grid.index.get(name)
            if index is not None and len(array):
                self._column(index, array)

    def adopt(self, index: int, alone: Counter) -> None:
        """Takes over a column that was counted on a grid of its own."""
        start, at = int(self.grid.offsets[index]), int(self.grid.sum_offsets[index])
        self.counts[start : start + len(alone.counts)] = alone.counts
        self.sums[at : at + len(alone.sums)] = alone.sums
        self.scalars[index] = alone.scalars[0]
        self.low[index], self.high[index] = alone.low[0], alone.high[0]
        if 0 in alone.others:
            self.others[index] = alone.others[0]
        self._neighbours.adopt(index, alone._neighbours)

    def result(self, schema: tuple[tuple[str, str], ...], blank_is_missing: bool = False) -> TableProfile:
        dependence, repeating = self._neighbours.result()
        return replace(
            self._zero,  # whose arrays hold the counts by now
            rows=self.rows,
            others=self.others,
            schema=schema,
            skipped=self.skipped,
            dependence=dependence,
            blank_is_missing=blank_is_missing,
            repeating=repeating,
        )

    def _column(self, index: int, array: Arrow) -> None:
        column = self.grid.columns[index]
        self.scalars[index, ROWS] += len(array)
        self.scalars[index, NULL] += array.null_count
        self.scalars[index, EMPTY] += empty_words(array)
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

    def _ordered(self, index: int, column: ColumnGrid, array: Arrow) -> None:
        group, invalid = family(array.type), 0
        type_ = value_type(array)
        if group in ("string", "binary"):
            words = as_text(array).drop_null()
            text = without_marks(words)
            self.scalars[index, NULL] += len(words) - len(text)
            values, invalid = self._read(index, column, text)
        elif group == "nested" or (converted := in_unit(array, column)) is None:
            values, invalid = None, len(array) - array.null_count
        else:
            values = converted
        self.scalars[index, INVALID] += invalid
        if values is not None:
            self._tallied(index, column, values, type_)

    def _read(self, index: int, column: ColumnGrid, text: Arrow) -> tuple[Arrow, int]:
        """Text as the column's numbers or times, in the notation of its first values."""
        words = _boolean_words(text) if column.notation == "" and column.kind == "numeric" else None
        if words is not None:
            return words
        notation = self._notations.get(index)
        if notation is None:
            known = column.notation if not column.notation.startswith("epoch") else ""
            notation = _notation(text, column, known)
            self._notations[index] = notation
        values, invalid = parse(text, notation)
        kind = measured_type("", notation)
        if kind.startswith(TIMES) or column.type.startswith(TIMES):
            values = in_unit(timed(values, kind), column)
            if values is None:
                return None, len(text)
        return values, invalid

    def _tallied(self, index: int, column: ColumnGrid, values: Arrow, type_: str = "") -> None:
        assert column.edges is not None
        edges = column.edges
        if type_ and type_ != column.type:
            values, edges = same_precision(values, type_, edges, column.type, column.exact)
        block: Tally = tally(values, edges)
        start, at = int(self.grid.offsets[index]), int(self.grid.sum_offsets[index])
        self.counts[start : start + column.bins] += block.counts
        self.sums[at : at + column.bins] += block.sums
        self.scalars[index, [NAN, NEG_INF, POS_INF]] += (block.nan, block.neg_inf, block.pos_inf)
        self.low[index] = min(self.low[index], block.low)
        self.high[index] = max(self.high[index], block.high)

    def _text(self, index: int, column: ColumnGrid, array: Arrow) -> None:
        if family(array.type) == "nested":
            self.scalars[index, INVALID] += len(array) - array.null_count
            return
        lengths, kinds = shapes(as_text(array).drop_null())
        self._tallied(index, column, lengths)
        start = int(self.grid.offsets[index]) + column.bins
        self.counts[start : start + len(kinds)] += kinds

    def _categorical(self, index: int, column: ColumnGrid, array: Arrow) -> None:
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
        values = spelled(values, family(array.type), column)
        where = _filled(pc.index_in(values, value_set=words), len(words))
        counts = np.bincount(where, weights=weights, minlength=len(words) + 1)
        start = int(self.grid.offsets[index])
        self.counts[start : start + column.bins] += counts.astype(np.int64)
        outside = where == len(words)
        if column.open:
            outside = self._hashed(start + column.bins, column, values, weights, outside)
        if outside.any():
            self._other(index, values, outside, weights)

    def _hashed(self, start: int, column: ColumnGrid, values: Arrow, weights: Arrow, outside: Arrow) -> Arrow:
        """Counts the values by hash, and those that the reference's sample has not; answers which those
        are."""
        hashes = hashed(values)
        counts = np.bincount(buckets(hashes), weights=weights, minlength=BUCKETS)
        self.counts[start : start + BUCKETS] += counts.astype(np.int64)
        fresh = outside & ~known(hashes, column.seen)
        self.counts[start + BUCKETS] += int(fresh.sum() if weights is None else weights[fresh].sum())
        return fresh

    def _other(self, index: int, values: Arrow, mask: Arrow, weights: Arrow) -> None:
        """Keeps the least words outside the grid with their counts, of an open column the most frequent."""
        frequent = self.grid.columns[index].open
        if weights is not None:
            at = np.flatnonzero(mask & (weights > 0))
            table = {values[int(i)].as_py(): int(weights[i]) for i in at}
        else:
            table = _outside(values, mask, frequent)
        self.others[index] = kept_others([self.others.get(index, {}), table], frequent)


def _outside(values: Arrow, mask: Arrow, frequent: bool) -> dict[str, int]:
    """The least, or most ``frequent``, ``MAX_OTHERS`` of the masked strings with their counts."""
    import pyarrow.compute as pc

    table = pc.value_counts(taken(values, np.flatnonzero(mask)))
    words, counts = table.field(0), table.field(1)
    if len(words) > MAX_OTHERS:
        by, order = (counts, "descending") if frequent else (words, "ascending")
        options = pc.SelectKOptions(k=MAX_OTHERS, sort_keys=[("", order)])
        selected = pc.select_k_unstable(by, options=options)
        words, counts = words.take(selected), counts.take(selected)
    return dict(zip(words.to_pylist(), buffer_values(counts).tolist(), strict=True))


def _filled(values: Arrow, default: int) -> Arrow:
    """int32 positions with nulls as ``default``."""
    where = buffer_values(values)
    return np.where(valid_mask(values), where, default) if values.null_count else where


def _notation(text: Arrow, column: ColumnGrid, known: str) -> str:
    """The notation of a batch's text: the reference's while all values are in it, else what they are in."""
    if known and not parse(text, known)[1]:
        return known
    if column.kind == "datetime" and not known:
        known = TIME_OF_DAY if column.type.startswith(OF_DAY) else ISO
    return detect(text) or known or PLAIN


def _boolean_words(text: Arrow) -> tuple[Arrow, int] | None:
    """0 and 1 for text that is "True" and "False"; None for other text."""
    import pyarrow.compute as pc

    lower = pc.utf8_lower(text)
    true, false = pc.sum(pc.equal(lower, "true")).as_py() or 0, pc.sum(pc.equal(lower, "false")).as_py() or 0
    if not true + false:
        return None
    return np.repeat(np.array([0, 1], dtype=np.uint8), [false, true]), len(text) - true - false
