"""One look at everything, with no watching: what the command line's answers are computed from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from runwatch import config
from runwatch.config.settings import Settings
from runwatch.domain.address import split
from runwatch.monitor.wanted import RootError, Wanted
from runwatch.system.timeouts import WithTimeout

_ANSWERS_WITHIN_S = 10.0

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


def resolve_roots(roots: Sequence[str], config_file: str | None) -> tuple[str, ...]:
    """Absolute roots: those given, else those of the configuration, else the current directory."""
    named = tuple(roots) or config.configured_roots(config_file) or (os.getcwd(),)
    asking: WithTimeout[tuple[str, bool, bool]] = WithTimeout(_ANSWERS_WITHIN_S)
    resolved = []
    for root in named:
        answer = asking.ask(root, lambda root=root: _placed(root))  # type: ignore[misc]
        if answer is None:
            raise RootError(f"{root}: does not answer; check the disk or network share that it is on")
        path, exists, is_folder = answer
        if not exists:
            if split(root) is not None:
                raise RootError(f"{root}: this reads folders on this machine only; run it there")
            raise RootError(f"{root}: no such directory; check the path")
        if not is_folder:
            raise RootError(f"{root}: not a directory; give the folder that holds the runs")
        resolved.append(path)
    return tuple(dict.fromkeys(resolved))


def _placed(root: str) -> tuple[str, bool, bool]:
    """(the real path, whether it is there, whether it is a folder)."""
    path = os.path.realpath(os.path.expanduser(root))
    return path, os.path.exists(path), os.path.isdir(path)


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
    return board.judge_once(now)
