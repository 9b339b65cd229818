"""Rows and columns in memory: bounded samples spread over all of the files, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from runwatch.data.arrays import as_text, family, numbers, taken, valid_mask
from runwatch.data.data_file import DataFile
from runwatch.data.errors import explaining
from runwatch.data.formats import format_of, pieces_of
from runwatch.data.formats.base import ColumnBlock, Piece
from runwatch.domain.borders import Arrow, JsonMapping
from runwatch.domain.points import AnyArray

GRID_ROWS = 1_000_000
_GROUP_VALUES = 1_000_000
_TEXT_VALUES = 20_000_000
_MAX_PARTS = 32
_MOST_KEPT = 2 * GRID_ROWS


def _chosen(files: Sequence[DataFile], n: int) -> tuple[list[Piece], float]:
    """(pieces to read, share of their rows to keep) so that about ``n`` rows come, spread over all."""
    pieces = [piece for file in files for piece in pieces_of(file)]
    known = [piece.rows for piece in pieces if piece.rows is not None]
    if len(known) < len(pieces):
        size = sum(piece.file.size for piece in pieces)
        return pieces, min(1.0, n / max(size / 100, 1))
    total = sum(known)
    if total <= n:
        return pieces, 1.0
    count = min(_MAX_PARTS, len(pieces))
    picked = [pieces[i] for i in np.unique(np.linspace(0, len(pieces) - 1, count).astype(int))]
    return picked, min(1.0, n / max(sum(piece.rows or 0 for piece in picked), 1))


class Sampled(NamedTuple):
    """Columns of a table's rows, or of a sample of them."""

    pieces: list[Piece]
    """What is read."""
    whole: bool
    """Every row of the files is there."""
    columns: Iterator[tuple[str, dict[int, Arrow]]]
    """(name, the values of each piece that has the column, by its number), a few columns in memory at a time
    where the format allows it."""


