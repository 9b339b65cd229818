"""What was worked out from files, kept while they do not change."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from runwatch.data.data_file import DataFile
from runwatch.domain.codec import from_bytes, to_bytes
from runwatch.domain.profile import ProfileGrid, TableProfile

T = TypeVar("T")


class PieceKey(NamedTuple):
    """Names one kept value. ``stamp``: the file's state; empty where the value carries its own."""

    grid_id: str
    uri: str
    part: str
    stamp: str


class Cache(Protocol):
    """Where values are kept between runs: bytes by key; ``get`` answers None for what is not there."""

    def get(self, key: PieceKey) -> bytes | None: ...

    def put(self, key: PieceKey, value: bytes) -> None: ...


class NoCache:
    """Keeps nothing."""

    def get(self, key: PieceKey) -> bytes | None:
        return None

    def put(self, key: PieceKey, value: bytes) -> None:
        return None


NO_CACHE = NoCache()


def files_key(kind: str, grid: ProfileGrid, files: Iterable[DataFile], settings: str = "") -> PieceKey:
    """The key of something made from whole files: their states and what was ``settings`` beside them."""
    digest = hashlib.sha256(settings.encode("utf-8", "surrogateescape"))
    for file in files:
        digest.update(f"\n{file.uri}\t{file.stamp}".encode("utf-8", "surrogateescape"))
    return PieceKey(grid.id, digest.hexdigest(), kind, "")


def cached(cache: Cache, key: PieceKey, kind: type[T], make: Callable[[], T]) -> T:
    """What ``make`` answered for this key before, else now: a ``kind``."""
    packed = cache.get(key)
    if packed is not None:
        with suppress(ValueError):
            return unpack(kind, packed)
    result = make()
    keep(cache, key, result)
    return result


def keep(cache: Cache, key: PieceKey, value: object) -> None:
    """Keeps a value, unless its names are no text (bytes of a path that are no UTF-8)."""
    if not isinstance(cache, NoCache):
        with suppress(UnicodeEncodeError):
            cache.put(key, pack(value))


def pack(value: object) -> bytes:
    """A record as compact bytes."""
    return zlib.compress(to_bytes(value), 1)


def unpack(kind: type[T], packed: bytes) -> T:
    """The ``kind`` that ``pack`` packed. ValueError for other bytes."""
    try:
        return from_bytes(kind, zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError(f"not packed: {error}") from error


def without_grid(profile: TableProfile) -> TableProfile:
    """A profile to be kept without its grid, which is kept once."""
    return replace(profile, grid=ProfileGrid((), profile.grid.id))


def on_grid(profile: TableProfile, grid: ProfileGrid) -> TableProfile:
    """A kept profile with its grid. ValueError for another grid."""
    if profile.grid.id != grid.id:
        raise ValueError("a profile of another grid")
    return replace(profile, grid=grid)
