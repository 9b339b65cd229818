"""Profiles of files, kept: only what has changed since is read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Protocol, TypeVar

import msgspec

from runwatch.data.cache import Cache, PieceKey, keep, on_grid, unpack, without_grid
from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.formats import pieces_of
from runwatch.data.formats.base import Piece
from runwatch.data.profile import profile
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile, empty_profile, merge
from runwatch.domain.run import Problem

_EDGE = 4096
_GROWING = (".csv", ".tsv", ".jsonl", ".ndjson")


Answer = TypeVar("Answer")


class Engine(Protocol):
    """Where data is read: here, or on other machines. ``profiles``: one answer a piece, in order, its error
    where it cannot be read; ``call``: what a function of files makes, errors raised as there."""

    def profiles(self, pieces: Sequence[Piece], grid: ProfileGrid) -> Iterable[TableProfile | DataError]: ...

    def call(self, function: Callable[..., Answer], *args: object) -> Answer: ...


class ThisProcess:
    """Reads one piece after the other."""

    def profiles(self, pieces: Sequence[Piece], grid: ProfileGrid) -> Iterable[TableProfile | DataError]:
        for piece in pieces:
            try:
                yield profile(piece, grid)
            except DataError as error:
                yield error

    def call(self, function: Callable[..., Answer], *args: object) -> Answer:
        return function(*args)


HERE = ThisProcess()


def profile_files(
    files: Sequence[DataFile],
    grid: ProfileGrid,
    cache: Cache,
    engine: Engine = HERE,
    counted: Mapping[str, TableProfile] = MappingProxyType({}),
) -> tuple[list[NamedProfile], list[Problem]]:
    """One profile a batch (a file, or the files that are parts of one) in the order given, from the cache
    where a file has not changed, and what could not be read. ``counted``: those just made, by uri."""
    result: dict[str, TableProfile] = {}
    problems: list[Problem] = []
    work: list[tuple[DataFile, list[Piece]]] = []
    for file in files:
        cached = _cached(file, grid, cache)
        if cached is None and (cached := counted.get(file.uri)) is not None:
            _cache_profile(file, cached, cache)
        if cached is not None:
            result[file.uri] = cached
            continue
        try:
            work.append((file, pieces_of(file)))
        except DataError as error:
            problems.append(error.problem)
    _run(work, grid, cache, engine, result, problems)
    return _batches(files, result), problems


def _batches(files: Sequence[DataFile], result: Mapping[str, TableProfile]) -> list[NamedProfile]:
    parts: dict[str, list[DataFile]] = {}
    for file in files:
        if file.uri in result:
            parts.setdefault(file.batch, []).append(file)
    named: list[NamedProfile] = []
    for name, own in parts.items():
        whole = reduce(merge, (result[file.uri] for file in own))
        whens = [file.when for file in own if file.when is not None]
        named.append(NamedProfile(name, whole, own[0].day, max(whens, default=None)))
    return named


def _run(
    work: list[tuple[DataFile, list[Piece]]],
    grid: ProfileGrid,
    cache: Cache,
    engine: Engine,
    made: dict[str, TableProfile],
    problems: list[Problem],
) -> None:
    answers = iter(engine.profiles([piece for _, pieces in work for piece in pieces], grid))
    for file, pieces in work:
        results = [next(answers) for _ in pieces]
        errors = [result for result in results if isinstance(result, DataError)]
        if errors:
            problems.append(errors[0].problem)
            continue
        total = reduce(merge, (r for r in results if not isinstance(r, DataError)), empty_profile(grid))
        made[file.uri] = total
        _cache_profile(file, total, cache)


class KeptProfile(msgspec.Struct, frozen=True, eq=False):
    """A file's profile with the file's state then. ``digest``: of a text file that may grow, of its edges;
    empty where no line ends at its end."""

    stamp: str
    size: int
    inode: int
    digest: str
    profile: TableProfile


def _growing(file: DataFile) -> bool:
    return not file.remote and file.uri.lower().endswith(_GROWING)


def _key(file: DataFile, grid: ProfileGrid) -> PieceKey:
    growing = _growing(file)
    return PieceKey(grid.id, file.uri, "upto" if growing else "file", "" if growing else file.stamp)


def _cached(file: DataFile, grid: ProfileGrid, cache: Cache) -> TableProfile | None:
    """The profile that was kept of the file as it is; of a text file that only grew since, just the new lines
    are read."""
    packed = None if file.stateless else cache.get(_key(file, grid))
    if packed is None:
        return None
    try:
        before = unpack(KeptProfile, packed)
        known = on_grid(before.profile, grid)
        if before.stamp == file.stamp:
            return known
        grew = _growing(file) and before.inode == file.inode and file.size > before.size and before.digest
        if not grew or _edges_digest(file, before.size) != before.digest:
            return None
        total = merge(known, profile(Piece(file, f"from:{before.size}"), grid))
    except (ValueError, OSError, DataError):
        return None
    _cache_profile(file, total, cache)
    return total


def _cache_profile(file: DataFile, total: TableProfile, cache: Cache) -> None:
    """Keeps the profile, unless the file changed while it was read."""
    if file.stateless:
        return
    if not file.remote:
        try:
            info = os.stat(file.uri)
        except OSError:
            return
        if (info.st_size, info.st_mtime_ns, info.st_ino) != (file.size, file.mtime_ns, file.inode):
            return
    digest = _edges_digest(file, file.size) if _growing(file) else ""
    kept = KeptProfile(
        file.stamp, size=file.size, inode=file.inode, digest=digest, profile=without_grid(total)
    )
    keep(cache, _key(file, total.grid), kept)


def _edges_digest(file: DataFile, end: int) -> str:
    """Digest of the first 4 KiB and of the last 4 KiB before ``end``; empty when no line ends there."""
    with open_bytes(file) as handle:
        first = handle.read(min(_EDGE, end))
        handle.seek(max(end - _EDGE, 0))
        last = handle.read(min(_EDGE, end))
    return hashlib.sha256(first + b"\0" + last).hexdigest() if last.endswith(b"\n") else ""
