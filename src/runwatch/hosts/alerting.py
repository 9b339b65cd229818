"""Here: alerts about other machines, by the user's own configuration. One process of a user sends them; a
machine whose own configuration has them sent keeps them to itself."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Mapping

from runwatch.alerts.alarm import Alarm
from runwatch.config.settings import Alerts
from runwatch.domain.address import host_of
from runwatch.domain.clock import elapsed
from runwatch.domain.run import Problem
from runwatch.domain.situation import Snapshot
from runwatch.monitor.root_state import BEAT_S, LEASE_S
from runwatch.store.state import Holder, State
from runwatch.system.identity import host_name, root_identity

_MOST_TOLD = 5


class HostAlerts:
    """``update`` after each judgement of a machine; ``problems``: what is wrong with the configuration, or
    could not be sent."""

    def __init__(self, alerts: Alerts, file: str | None, state: State) -> None:
        self._alerts, self._file, self._state = alerts, file, state
        self._alarms: dict[str, Alarm] = {}
        self._kept: dict[str, str] = {}
        self._failed: list[str] = []
        self._token = uuid.uuid4().hex
        self._since = 0.0
        self._taken: dict[str, float] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        wrong = dict.fromkeys(words for alarm in self._alarms.values() for words in alarm.wrong)
        shown = (*wrong, *self._failed[-_MOST_TOLD:])
        return tuple(Problem(self._file or "alerts", None, words, "see docs/alerts.md") for words in shown)

    def update(self, snapshot: Snapshot, silences: Mapping[str, Mapping[str, float]], now: float) -> None:
        """Send what is due about one machine. ``silences``: by root."""
        for root in snapshot.situation.roots:
            if not self._takes(root, now):
                continue
            alarm = self._alarms.get(root) or self._new_alarm(root)
            tasks = snapshot.tasks.get(root)
            still = [t.fingerprint for t in tasks.tasks if t.state in ("open", "snoozed")] if tasks else []
            alarm.update(
                [finding for finding in snapshot.findings if finding.root == root],
                [tasks] if tasks else [],
                [print_ for print_ in still if print_],
                silences.get(root, {}),
                now,
            )
            self._save_alarm(root, alarm)

    def close(self) -> None:
        """Send what waits, and let another process send."""
        for root, alarm in self._alarms.items():
            alarm.close(timeout=2.0)
            with contextlib.suppress(OSError):
                self._state.give_lease(self._key(root), self._token)

    def _new_alarm(self, root: str) -> Alarm:
        self._kept[root] = self._state.noted(self._key(root)) or "{}"
        remembered = {}
        with contextlib.suppress(ValueError):
            remembered = json.loads(self._kept[root])
        self._alarms[root] = Alarm(
            self._alerts,
            self._file,
            self._failed.append,
            remembered,
            host=host_of(root) or "",
            origin=root_identity(root),
        )
        return self._alarms[root]

    def _key(self, root: str) -> str:
        return f"alerts:{self._file}:{root_identity(root)}"

    def _takes(self, root: str, now: float) -> bool:
        """Whether this process sends for a root."""
        if elapsed(self._taken.get(root, float("-inf")), now) < BEAT_S:
            return True
        self._since = self._since or now
        me = Holder(self._token, os.getpid(), host_name(), self._since, now)
        try:
            mine = self._state.take_lease(self._key(root), me, LEASE_S) is None
        except OSError:
            mine = True
        if mine:
            self._taken[root] = now
        else:
            self._taken.pop(root, None)
        return mine

    def _save_alarm(self, root: str, alarm: Alarm) -> None:
        memory = json.dumps(alarm.memory, sort_keys=True)
        if memory != self._kept[root]:
            with contextlib.suppress(OSError):  # at worst an alert is repeated after a restart
                self._state.note(self._key(root), memory)
                self._kept[root] = memory


def host_alerts(alerts: Alerts, file: str | None, state: State) -> HostAlerts | None:
    """None where the user has nothing sent."""
    return HostAlerts(alerts, file, state) if alerts.urls or alerts.webhook else None
