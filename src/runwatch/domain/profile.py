"""Grids and profiles: a table reduced to counts on the grid that its reference fixed. Counts add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.drift import ColumnKind, Role
from runwatch.domain.points import AnyArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Marks = NDArray[np.uint32]

SHAPES = 64
BUCKETS = 256
DUPLICATE = "duplicate"
GUESSED = "~"
ROWS, NULL, NAN, NEG_INF, POS_INF, INVALID, EMPTY = range(7)
SCALARS = 7
MAX_OTHERS = 64
MARKED_ROWS = 1024


class ColumnGrid(msgspec.Struct, frozen=True, eq=False):
    """The bins of one column."""

    name: str
    kind: ColumnKind
    type: str
    """The type as Arrow names it."""
    edges: AnyArray | None = None
    """strictly increasing, in the column's own dtype; bin j holds ``(edges[j-1], edges[j]]``, the first and
    last are open; for text they bin the length in characters."""
    words: tuple[str, ...] | None = None
    """The reference's most frequent values, most frequent first; the count after the last word is "other"."""
    deciles: tuple[int, ...] = ()
    """Positions in ``edges`` of the reference's inner deciles."""
    guessed: bool = True
    unique: bool = False
    """Every value of the reference differs (an identifier)."""
    role: Role = "feature"
    seen: bytes = b""
    """Only where there are more values than words, a bitmap of the sample's values (a Bloom filter, so a
    known value is never taken for a new one)."""
    rare: tuple[int, int, int] = (0, 0, 0)
    """How many values the sample had once and twice, and of how many rows."""
    notation: str = ""
    """How numbers or times stand in another type (text, numbers of seconds), empty where the type says it."""
    ascending: bool = False
    """Whole numbers that grow with the reference's rows, as counters do."""
    exact: tuple[int, ...] = ()
    """Of fractions, the bins that hold one value to nine digits."""
    onward: bool = False
    """Times in the order of the reference's rows, or numbers that go on with its rows in about a straight
    line and repeat (numbers of batches) or are fractions (seconds since a start)."""
    foreign: bool = False
    """Whole numbers or words that name users, orders or the like, of which there are many."""

    @property
    def singleton(self) -> NDArray[np.bool_]:
        """Which bins hold one value: bool ``[bins]``; the open outer ones never do."""
        single = np.zeros(self.bins, dtype=bool)
        if self.edges is not None and len(self.edges) > 1 and self.edges.dtype.kind != "f":
            single[1:-1] = self.edges[1:] - self.edges[:-1] == 1
        single[[at for at in self.exact if 0 < at < self.bins - 1]] = True
        return single

    @property
    def open(self) -> bool:
        """Whether the reference has more values than words, so that a value outside them need not be new.
        Such a column carries a second count vector: its values by hash, chosen by no data, and the new
        ones."""
        return bool(self.seen)

    @property
    def shaped(self) -> bool:
        """Whether the column is text, which carries a second count vector over 64 character shapes."""
        return self.kind == "text" and self.edges is not None

    @property
    def bins(self) -> int:
        if self.edges is not None:
            return len(self.edges) + 1
        return len(self.words) + 1 if self.words is not None else 0

    @property
    def width(self) -> int:
        return self.bins + (SHAPES if self.shaped else BUCKETS + 1 if self.open else 0)


class ProfileGrid(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One grid a column."""

    columns: tuple[ColumnGrid, ...]
    id: str
    """Digest of the grid and the engine's version; profiles of one id add up."""
    duplicates: tuple[str, ...] = ()
    """Names that occur twice in the reference, which are not profiled."""

    @cached_property
    def offsets(self) -> Ints:
        """Where each column's counts begin: int64 ``[columns + 1]``."""
        return np.concatenate([[0], np.cumsum([column.width for column in self.columns])]).astype(np.int64)

    @cached_property
    def sum_offsets(self) -> Ints:
        """Where each column's sums begin; columns without edges have none."""
        widths = [column.bins if column.edges is not None else 0 for column in self.columns]
        return np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)

    @cached_property
    def index(self) -> Mapping[str, int]:
        return {column.name: i for i, column in enumerate(self.columns)}


class ColumnProfile(msgspec.Struct, frozen=True, eq=False):
    """One column of a profile."""

    rows: int
    """Rows in which the column was there at all."""
    null: int
    nan: int
    neg_inf: int
    pos_inf: int
    invalid: int
    """Values that are not of the column's type."""
    counts: Ints
    """int64 per bin."""
    sums: Floats
    """Float64 sum of the finite values per bin."""
    shapes: Ints
    """Text's character shapes, or the hash buckets and then the new values of an open column."""
    low: float
    high: float
    others: Mapping[str, int]
    """Up to 64 values outside the words with their counts, the least in lexical order (so that any split of
    the rows keeps the same ones); of an open column the most frequent new ones, whose counts may be too low
    where they came in pieces."""
    design: float = 1.0
    """How many rows are worth one independent one, of the values."""
    missing_design: float = 1.0
    """As ``design``, of which values are missing."""

    @property
    def missing(self) -> int:
        return self.null + self.nan

    @property
    def n(self) -> int:
        """Values counted: rows less missing and invalid ones."""
        return self.rows - self.missing - self.invalid

    @property
    def missing_share(self) -> float | None:
        return self.missing / self.rows if self.rows else None