def sampled(files: Sequence[DataFile], names: Sequence[str], n: int = GRID_ROWS, seed: int = 0) -> Sampled:
    """At most about ``n`` rows; all rows up to ``n``. DataError for unreadable files."""
    columnar = all(format_of(file).COLUMNAR for file in files)
    if not columnar:
        n = min(n, max(_TEXT_VALUES // max(len(names), 1), 1000))
    picked, share = _chosen(files, n)
    rows = sum(piece.rows or 0 for piece in picked) * share
    step = max(4, int(_GROUP_VALUES / max(rows, 1))) if columnar else max(len(names), 1)
    groups = [list(names[start : start + step]) for start in range(0, len(names), step)]
    return Sampled(picked, columnar and share == 1.0, _by_piece(picked, groups, share, seed))


def _by_piece(
    picked: list[Piece], groups: list[list[str]], share: float, seed: int
) -> Iterator[tuple[str, dict[int, Arrow]]]:
    for group in groups:
        sampled: dict[str, dict[int, Arrow]] = {name: {} for name in group}
        for number, piece in enumerate(picked):
            for name, array in _read(piece, group, share, (seed, number)).items():
                sampled[name][number] = array
        for name in group:
            yield name, sampled.pop(name)


def _read(piece: Piece, names: Sequence[str], share: float, seed: tuple[int, int]) -> JsonMapping:
    """The kept rows of a piece, aligned over the columns."""
    columns = dict.fromkeys(names)
    table = format_of(piece.file)
    streamed = not table.COLUMNAR
    chunks: dict[str, list[Arrow]] = {}
    rows = 0
    with explaining(piece.file.name):
        for number, block in enumerate(table.read(piece, columns, frozenset(names))):
            for name, array in block.columns:
                chunk = thinned(array, share, (*seed, number)) if streamed else array
                chunks.setdefault(name, []).append(chunk)
            rows += max((len(arrays[-1]) for arrays in chunks.values()), default=0) if block.rows else 0
            if streamed and rows > _MOST_KEPT:  # rows are shorter than their file's size made believe
                chunks = {n: [thinned(one, 0.5, (*seed, number, 1)) for one in a] for n, a in chunks.items()}
                rows, share = rows // 2, share / 2
    whole = {name: joined(arrays) for name, arrays in chunks.items()}
    return whole if streamed else {name: thinned(array, share, seed) for name, array in whole.items()}


def thinned(array: Arrow, share: float, seed: tuple[int, ...]) -> Arrow:
    """A random ``share`` of the rows, in order; the same rows for arrays of one length and one seed."""
    if share >= 1.0 or not len(array):
        return array
    count = max(1, round(share * len(array)))
    return taken(array, np.sort(np.random.default_rng(seed).choice(len(array), size=count, replace=False)))


def row_blocks(blocks: Iterable[ColumnBlock]) -> Iterator[tuple[int, dict[str, Arrow]]]:
    """(number of rows, their columns) of blocks that bring some rows' columns one after the other."""
    held: dict[str, list[Arrow]] = {}
    rows = 0
    for block in blocks:
        if block.rows and held:
            yield rows, {name: joined(arrays) for name, arrays in held.items()}
            held, rows = {}, 0
        rows += block.rows
        for name, array in block.columns:
            held.setdefault(name, []).append(array)
    if held:
        yield rows, {name: joined(arrays) for name, arrays in held.items()}


def joined(arrays: Sequence[Arrow]) -> Arrow:
    """One array of chunks whose types may differ from block to block: text wins over numbers, floats over
    integers, anything over null."""
    import pyarrow as pa

    if not arrays:
        return pa.nulls(0)
    kinds = list(dict.fromkeys(str(array.type) for array in arrays))
    if len(kinds) == 1:
        return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
    families = {family(array.type) for array in arrays} - {"null"}
    if families <= {"number", "boolean"}:
        target = pa.float64() if families else pa.null()
        return pa.concat_arrays([_cast(array, target) for array in arrays])
    if len(families) == 1 and "time" in families:
        first = next(array.type for array in arrays if family(array.type) == "time")
        return pa.concat_arrays([array.cast(first, safe=False) for array in arrays])
    if "nested" in families:
        return pa.nulls(sum(len(array) for array in arrays))
    return pa.concat_arrays([_cast(array, pa.string()) for array in arrays])


def _cast(array: Arrow, target: Arrow) -> Arrow:
    import pyarrow as pa

    if target == pa.string():
        return array.cast(target) if family(array.type) == "null" else as_text(array)
    if family(array.type) == "boolean":
        array = array.cast(pa.int8())
    return array.cast(target, safe=False)


def sample(files: Sequence[DataFile], names: Sequence[str], n: int, seed: int = 0) -> dict[str, AnyArray]:
    """About ``n`` rows (never more) of the named columns, row-aligned: float64 arrays with NaN for missing
    numbers, times and booleans; object arrays of str or None for the rest. Columns that are not in every
    file are left out. DataError for unreadable files."""
    picked, share = _chosen(files, n)
    tables = [_read(piece, names, share, (seed, number)) for number, piece in enumerate(picked)]
    tables = [table for table in tables if table]
    common = [name for name in names if tables and all(name in table for table in tables)]
    arrays = {name: joined([table[name] for table in tables]) for name in common}
    rows = len(next(iter(arrays.values()), ()))
    if rows > n:
        arrays = {name: thinned(array, n / rows, (seed, 1 << 20)) for name, array in arrays.items()}
    return {name: to_numpy(array) for name, array in arrays.items()}


def to_numpy(array: Arrow) -> AnyArray:
    """float64 with NaN for missing values, or an object array of str and None."""
    if family(array.type) in ("number", "time", "boolean"):
        values = np.full(len(array), np.nan)
        values[valid_mask(array)] = numbers(array)
        return values
    result = np.empty(len(array), dtype=object)
    if family(array.type) in ("string", "binary"):
        result[:] = as_text(array).to_pylist()
    return result
