"""One look at everything, with no watching: what the command line's answers are computed from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from runwatch import config
from runwatch.config import Settings
from runwatch.domain.errors import UserError

if TYPE_CHECKING:
    from runwatch.domain.points import Points
    from runwatch.domain.run import RunKey
    from runwatch.domain.situation import Snapshot


class Loaded(Protocol):
    """What a look gives: the snapshot, the settings by root, and the series behind the metrics."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def settings(self) -> Mapping[str, Settings]: ...

    def series(self, key: RunKey, tag: str) -> Points: ...


class RootError(UserError):
    """A root that can't be looked at; the text is the whole message, for people."""


class Wanted(msgspec.Struct, frozen=True):
    """Which parts a command needs beside the runs: judging costs time that ``ls`` need not spend."""

    data: bool = True
    judging: bool = True
    machine: bool = True


def resolve_roots(roots: Sequence[str], config_file: str | None) -> tuple[str, ...]:
    """Absolute roots: those given, else those of the configuration, else the current directory."""
    named = tuple(roots) or config.configured_roots(config_file) or (os.getcwd(),)
    found = []
    for root in named:
        path = os.path.realpath(os.path.expanduser(root))
        if not os.path.exists(path):
            raise RootError(f"{root}: no such directory; check the path")
        if not os.path.isdir(path):
            raise RootError(f"{root}: not a directory; give the folder that holds the runs")
        found.append(path)
    return tuple(dict.fromkeys(found))


def load(
    roots: Sequence[str],
    config_path: str | None = None,
    wanted: Wanted | None = None,
    now: float | None = None,
) -> Loaded:
    """Read everything below ``roots`` once and judge it. Raises RootError, ConfigError."""
    from runwatch.monitor.board import Board

    paths = resolve_roots(roots, config_path)
    board = Board(paths, config.load(paths, config_path), wanted or Wanted())
    return board.look_once(now)
