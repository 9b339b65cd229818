"""Here: alerts about other machines, by the user's own configuration. One process of a user sends them; a
machine whose own configuration has them sent keeps them to itself."""

from __future__ import annotations

from collections.abc import Mapping

from runwatch.config.settings import Alerts
from runwatch.domain.address import host_of
from runwatch.domain.run import Problem
from runwatch.domain.situation import Snapshot
from runwatch.monitor.root_alarm import RootAlarm
from runwatch.store.state import Leases, State
from runwatch.system.identity import root_identity


class HostAlerts:
    """``update`` after each judgement of a machine."""

    def __init__(self, alerts: Alerts, file: str | None, state: State) -> None:
        self._alerts, self._file, self._state = alerts, file, state
        self._leases = Leases(state)
        self._alarms: dict[str, RootAlarm] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(dict.fromkeys(p for alarm in self._alarms.values() for p in alarm.problems))

    def update(self, snapshot: Snapshot, silences: Mapping[str, Mapping[str, float]], now: float) -> None:
        """Send what is due about one machine. ``silences``: by root."""
        for root in snapshot.situation.roots:
            alarm = self._alarm(root)
            if not alarm.sends(now):
                continue
            listed = snapshot.tasks.get(root)
            tasks = listed.tasks if listed else ()
            alarm.update(
                [finding for finding in snapshot.findings if finding.root == root],
                listed,
                [t.fingerprint for t in tasks if t.fingerprint and t.state in ("open", "snoozed")],
                silences.get(root, {}),
            )

    def close(self) -> None:
        """Send what waits, and let another process send."""
        for alarm in self._alarms.values():
            alarm.close()

    def _alarm(self, root: str) -> RootAlarm:
        if root not in self._alarms:
            self._alarms[root] = RootAlarm(
                self._alerts,
                self._file,
                self._state,
                self._leases,
                host=host_of(root) or "",
                origin=root_identity(root),
            )
        return self._alarms[root]


def host_alerts(alerts: Alerts, file: str | None, state: State) -> HostAlerts | None:
    """None where the user has nothing sent."""
    return HostAlerts(alerts, file, state) if alerts.urls or alerts.webhook else None
