"""What quality checks need beyond counts: a sample of rows, and what only whole rows tell, kept by file.
Duplicates are found by a 64-bit digest of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from runwatch.data.arrays import as_text, buffer_values, family, numbers, valid_mask
from runwatch.data.cache import Cache, cached, files_key
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explaining
from runwatch.data.formats import format_of
from runwatch.data.kernel import mixed
from runwatch.data.profile import parse_types
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.sample import row_blocks, sample
from runwatch.domain.borders import Arrow, JsonMapping
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import DataOptions, ProfileGrid, RowFacts
from runwatch.domain.run import Problem

SAMPLE_ROWS = 20_000
_MAX_COLUMNS = 500
_FEW = 0.005
MAX_ROWS = 5_000_000
_SHOWN = 5
_NULL = np.uint64(0x9E3779B97F4A7C15)
Digests = NDArray[np.uint64]


def inspect(
    files: Sequence[DataFile], grid: ProfileGrid, options: DataOptions, cache: Cache, engine: Engine = HERE
) -> tuple[Mapping[str, AnyArray], RowFacts | None, list[Problem]]:
    """(sample of up to 20,000 rows, facts about rows, problems) of the files; the facts come from the cache
    while the files do not change. Tables wider than 500 columns are sampled on their first 500."""
    names = [column.name for column in grid.columns][:_MAX_COLUMNS]
    try:
        rows = engine.call(sample, files, names, SAMPLE_ROWS) if files else {}
        return rows, _facts(files, grid, options, cache, engine), []
    except DataError as error:
        return {}, None, [error.problem]


def usual_repeats(
    files: Sequence[DataFile], grid: ProfileGrid, facts: RowFacts | None, cache: Cache, engine: Engine = HERE
) -> RowFacts | None:
    """The same of the reference's rows, to tell how often rows repeat by nature; None where the batch's
    hardly do, or where they cannot be read."""
    if facts is None or facts.duplicate_rows < _FEW * facts.rows:
        return None
    try:
        return _facts(files, grid, DataOptions(), cache, engine)
    except DataError:
        return None


def _facts(
    files: Sequence[DataFile], grid: ProfileGrid, options: DataOptions, cache: Cache, engine: Engine
) -> RowFacts:
    keys = key_columns(grid, options)
    names = _all_names(files, grid)

    def made() -> RowFacts:
        return engine.call(row_facts, files, names, keys, parse_types(grid))

    return cached(cache, files_key("facts-2", grid, files, "\n".join((*names, *keys))), RowFacts, made)


def _all_names(files: Sequence[DataFile], grid: ProfileGrid) -> list[str]:
    """The grid's columns and those that only these files have: rows that differ in a new column differ."""
    known = dict.fromkeys(column.name for column in grid.columns if column.type != "null")
    for file in files:
        with explaining(file.name):
            known.update(dict.fromkeys(name for name, _ in format_of(file).schema(file)))
    return list(known)


def key_columns(grid: ProfileGrid, options: DataOptions) -> list[str]:
    """The columns that must be unique: the key, the reference's identifiers, and what is expected to be."""
    keys = [column.name for column in grid.columns if column.role == "key" or column.name == options.key]
    columns = options.expect.get("columns")
    for name, rules in columns.items() if isinstance(columns, Mapping) else ():
        if isinstance(rules, Mapping) and rules.get("unique") and name in grid.index:
            keys.append(str(name))
    return list(dict.fromkeys(keys))


def row_facts(
    files: Sequence[DataFile], names: Sequence[str], keys: Sequence[str], types: JsonMapping
) -> RowFacts:
    """Duplicates among the first 5,000,000 rows of the files, over the columns ``names`` and, for each of
    ``keys``, in that column alone. ``types``: what text formats parse columns into. DataError for a file that
    cannot be read."""
    rows: list[Digests] = []
    by_key: dict[str, list[Digests]] = {key: [] for key in keys}
    seen = 0
    selected = {name: types.get(name) for name in [*names, *keys]}
    for file in files:
        with explaining(file.name):
            for columns in _columns(file, selected):
                digests = {name: digest(array) for name, array in columns.items()}
                rows.append(_row_digest([digests[name] for name in names if name in digests]))
                for key in keys:
                    if key in digests:
                        by_key[key].append(digests[key][valid_mask(columns[key])])
                seen += len(rows[-1])
                if seen >= MAX_ROWS:
                    break
    whole = np.concatenate(rows) if rows else np.empty(0, dtype=np.uint64)
    repeats = {key: _repeats(np.concatenate(parts)) for key, parts in by_key.items() if parts}
    repeated = {key: _samples(files, key, types, pair[1]) for key, pair in repeats.items() if pair[0]}
    counts = {key: pair[0] for key, pair in repeats.items()}
    times = np.unique(whole, return_counts=True)[1]
    occurring = tuple((int(t), int(n)) for t, n in zip(*np.unique(times, return_counts=True), strict=True))
    return RowFacts(
        len(whole),
        duplicate_rows=len(whole) - len(times),
        duplicate_keys=counts,
        repeated=repeated,
        occurring=occurring,
    )


def _columns(file: DataFile, types: JsonMapping) -> Iterator[dict[str, Arrow]]:
    """Row-aligned columns, some rows at a time."""
    table = format_of(file)
    for piece in table.pieces(file):
        for _, columns in row_blocks(table.read(piece, types, frozenset())):
            yield columns


def digest(array: Arrow) -> Digests:
    """A 64-bit digest a value; equal values of one column have equal digests, missing ones too."""
    out = np.full(len(array), _NULL, dtype=np.uint64)
    group = family(array.type)
    if group in ("number", "time", "boolean"):
        values = numbers(array)
        if values.dtype.kind == "f":
            values = values.astype(np.float64) + 0.0
            values[np.isnan(values)] = np.nan
        else:
            values = values.astype(np.int64)
        out[valid_mask(array)] = mixed(values.view(np.uint64))
    elif group in ("string", "binary"):
        coded = as_text(array).dictionary_encode()
        table = np.array([_text_digest(word) for word in coded.dictionary.to_pylist()], dtype=np.uint64)
        mask = valid_mask(coded.indices)
        out[mask] = table[buffer_values(coded.indices)[mask]] if len(table) else _NULL
    elif group == "nested":
        out = np.array([_text_digest(repr(value)) for value in array.to_pylist()], dtype=np.uint64)
    return out


def _text_digest(text: str) -> int:
    raw = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(raw, "little")


def _row_digest(columns: list[Digests]) -> Digests:
    if not columns:
        return np.empty(0, dtype=np.uint64)
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        total = mixed(total * np.uint64(0x9E3779B97F4A7C15) + column)
    return total


def _repeats(digests: Digests) -> tuple[int, set[int]]:
    """(values that repeat an earlier one, a few of the repeated digests)."""
    values, counts = np.unique(digests, return_counts=True)
    return len(digests) - len(values), {int(v) for v in values[counts > 1][:_SHOWN]}


def _samples(files: Sequence[DataFile], key: str, types: JsonMapping, hashes: set[int]) -> tuple[str, ...]:
    """The values behind digests."""
    shown: dict[int, str] = {}
    for file in files:
        for columns in _columns(file, {key: types.get(key)}):
            if (array := columns.get(key)) is None:
                continue
            for at in np.flatnonzero(np.isin(digest(array), list(hashes))):
                shown.setdefault(int(digest(array.slice(int(at), 1))[0]), str(array[int(at)].as_py()))
                if len(shown) >= len(hashes):
                    return tuple(shown.values())
    return tuple(shown.values())