class TableProfile(msgspec.Struct, frozen=True, eq=False):
    """A table's counts, all columns in one vector (the grid's ``offsets`` say whose are whose), so that two
    profiles of one grid add up as two vectors. ``low``, ``high``: float64, +inf and -inf where nothing was
    seen."""

    grid: ProfileGrid
    rows: int
    counts: Ints
    sums: Floats
    scalars: Ints
    """int64 ``[columns, 7]`` rows, null, nan, -inf, +inf, invalid, and of the values those that are empty
    words."""
    low: Floats
    high: Floats
    others: Mapping[int, Mapping[str, int]] = msgspec.field(default_factory=dict)
    schema: tuple[tuple[str, str], ...] = ()
    """Sorted (name, type) pairs as found in the files, the type ``DUPLICATE`` for a name that occurs twice in
    one, ``GUESSED`` before types that the format does not say."""
    skipped: int = 0
    """Lines that were no rows."""
    dependence: Floats = msgspec.field(default_factory=lambda: np.zeros((0, 4)))
    """Float64 ``[columns + 1, 4]``: rows looked at for whether neighbours are alike, these times the design
    effects of the values and of which are missing, and the table's times how often another row has the same
    value (0 where no rows are repeated); the last row is of the table: rows looked at, these times how often
    a row occurs in its piece, and times how often another row looked at is the same. An estimate, which
    depends on how the rows came in pieces."""
    blank_is_missing: bool = False
    """Whether some of its files cannot tell an empty word from a missing value."""
    repeating: Marks = msgspec.field(default_factory=lambda: no_marks(0))
    """Of a table whose rows repeat, up to 1,024 of them, a mark a value, the same for equal values: uint32
    ``[rows, columns]``."""

    def column(self, index: int) -> ColumnProfile:
        grid, column = self.grid, self.grid.columns[index]
        start = int(grid.offsets[index])
        rows, null, nan, neg, pos, invalid, _ = (int(value) for value in self.scalars[index])
        return ColumnProfile(
            rows=rows,
            null=null,
            nan=nan,
            neg_inf=neg,
            pos_inf=pos,
            invalid=invalid,
            counts=self.counts[start : start + column.bins],
            shapes=self.counts[start + column.bins : start + column.width],
            sums=self.sums[int(grid.sum_offsets[index]) : int(grid.sum_offsets[index + 1])],
            low=float(self.low[index]),
            high=float(self.high[index]),
            others=self.others.get(index, {}),
            design=self._design(index, 1),
            missing_design=self._design(index, 2),
        )

    def _design(self, index: int, which: int) -> float:
        if not len(self.dependence) or not self.dependence[index, 0]:
            return 1.0
        return max(1.0, float(self.dependence[index, which] / self.dependence[index, 0]))

    @property
    def looked_at(self) -> int:
        """Rows that ``dependence`` was estimated from."""
        return int(self.dependence[-1, 0]) if len(self.dependence) else 0

    @property
    def repeated(self) -> float:
        """How often a row occurs in its piece, in the mean over rows: 1 where none is repeated."""
        if not self.looked_at:
            return 1.0
        return float(self.dependence[-1, 1] / self.dependence[-1, 0])

    @property
    def same(self) -> float:
        """How often two rows looked at are the same."""
        return float(self.dependence[-1, 2] / self.dependence[-1, 0]) if self.looked_at else 0.0

    @property
    def same_values(self) -> Floats:
        """How often two rows looked at have the same value, by column: float64 ``[columns]``; 0 where no rows
        are repeated."""
        if not self.looked_at:
            return np.zeros(len(self.grid.columns))
        out: Floats = self.dependence[:-1, 3] / self.dependence[-1, 0]
        return out

    def pairs(self) -> Iterator[tuple[ColumnGrid, ColumnProfile]]:
        for index, column in enumerate(self.grid.columns):
            yield column, self.column(index)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.schema)


def empty_profile(grid: ProfileGrid) -> TableProfile:
    """The profile of no rows: the identity of ``merge``."""
    columns = len(grid.columns)
    return TableProfile(
        grid=grid,
        rows=0,
        counts=np.zeros(int(grid.offsets[-1]), dtype=np.int64),
        sums=np.zeros(int(grid.sum_offsets[-1]), dtype=np.float64),
        scalars=np.zeros((columns, SCALARS), dtype=np.int64),
        low=np.full(columns, np.inf),
        high=np.full(columns, -np.inf),
    )


