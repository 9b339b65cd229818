"""Where runwatch keeps its own files: the XDG directories, and a folder a root."""

from __future__ import annotations

from pathlib import Path

from runwatch.system.folders import place, state_dir
from runwatch.system.identity import digest


def cache_dir() -> Path | None:
    """``$XDG_CACHE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return place("XDG_CACHE_HOME", ".cache", "Library/Caches")


def lock_dir() -> Path | None:
    """The directory of lock files: in the state directory, else in ``$XDG_RUNTIME_DIR``, else None."""
    base = state_dir() or place("XDG_RUNTIME_DIR", None, None)
    return base / "locks" if base else None


def root_dir(identity: str) -> Path | None:
    """The root's own directory in the state directory (its to-do file is there when it has no other)."""
    base = state_dir()
    return base / "roots" / digest(identity.encode("utf-8", "surrogateescape")) if base else None
