"""What a format module offers, and what flows out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from runwatch.data.data_file import DataFile
from runwatch.domain.borders import Arrow

TARGET_VALUES = 4_000_000
MAX_COLUMNS = 10_000
MAX_LINE = 8 << 20


class ColumnBlock(NamedTuple):
    """Some columns of some rows."""

    rows: int
    """Rows that it adds to the table; 0 when it brings further columns of rows already counted."""
    columns: list[tuple[str, Arrow]]
    """(name, Arrow array)."""
    skipped: int = 0
    """Lines left out."""


class Piece(NamedTuple):
    """A stretch of a file that one worker reads: its name ("0-3" row groups, "all") and rows, if known."""

    file: DataFile
    part: str
    rows: int | None = None


class TableFormat(Protocol):
    """A format module. ``TYPED``: whether its files say what type a column has; ``BLANK_IS_MISSING``:
    whether an empty word cannot be told from a missing value; ``schema``: (name, Arrow type) as in the file,
    duplicates included; ``read``: the columns named in ``types`` (none of a name that occurs twice), which
    gives the type to parse text into (None: as the file has it), ``coded`` the string columns best read as
    dictionary codes. Memory is bounded by a block, not by the file."""

    SUFFIXES: tuple[str, ...]
    COLUMNAR: bool
    TYPED: bool
    BLANK_IS_MISSING: bool

    def schema(self, file: DataFile) -> list[tuple[str, Arrow]]: ...

    def pieces(self, file: DataFile) -> list[Piece]: ...

    def read(
        self, piece: Piece, types: Mapping[str, object], coded: frozenset[str]
    ) -> Iterator[ColumnBlock]: ...


def duplicated(names: list[str]) -> set[str]:
    """Names that occur more than once."""
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def ranges(file: DataFile, rows: list[int], columns: int) -> list[Piece]:
    """Consecutive groups of rows bundled until each piece holds about ``TARGET_VALUES`` values."""
    pieces: list[Piece] = []
    start, total = 0, 0
    for index, count in enumerate(rows):
        total += count
        if total * max(columns, 1) >= TARGET_VALUES or index == len(rows) - 1:
            pieces.append(Piece(file, f"{start}-{index}", total))
            start, total = index + 1, 0
    return pieces


def span(piece: Piece) -> range:
    """The indices that a piece made by ``ranges`` stands for."""
    first, _, last = piece.part.partition("-")
    return range(int(first), int(last) + 1)
