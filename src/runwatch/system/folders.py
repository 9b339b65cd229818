"""The folders that a platform gives a program for its own files (XDG on Linux)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "runwatch"


def config_dir() -> Path | None:
    """``$XDG_CONFIG_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return place("XDG_CONFIG_HOME", ".config", "Library/Application Support")


def state_dir() -> Path | None:
    """``$XDG_STATE_HOME/runwatch`` or the platform's like; None when this user has no home directory."""
    return place("XDG_STATE_HOME", ".local/state", "Library/Application Support")


def place(variable: str, unix: str | None, mac: str | None) -> Path | None:
    """``$VARIABLE/runwatch``, else the folder below the home (``unix`` or ``mac``), else None."""
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return Path(given) / _NAME
    below = mac if sys.platform == "darwin" else unix
    home = os.path.expanduser("~")
    if below is None or not os.path.isabs(home):
        return None
    return Path(home) / below / _NAME
