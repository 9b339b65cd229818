"""A reference counted while its grid is made, so that each of its columns is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from runwatch.data.formats.base import ColumnBlock, Piece
from runwatch.data.grid import make_grid
from runwatch.data.profile import Counter, schema_of
from runwatch.domain.borders import Arrow
from runwatch.domain.profile import ColumnGrid, ProfileGrid, TableProfile, merge

_MAX_BYTES = 64 << 20
_COUNTS, _HEAD = 8 << 10, 4096 * 9  # bytes a column of a piece: its counts, its first rows


def affordable(pieces: Sequence[Piece], columns: int) -> bool:
    """Whether the counts of all pieces may be held at once, as one pass over the columns needs."""
    heads = sum(_HEAD if piece.rows is None else min(9 * piece.rows, _HEAD) for piece in pieces)
    return columns * (len(pieces) * _COUNTS + heads) <= _MAX_BYTES


class FirstCount:
    """Counts the columns of ``pieces``, which hold every row of their files, one column after the other."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._counted: list[dict[str, Counter]] = [{} for _ in pieces]
        self._rows = [0] * len(pieces)

    def add(self, column: ColumnGrid, values: Mapping[int, Arrow]) -> None:
        """``values``: the column's values by the number of the piece."""
        alone = make_grid([column])
        for number, array in values.items():
            counter = Counter(alone)
            counter.add(ColumnBlock(0, [(column.name, array)]))
            self._counted[number][column.name] = counter
            self._rows[number] = max(self._rows[number], len(array))

    def profiles(self, grid: ProfileGrid) -> dict[str, TableProfile]:
        """The profile of each file, by its uri, on the ``grid`` of all columns."""
        by_file: dict[str, list[TableProfile]] = {}
        for piece, rows, counted in zip(self._pieces, self._rows, self._counted, strict=True):
            whole = Counter(grid)
            whole.add(ColumnBlock(rows, []))
            for name, alone in counted.items():
                whole.adopt(grid.index[name], alone)
            by_file.setdefault(piece.file.uri, []).append(whole.result(schema_of(piece.file)))
        return {uri: reduce(merge, profiles) for uri, profiles in by_file.items()}
