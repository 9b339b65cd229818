"""What a command needs besides the runs: the roots that are meant, their settings, state and to-do lists,
opened in one way and closed together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Self

from runwatch import config
from runwatch.config.settings import Settings
from runwatch.domain.remark import Remark
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.monitor.once import Loaded, resolve_roots
from runwatch.monitor.root_state import RootState, TaskState, place_of, take_over_earlier
from runwatch.store.kept_facts import of_root
from runwatch.store.snapshot_facts import SnapshotFacts, facts
from runwatch.store.state import BEAT_S, State, open_state
from runwatch.system.identity import root_identity


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

    def __exit__(self, *_: object) -> None:
        self.tasks.close()


def remarks_of(loaded: Loaded) -> list[tuple[str, Remark]]:
    """People's notes on these roots: (root, note), oldest first."""
    names = _names(loaded)
    with open_state() as state:
        return [(names[key], remark) for key, remark in state.remarks(names)]


def history_of(loaded: Loaded) -> list[tuple[str, TaskEvent]]:
    """What happened to tasks and findings of these roots: (root, event), oldest first."""
    names = _names(loaded)
    with open_state() as state:
        return [(names[entry.root], entry.event) for entry in state.history(names)]


def identities(roots: Sequence[str], settings: Mapping[str, Settings]) -> list[str]:
    """What names these roots in the state; the settings of other machines' roots are not known here."""
    return [root_identity(root, settings[root].id if root in settings else None) for root in roots]


def _names(loaded: Loaded) -> dict[str, str]:
    roots = loaded.snapshot.situation.roots
    return dict(zip(identities(roots, loaded.settings), roots, strict=True))


def root_state(state: State, name: str | None, config_file: str | None) -> tuple[str, Settings, RootState]:
    """The root ``name`` (None: the first of those configured, else here), its settings, and where its tasks
    are kept. Raises RootError, ConfigError."""
    root = resolve_roots([name] if name else [], config_file)[0]
    settings = config.load((root,), config_file)[root]
    take_over_earlier(state, root, settings)
    return root, settings, place_of(root, settings)


def saved_facts(state: State, keys: Sequence[str], roots: Sequence[str]) -> SnapshotFacts | None:
    """What was saved last of these roots together, or of one root alone or among others."""
    saved = state.kept(" ".join(keys))
    return saved or (of_root(state.kept_rows(), roots[0]) if len(roots) == 1 else None)


def is_watched(state: State, keys: Sequence[str], now: float) -> bool:
    """Whether running processes write for all of these roots, so that what was saved is what they see."""
    return all(state.has_writer(key, now) for key in keys)


def save_facts(state: State, keys: Sequence[str], snapshot: Snapshot, now: float) -> SnapshotFacts:
    """The facts of a snapshot, saved for the next command that cannot wait for one."""
    result = facts(snapshot, date.fromtimestamp(now))
    with contextlib.suppress(OSError):
        if keys:
            state.keep(" ".join(keys), result, now, BEAT_S)
    return SnapshotFacts(now, BEAT_S, result)
