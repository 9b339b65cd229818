"""What the screen can be told: theme, keys, layout, mouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from runwatch.monitor.trusting import Ask

Layout = Literal["auto", "panes", "tabs"]


class UiSettings(msgspec.Struct, frozen=True):
    """What a person set, and where the screen runs."""

    theme: str = ""
    """A name, "" = ours for this terminal."""
    keymap: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Binding id -> keys ("slash,f")."""
    layout: Layout = "auto"
    """Panes side by side, tabs, or by the terminal's size."""
    mouse: bool = True
    themes: Path | None = None
    """The folder with a person's own theme files."""
    log: Path | None = None
    """Where a crash leaves its traceback."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    roots: tuple[str, ...] = ()
    """The folders on this machine that are watched."""
    asks: tuple[Ask, ...] = ()
    """Files that wait for the person's trust."""
    ascii_only: bool = False
    """Draw with ASCII alone."""
