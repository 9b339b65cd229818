"""The same profile for each value of a segment column, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runwatch.data.arrays import as_text, buffer_values, taken
from runwatch.data.cache import Cache, cached, files_key, on_grid, without_grid
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explaining
from runwatch.data.formats import format_of
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.profile import Counter, parse_types
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.sample import row_blocks
from runwatch.domain.borders import Arrow
from runwatch.domain.empty_words import MISSING
from runwatch.domain.profile import ProfileGrid, TableProfile

MAX_SEGMENTS = 50


def kept_segments(
    files: Sequence[DataFile], grid: ProfileGrid, by: str, cache: Cache, engine: Engine = HERE
) -> dict[str, TableProfile]:
    """``segment_profiles``, kept while the files do not change. DataError as there."""

    def made() -> dict[str, TableProfile]:
        profiles = engine.call(segment_profiles, files, grid, by)
        return {value: without_grid(one) for value, one in profiles.items()}

    known = cached(cache, files_key("segments-2", grid, files, by), dict[str, TableProfile], made)
    return {value: on_grid(one, grid) for value, one in known.items()}


def segment_profiles(files: Sequence[DataFile], grid: ProfileGrid, by: str) -> dict[str, TableProfile]:
    """One profile on ``grid`` a value of the column ``by`` (missing values are ``(missing)``), the 50 values
    met first; a hive partition key counts as a column. DataError when a file has no such column."""
    counters: dict[str, Counter] = {}
    schema: dict[str, str] = {}
    blank = False
    types = {by: None, **parse_types(grid)}
    for file in files:
        with explaining(file.name):
            table = format_of(file)
            blank = blank or table.BLANK_IS_MISSING
            names = {name: str(type_) for name, type_ in table.schema(file)}
            partition = dict(file.partitions).get(by)
            if by not in names and partition is None:
                raise DataError(file.name, f"has no column {by!r}", "name a column of the data")
            schema.update(names)
            for piece in table.pieces(file):
                for rows, columns in row_blocks(table.read(piece, types, frozenset())):
                    _add(counters, grid, rows, columns, by, partition or "")
    pairs = tuple(sorted(schema.items()))
    return {value: counter.result(pairs, blank) for value, counter in counters.items()}


def _add(
    counters: dict[str, Counter],
    grid: ProfileGrid,
    rows: int,
    columns: dict[str, Arrow],
    by: str,
    partition: str,
) -> None:
    """Counts the rows by their value of the column ``by``; all of them as ``partition`` where they have
    none."""
    if by not in columns:
        counters.setdefault(partition, Counter(grid)).add(ColumnBlock(rows, list(columns.items())))
        return
    text = as_text(columns[by]).fill_null(MISSING).dictionary_encode()
    codes = buffer_values(text.indices)
    for code, value in enumerate(text.dictionary.to_pylist()):
        if value in counters or len(counters) < MAX_SEGMENTS:
            at = np.flatnonzero(codes == code)
            block = ColumnBlock(len(at), [(name, taken(array, at)) for name, array in columns.items()])
            counters.setdefault(value, Counter(grid)).add(block)
