"""Here: one look at everything, on whatever machine it is: what the commands' answers are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runwatch.hosts.naming import placed
from runwatch.monitor import once
from runwatch.monitor.once import Loaded, Wanted

if TYPE_CHECKING:
    from runwatch.hosts.glance import FleetLook

PATIENCE_S = 20.0


def load(
    roots: Sequence[str],
    config_path: str | None = None,
    wanted: Wanted | None = None,
    now: float | None = None,
    all_hosts: bool = False,
    patience: float = PATIENCE_S,
) -> Loaded:
    """Read everything below ``roots`` once and judge it, each root on its own machine. A machine that does
    not answer in time is a problem of the snapshot. Raises RootError, ConfigError."""
    here, others = placed(roots, config_path, all_hosts)
    if not others:
        return once.load(here, config_path, wanted, now)
    from runwatch.hosts.glance import FleetLook

    return FleetLook(here, others, config_path, wanted or Wanted(), now, patience)


def load_all(
    roots: Sequence[str],
    config_path: str | None = None,
    all_hosts: bool = False,
    patience: float = PATIENCE_S,
) -> FleetLook:
    """``load`` where some root is known to be on another machine: what happened there comes too."""
    from runwatch.hosts.glance import FleetLook

    here, others = placed(roots, config_path, all_hosts)
    return FleetLook(here, others, config_path, Wanted(), None, patience)
