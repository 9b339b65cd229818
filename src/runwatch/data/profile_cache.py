"""Profiles of files, kept: only what has changed since is read again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.pack import pack_profile, unpack_profile
from runwatch.data.profile import Piece, list_pieces, profile
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile, empty_profile, merge
from runwatch.domain.run import Problem

_EDGE = 4096
_GROWING = (".csv", ".tsv", ".jsonl", ".ndjson")


class PieceKey(NamedTuple):
    """Names one kept profile. ``stamp``: the file's state; empty where the value carries its own."""

    grid_id: str
    uri: str
    part: str
    stamp: str


class Cache(Protocol):
    """Where profiles are kept between runs: bytes by key; ``get`` answers None for what is not there."""

    def get(self, key: PieceKey) -> bytes | None: ...

    def put(self, key: PieceKey, value: bytes) -> None: ...


class NoCache:
    """Keeps nothing."""

    def get(self, key: PieceKey) -> bytes | None:
        return None

    def put(self, key: PieceKey, value: bytes) -> None:
        return None


def files_key(kind: str, grid: ProfileGrid, files: Iterable[DataFile], settings: str = "") -> PieceKey:
    """The key of something made from whole files: their states and what was ``settings`` beside them."""
    digest = hashlib.sha256(settings.encode("utf-8", "surrogateescape"))
    for file in files:
        digest.update(f"\n{file.uri}\t{file.stamp}".encode("utf-8", "surrogateescape"))
    return PieceKey(grid.id, digest.hexdigest(), kind, "")


def kept_json(cache: Cache, key: PieceKey, make: Callable[[], Any]) -> Any:
    """What ``make`` answered for this key before, else now: anything that JSON can hold."""
    packed = cache.get(key)
    if packed is not None:
        try:
            return json.loads(packed)
        except ValueError:
            pass
    result = make()
    cache.put(key, json.dumps(result).encode())
    return result


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
        cached = _cached(file, grid, cache) or _grown(file, grid, cache)
        if cached is None and (cached := counted.get(file.uri)) is not None:
            _cache_profile(file, cached, cache)
        if cached is not None:
            result[file.uri] = cached
            continue
        try:
            work.append((file, list_pieces(file)))
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


def _growing(file: DataFile) -> bool:
    return not file.remote and file.uri.lower().endswith(_GROWING)


def _key(file: DataFile, grid: ProfileGrid) -> PieceKey:
    growing = _growing(file)
    return PieceKey(grid.id, file.uri, "upto" if growing else "file", "" if growing else file.stamp)


def _cached(file: DataFile, grid: ProfileGrid, cache: Cache) -> TableProfile | None:
    packed = None if file.stateless else cache.get(_key(file, grid))
    if packed is None:
        return None
    try:
        if not _growing(file):
            return unpack_profile(packed, grid)
        head, body = _head(packed)
        return unpack_profile(body, grid) if head["stamp"] == file.stamp else None
    except (ValueError, KeyError):
        return None


def _head(packed: bytes) -> tuple[dict[str, str], bytes]:
    text, _, body = packed.partition(b"\n")
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError("not the head of a kept profile")
    return head, body


def _cache_profile(file: DataFile, total: TableProfile, cache: Cache) -> None:
    """Keeps the profile, unless the file changed while it was read."""
    if isinstance(cache, NoCache) or file.stateless:
        return
    if not file.remote:
        try:
            info = os.stat(file.uri)
        except OSError:
            return
        if (info.st_size, info.st_mtime_ns, info.st_ino) != (file.size, file.mtime_ns, file.inode):
            return
    packed = pack_profile(total)
    if _growing(file):
        digest = _edges_digest(file, file.size)
        head = {"stamp": file.stamp, "end": str(file.size), "inode": str(file.inode), "digest": digest}
        packed = json.dumps(head).encode() + b"\n" + packed
    cache.put(_key(file, grid=total.grid), packed)


def _edges_digest(file: DataFile, end: int) -> str:
    """Digest of the first 4 KiB and of the last 4 KiB before ``end``; empty when no line ends there."""
    with open_bytes(file) as handle:
        first = handle.read(min(_EDGE, end))
        handle.seek(max(end - _EDGE, 0))
        last = handle.read(min(_EDGE, end))
    return hashlib.sha256(first + b"\0" + last).hexdigest() if last.endswith(b"\n") else ""


def _grown(file: DataFile, grid: ProfileGrid, cache: Cache) -> TableProfile | None:
    """The profile of a text file that only grew since it was kept: just the new lines are read."""
    packed = cache.get(_key(file, grid)) if _growing(file) else None
    if packed is None:
        return None
    try:
        head, body = _head(packed)
        end = int(head["end"])
        same = head["inode"] == str(file.inode) and file.size > end and head["digest"]
        if not same or _edges_digest(file, end) != head["digest"]:
            return None
        before = unpack_profile(body, grid)
        total = merge(before, profile(Piece(file, f"from:{end}"), grid))
    except (ValueError, KeyError, OSError, DataError):
        return None
    _cache_profile(file, total, cache)
    return total
