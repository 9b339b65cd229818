"""Where runwatch keeps its own files: the folders that a platform gives a program (XDG on Linux)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "runwatch"


def config_dir() -> Path | None:
    """``$XDG_CONFIG_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return _place("XDG_CONFIG_HOME", ".config", "Library/Application Support")


def state_dir() -> Path | None:
    """``$XDG_STATE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return _place("XDG_STATE_HOME", ".local/state", "Library/Application Support")


def cache_dir() -> Path | None:
    """``$XDG_CACHE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return _place("XDG_CACHE_HOME", ".cache", "Library/Caches")


def lock_dir() -> Path | None:
    """The directory of lock files: in the state directory, else in ``$XDG_RUNTIME_DIR``, else None."""
    base = state_dir() or _place("XDG_RUNTIME_DIR", None, None)
    return base / "locks" if base else None


def root_dir(identity: str) -> Path | None:
    """The root's own directory in the state directory (its to-do file is there when it has no other)."""
    from runwatch.system.identity import digest

    base = state_dir()
    return base / "roots" / digest(identity.encode("utf-8", "surrogateescape")) if base else None


def _place(variable: str, unix: str | None, mac: str | None) -> Path | None:
    """``$VARIABLE/runwatch``, else the folder below the home (``unix`` or ``mac``), else None."""
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return Path(given) / _NAME
    below = mac if sys.platform == "darwin" else unix
    home = os.path.expanduser("~")
    if below is None or not os.path.isabs(home):
        return None
    return Path(home) / below / _NAME
