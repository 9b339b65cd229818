"""The same profile for each value of a segment column, in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runwatch.data.arrays import as_text, buffer_values
from runwatch.data.cache import Cache, files_key, kept, on_grid, without_grid
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explained
from runwatch.data.formats import format_of
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.profile import Counter, parse_types
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.sample import joined
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

    known = kept(cache, files_key("segments-2", grid, files, by), dict[str, TableProfile], made)
    return {value: on_grid(one, grid) for value, one in known.items()}


def segment_profiles(files: Sequence[DataFile], grid: ProfileGrid, by: str) -> dict[str, TableProfile]:
    """One profile on ``grid`` a value of the column ``by`` (missing values are ``(missing)``), the 50 values
    met first; a hive partition key counts as a column. DataError when a file has no such column."""
    counters: dict[str, Counter] = {}
    schema: dict[str, str] = {}
    blank = False
    for file in files:
        try:
            table = format_of(file)
            blank = blank or table.BLANK_IS_MISSING
            names = {name: str(type_) for name, type_ in table.schema(file)}
            partition = dict(file.partitions).get(by)
            if by not in names and partition is None:
                raise DataError(file.name, f"has no column {by!r}", "name a column of the data")
            schema.update(names)
            columns = dict(parse_types(grid))
            columns.setdefault(by, None)
            for part in table.parts(file):
                _count(table.read(file, part.name, columns, frozenset()), grid, by, partition, counters)
        except Exception as error:
            raise explained(file.name, error) from error
    pairs = tuple(sorted(schema.items()))
    return {value: counter.result(pairs, blank) for value, counter in counters.items()}


def _count(
    blocks: Arrow, grid: ProfileGrid, by: str, partition: str | None, counters: dict[str, Counter]
) -> None:
    """Groups blocks into stretches of the same rows, then counts each value's rows."""
    held: dict[str, list[object]] = {}
    rows = 0
    for block in blocks:
        if block.rows and held:
            _flush(held, rows, grid, by, partition, counters)
            held, rows = {}, 0
        rows += block.rows
        for name, array in block.columns:
            held.setdefault(name, []).append(array)
    if held:
        _flush(held, rows, grid, by, partition, counters)


def _flush(
    held: dict[str, list[Arrow]],
    rows: int,
    grid: ProfileGrid,
    by: str,
    partition: str | None,
    counters: dict[str, Counter],
) -> None:
    columns = {name: joined(arrays) for name, arrays in held.items()}
    if by not in columns:
        _counter(partition or "", grid, counters).add(ColumnBlock(rows, list(columns.items())))
        return
    text = as_text(columns[by]).fill_null(MISSING).dictionary_encode()
    codes = buffer_values(text.indices)
    for code, value in enumerate(text.dictionary.to_pylist()):
        if value not in counters and len(counters) >= MAX_SEGMENTS:
            continue
        where = np.flatnonzero(codes == code)
        taken = [(name, _take(array, where)) for name, array in columns.items()]
        _counter(value, grid, counters).add(ColumnBlock(len(where), taken))


def _take(array: Arrow, where: Arrow) -> object:
    import pyarrow as pa

    rows = pa.py_buffer(where.astype(np.int64))
    return array.take(pa.Array.from_buffers(pa.int64(), len(where), [None, rows]))


def _counter(value: str, grid: ProfileGrid, counters: dict[str, Counter]) -> Counter:
    return counters.setdefault(value, Counter(grid))
