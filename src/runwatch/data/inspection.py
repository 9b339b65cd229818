"""What quality checks need beyond counts: a sample of rows and the facts about whole rows, kept by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runwatch.data.cache import Cache, files_key, kept
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explaining
from runwatch.data.facts import row_facts
from runwatch.data.formats import format_of
from runwatch.data.profile import parse_types
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.sample import sample
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import DataOptions, ProfileGrid, RowFacts
from runwatch.domain.run import Problem

SAMPLE_ROWS = 20_000
_MAX_COLUMNS = 500
_FEW = 0.005


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

    return kept(cache, files_key("facts-2", grid, files, "\n".join((*names, *keys))), RowFacts, made)


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