def merge(a: TableProfile, b: TableProfile) -> TableProfile:
    """The profile of both tables' rows. Integers are bit-identical for any split and order; ``sums`` agree
    to rounding. ValueError when the grids differ."""
    if a.grid.id != b.grid.id:
        raise ValueError(f"profiles of different grids do not add up: {a.grid.id} and {b.grid.id}")
    return TableProfile(
        grid=a.grid,
        rows=a.rows + b.rows,
        counts=a.counts + b.counts,
        sums=a.sums + b.sums,
        scalars=a.scalars + b.scalars,
        low=np.minimum(a.low, b.low),
        high=np.maximum(a.high, b.high),
        others=_merge_others(a, b),
        schema=a.schema if a.schema == b.schema else tuple(sorted({*a.schema, *b.schema})),
        skipped=a.skipped + b.skipped,
        dependence=_added(a.dependence, b.dependence),
        blank_is_missing=a.blank_is_missing or b.blank_is_missing,
        repeating=_marks_of(a.repeating, b.repeating),
    )


def no_marks(columns: int, rows: int = 0) -> Marks:
    return np.zeros((rows, columns), dtype=np.uint32)


def thinned_marks(marks: Marks) -> Marks:
    """At most 1,024 of the rows, from all parts of them."""
    step = max(1, -(-len(marks) // MARKED_ROWS))
    return marks[::step]


def _marks_of(a: Marks, b: Marks) -> Marks:
    return thinned_marks(np.concatenate([a, b])) if len(a) and len(b) else a if len(a) else b


def _added(a: Floats, b: Floats) -> Floats:
    return a + b if len(a) and len(b) else a if len(a) else b


def _merge_others(a: TableProfile, b: TableProfile) -> Mapping[int, Mapping[str, int]]:
    if not a.others or not b.others:
        return a.others or b.others
    return {
        index: kept_others([a.others.get(index, {}), b.others.get(index, {})], a.grid.columns[index].open)
        for index in sorted({*a.others, *b.others})
    }


def kept_others(tables: list[Mapping[str, int]], frequent: bool = False) -> dict[str, int]:
    """The ``MAX_OTHERS`` least (or most ``frequent``) words of several tables with their summed counts."""
    total: dict[str, int] = {}
    for table in tables:
        for word, count in table.items():
            total[word] = total.get(word, 0) + count
    ranked = sorted(total, key=lambda word: (-total[word], word)) if frequent else sorted(total)
    return {word: total[word] for word in ranked[:MAX_OTHERS]}


class NamedProfile(msgspec.Struct, frozen=True, eq=False):
    """A profile with its name: a file, a day, a batch."""

    name: str
    profile: TableProfile
    day: int | None = None
    """Its date as a proleptic ordinal, where the name tells it."""
    when: float | None = None
    """Mtime, seconds since the epoch."""


class DriftOptions(msgspec.Struct, frozen=True):
    """How drift is judged; the defaults are the documented rule."""

    q: float = 0.01
    """False-discovery rate over the columns."""
    day_q: float = 0.02
    """The same for the day rule."""
    levels: tuple[float, float] = (0.02, 0.10)
    """Effects from which a distribution or a missing share is ``warning`` and ``drifted``."""
    new_levels: tuple[float, float] = (0.01, 0.05)
    """The same for the share of new categories."""
    visible: float = 0.10
    tests: int = 1
    """How many tables this one is judged together with (segments)."""
    importance: Mapping[str, float] = msgspec.field(default_factory=dict)
    """By column."""


class DataOptions(msgspec.Struct, frozen=True):
    """What is said about a data set beyond its paths."""

    include: tuple[str, ...] = ()
    """Glob patterns of column names, as ``exclude``."""
    exclude: tuple[str, ...] = ()
    kinds: Mapping[str, ColumnKind] = msgspec.field(default_factory=dict)
    """Declared column kinds, which win over guesses."""
    target: str | None = None
    prediction: str | None = None
    score: str | None = None
    key: str | None = None
    segments: tuple[str, ...] = ()
    expect: Mapping[str, object] = msgspec.field(default_factory=dict)
    """The ``[data.expect]`` table."""
    multivariate: bool = False
    """Whether the domain classifier runs."""
    group: str | None = None
    """The column that says whose each row is."""


class RowFacts(msgspec.Struct, frozen=True, eq=False):
    """What only whole rows tell."""

    rows: int
    """Rows looked at."""
    duplicate_rows: int
    """Rows equal to an earlier one."""
    duplicate_keys: Mapping[str, int] = msgspec.field(default_factory=dict)
    """By column, rows whose value occurred earlier."""
    repeated: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """By column, up to five such values."""
    occurring: tuple[tuple[int, int], ...] = ()
    """(times, how many different rows occur so many times)."""
