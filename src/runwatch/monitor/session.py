"""What a command needs beside the runs: the roots that are meant, their settings, state and to-do lists,
opened in one way and closed together."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from runwatch import config
from runwatch.domain.remark import Remark
from runwatch.domain.task import TaskEvent
from runwatch.monitor.once import Loaded, resolve_roots
from runwatch.monitor.root_state import TaskState
from runwatch.store import paths
from runwatch.store.state import State


class Session:
    """``names``: roots as a person writes them (none: the configured ones, else here). Raises RootError,
    ConfigError."""

    def __init__(self, names: Sequence[str], config_file: str | None) -> None:
        self.roots = resolve_roots(names, config_file)
        self.settings = config.load(self.roots, config_file)
        self.tasks = TaskState(self.roots, self.settings, writes=False)

    @property
    def state(self) -> State:
        return self.tasks.state

    def identity(self, root: str) -> str:
        """What names a root in the state."""
        return self.tasks.identity(root)

    def remarks(self, since: float = 0.0) -> list[tuple[str, Remark]]:
        """People's notes on these roots: (root, note), oldest first."""
        names = {self.identity(root): root for root in self.roots}
        return [(names[key], remark) for key, remark in self.state.remarks(names, since)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.tasks.close()


def remarks_of(look: Loaded, since: float = 0.0) -> list[tuple[str, Remark]]:
    """People's notes on a look's roots: (root, note), oldest first."""
    names = _names(look)
    state = State(paths.state_dir())
    try:
        return [(names[key], remark) for key, remark in state.remarks(names, since)]
    finally:
        state.close()


def _names(look: Loaded) -> dict[str, str]:
    """A look's roots by what names them in the state."""
    return {
        paths.root_identity(root, look.settings[root].id if root in look.settings else None): root
        for root in look.snapshot.situation.roots
    }


def history_of(look: Loaded) -> list[tuple[str, TaskEvent]]:
    """What happened to tasks and findings of a look's roots: (root, event), oldest first."""
    names = _names(look)
    state = State(paths.state_dir())
    try:
        return [(names[entry.root], entry.event) for entry in state.history(names)]
    finally:
        state.close()
