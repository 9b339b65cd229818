"""The monitor of several machines, as dashboard and ``watch`` want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from runwatch.cli._dashboard_monitor import briefs_of
from runwatch.config.settings import Settings
from runwatch.hosts.alerting import host_alerts
from runwatch.hosts.fleet import Fleet
from runwatch.hosts.remote import Remote, opening
from runwatch.hosts.targets import Target
from runwatch.monitor.live import Monitor
from runwatch.store.state import user_state

if TYPE_CHECKING:
    from runwatch.show.brief import Brief


class DashboardFleet(Fleet):
    """Several machines, and what happened on them since the person last looked."""

    def briefs(self, given_up: Callable[[], bool]) -> list[tuple[str, Brief]]:
        return briefs_of(self, given_up)


def fleet(
    roots: tuple[str, ...],
    settings: Mapping[str, Settings],
    others: Sequence[Target],
    own: Settings,
    rings: bool = True,
) -> DashboardFleet:
    """The monitor of this machine's ``roots``, if there are any, and of other machines; ``own``: the user's
    settings, by which alerts about these are sent."""
    state = user_state()
    return DashboardFleet(
        Monitor(roots, settings) if roots else None,
        lambda changed: [Remote(one, opening(one, keep=True), changed) for one in others],
        state,
        "" if own.alerts.bell == "off" or not rings else "\a",
        host_alerts(own.alerts, own.alerts_file, state),
    )
