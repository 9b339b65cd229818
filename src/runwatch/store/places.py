"""Where runwatch keeps its own files: the XDG directories, and a root's identity."""

from __future__ import annotations

import os
from pathlib import Path

from runwatch.folders import config_dir, place

__all__ = ["cache_dir", "config_dir", "lock_dir", "root_dir", "root_identity", "state_dir"]

_IDENTITY_DIGITS = 16


def state_dir() -> Path | None:
    """``$XDG_STATE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return place("XDG_STATE_HOME", ".local/state", "Library/Application Support")


def cache_dir() -> Path | None:
    """``$XDG_CACHE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return place("XDG_CACHE_HOME", ".cache", "Library/Caches")


def lock_dir() -> Path | None:
    """The directory of lock files: in the state directory, else in ``$XDG_RUNTIME_DIR``, else None."""
    base = state_dir() or place("XDG_RUNTIME_DIR", None, None)
    return base / "locks" if base else None


def root_identity(root: str, own_id: str | None = None) -> str:
    """What names a root in the state: a digest of its real path, or the ``id`` of its configuration."""
    if own_id:
        return f"id:{own_id}"
    return _digest(os.fsencode(os.path.realpath(root)))


def root_dir(identity: str) -> Path | None:
    """The root's own directory in the state directory (its to-do file lives there when it has no other)."""
    base = state_dir()
    return base / "roots" / _digest(identity.encode("utf-8", "surrogateescape")) if base else None


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()[:_IDENTITY_DIGITS]
