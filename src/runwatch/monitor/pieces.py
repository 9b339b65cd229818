"""Profiles of pieces of data, kept in the cache file."""

from __future__ import annotations

from runwatch.data.cache import PieceKey
from runwatch.store.cache import CacheFile


class Pieces:
    """Bytes by piece."""

    def __init__(self, cache: CacheFile) -> None:
        self._cache = cache

    def get(self, key: PieceKey) -> bytes | None:
        return self._cache.get("\0".join(key))

    def put(self, key: PieceKey, value: bytes) -> None:
        self._cache.put("\0".join(key), value)
