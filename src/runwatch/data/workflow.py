"""Opening a reference and profiling batches against it: what the monitor and the command line both do."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import msgspec

from runwatch.data.cache import NO_CACHE, Cache, PieceKey, keep, unpack
from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError, explained
from runwatch.data.files import resolve
from runwatch.data.formats import format_of
from runwatch.data.formats.base import ColumnBlock, Piece, duplicated
from runwatch.data.grid import ENGINE, guess_role, make_column, make_grid, wanted_names
from runwatch.data.profile import Counter, schema_of
from runwatch.data.profile_cache import HERE, Engine, profile_files
from runwatch.data.sample import joined, sampled
from runwatch.domain.borders import Arrow
from runwatch.domain.drift import Batch
from runwatch.domain.profile import (
    ColumnGrid,
    DataOptions,
    NamedProfile,
    ProfileGrid,
    TableProfile,
    empty_profile,
    merge,
)
from runwatch.domain.run import Problem
from runwatch.system.files import is_really_below

_MAX_BYTES = 64 << 20
_COUNTS, _HEAD = 8 << 10, 4096 * 9  # bytes a column of a piece: its counts, its first rows


class Reference(msgspec.Struct, frozen=True, eq=False):
    """An opened reference."""

    files: tuple[DataFile, ...]
    """Those that are readable."""
    grid: ProfileGrid
    """What they fix."""
    profile: TableProfile
    """Of all."""
    days: tuple[NamedProfile, ...]
    """One a file."""
    problems: tuple[Problem, ...]
    """What could not be read."""


def find_files(
    specs: Sequence[str], base: str | None = None, within: Sequence[str] = (), chained: bool = False
) -> list[DataFile]:
    """The files of several paths, folders, globs or URLs, each once. DataError names the first bad one.
    ``within``: folders beyond which no file is taken, links followed, and no URL either (none: no bounds);
    ``chained``: URLs in URLs (``zip://a.csv::s3://b/c.zip``) are allowed."""
    files: dict[str, DataFile] = {}
    for spec in specs:
        for file in resolve(spec, base, chained):
            files.setdefault(file.uri, file)
    if within:
        _stay(files.values(), within)
    return list(files.values())


def _stay(files: Iterable[DataFile], within: Sequence[str]) -> None:
    """DataError for the first file that lies elsewhere, links followed."""
    inside: dict[str, bool] = {}
    for file in files:
        folder = os.path.dirname(file.uri)
        start = file.uri if os.path.islink(file.uri) else folder
        if start not in inside:
            inside[start] = not file.remote and any(is_really_below(start, one) for one in within)
        if not inside[start]:
            raise DataError(file.name, "is outside the root: not read", "runwatch trust ROOT allows it")


def open_reference(
    files: Sequence[DataFile], options: DataOptions, cache: Cache = NO_CACHE, engine: Engine = HERE
) -> Reference:
    """Fixes the grid on ``files`` (kept as long as they do not change) and counts all of them on it.
    DataError when none of them can be read."""
    problems: list[Problem] = []
    counted: dict[str, TableProfile] = {}
    grid = _kept_grid(files, options, cache)
    if grid is None:
        files, problems = _readable(files)
        grid, counted = engine.call(_new_grid, files, options)
        keep(cache, _grid_key(files, options), grid)
    days, more = profile_files(files, grid, cache, engine, counted)
    if not days:
        raise DataError(files[0].name, more[0].message if more else "cannot be read", "check the reference")
    unread = {problem.file for problem in more}
    return Reference(
        tuple(file for file in files if file.name not in unread),
        grid=grid,
        profile=total(grid, days),
        days=tuple(days),
        problems=(*problems, *more),
    )


def total(grid: ProfileGrid, named: Sequence[NamedProfile]) -> TableProfile:
    """All profiles added up."""
    return reduce(merge, (one.profile for one in named), empty_profile(grid))


def _readable(files: Sequence[DataFile]) -> tuple[list[DataFile], list[Problem]]:
    good: list[DataFile] = []
    errors: list[DataError] = []
    for file in files:
        try:
            format_of(file).schema(file)
            good.append(file)
        except Exception as error:
            errors.append(explained(file.name, error))
    if not good:
        raise errors[0] if errors else DataError("the reference", "has no files", "name at least one")
    return good, [error.problem for error in errors]


def _grid_key(files: Sequence[DataFile], options: DataOptions) -> PieceKey:
    stamps = "\n".join(f"{file.uri}\t{file.stamp}" for file in files)
    options_text = repr((options.include, options.exclude, sorted(options.kinds.items())))
    roles = repr((options.target, options.prediction, options.score, options.key))
    digest = hashlib.sha256(
        f"{stamps}\n{options_text}\n{roles}".encode("utf-8", "surrogateescape")
    ).hexdigest()
    return PieceKey(f"grid-{ENGINE}", "", "grid", digest)


def _kept_grid(files: Sequence[DataFile], options: DataOptions, cache: Cache) -> ProfileGrid | None:
    """The grid that these files fixed under these options before."""
    packed = cache.get(_grid_key(files, options))
    try:
        return None if packed is None else unpack(ProfileGrid, packed)
    except ValueError:
        return None


def _new_grid(files: Sequence[DataFile], options: DataOptions) -> tuple[ProfileGrid, dict[str, TableProfile]]:
    """(the grid; the files' profiles on it, by uri, where making it took all of their rows)."""
    names: list[str] = []
    twice: set[str] = set()
    for file in files:
        available = [name for name, _ in format_of(file).schema(file)]
        twice |= duplicated(available)
        names.extend(available)
    selected = [name for name in wanted_names(names, options.include, options.exclude) if name not in twice]
    pieces, whole, read = sampled(files, selected)
    count = FirstCount(pieces) if whole and affordable(pieces, len(selected)) else None
    columns: list[ColumnGrid] = []
    for name, values in read:
        columns.append(_column(name, joined(list(values.values())), options))
        if count is not None:
            count.add(columns[-1], values)
    grid = make_grid(columns, twice)
    return grid, {} if count is None else count.profiles(grid)


def affordable(pieces: Sequence[Piece], columns: int) -> bool:
    """Whether the counts of all pieces may be held at once, as one pass over the columns needs."""
    heads = sum(_HEAD if piece.rows is None else min(9 * piece.rows, _HEAD) for piece in pieces)
    return columns * (len(pieces) * _COUNTS + heads) <= _MAX_BYTES


class FirstCount:
    """A reference counted while its grid is made, so that each of its columns is read once: the columns of
    ``pieces``, which hold every row of their files, one after the other."""

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


def _column(name: str, array: Arrow, options: DataOptions) -> ColumnGrid:
    role = guess_role(name, options.target, options.prediction, options.score, options.key)
    return make_column(name, array, options.kinds.get(name), role)


def profile_batches(
    files: Sequence[DataFile], grid: ProfileGrid, cache: Cache = NO_CACHE, engine: Engine = HERE
) -> tuple[list[NamedProfile], list[Batch], list[Problem]]:
    """(profiles of the readable batches, one entry a batch with why it could not be read, problems)."""
    named, problems = profile_files(files, grid, cache, engine)
    wrong: dict[str, Problem] = {}
    batch = {file.name: file.batch for file in files}
    for problem in problems:
        wrong.setdefault(batch.get(problem.file, problem.file), problem)
    read = {one.name: one for one in named}
    batches: dict[str, Batch] = {}
    for file in files:
        one = read.get(file.batch)
        rows, when = (0, file.when) if one is None else (one.profile.rows, one.when)
        batches.setdefault(file.batch, Batch(file.batch, rows, when, wrong.get(file.batch)))
    return named, list(batches.values()), problems
