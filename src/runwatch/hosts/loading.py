"""Here: one look at everything, on whatever machine it is: what the commands' answers are computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runwatch.hosts.naming import split_by_host
from runwatch.monitor import once
from runwatch.monitor.once import Loaded
from runwatch.monitor.wanted import Wanted

if TYPE_CHECKING:
    from runwatch.domain.task import TaskEvent

ANSWER_TIMEOUT_S = 20.0


def load(
    roots: Sequence[str],
    config_path: str | None = None,
    wanted: Wanted | None = None,
    now: float | None = None,
    all_hosts: bool = False,
) -> Loaded:
    """Read everything below ``roots`` once and judge it, each root on its own machine. A machine that does
    not answer in time is a problem of the snapshot. Raises RootError, ConfigError."""
    here, others = split_by_host(roots, config_path, all_hosts)
    if not others:
        return once.load(here, config_path, wanted, now)
    from runwatch.hosts.fleet_once import FleetResult

    return FleetResult(here, others, config_path, wanted or Wanted(), now, ANSWER_TIMEOUT_S)


def remote_history(loaded: Loaded | None) -> list[tuple[str, TaskEvent]]:
    """What happened to tasks and findings of the other machines of a look: (root, event), oldest first."""
    history: Callable[[], list[tuple[str, TaskEvent]]] | None = getattr(loaded, "history", None)
    return [] if history is None else history()
