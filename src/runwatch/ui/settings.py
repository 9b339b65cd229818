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
    """``theme``: a name, "" = ours for this terminal. ``keymap``: binding id -> keys ("slash,f").
    ``layout``: panes side by side, tabs, or by the terminal's size. ``themes``: the folder with a person's
    own theme files. ``roots``: the folders on this machine that are watched. ``log``: where a
    crash leaves its traceback. ``clock``: seconds since the epoch. ``asks``: files that wait for
    the person's trust. ``ascii_only``: draw with ASCII alone."""

    theme: str = ""
    keymap: Mapping[str, str] = msgspec.field(default_factory=dict)
    layout: Layout = "auto"
    mouse: bool = True
    themes: Path | None = None
    log: Path | None = None
    clock: Callable[[], float] = time.time
    roots: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    ascii_only: bool = False
