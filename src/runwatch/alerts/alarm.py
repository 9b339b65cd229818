"""Alerts as one thing to call: what is due, out to the senders and to the bell."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping

from runwatch.alerts.bell import Bell
from runwatch.alerts.dispatch import audible, dump, load, step, taken
from runwatch.alerts.outbox import Outbox, senders
from runwatch.config.settings import Alerts
from runwatch.domain.borders import JsonDict
from runwatch.domain.finding import Finding
from runwatch.domain.task import TaskList


class Alarm:
    """The alerts of one configuration. ``file``: where it came from; ``remembered``: what ``memory`` gave
    before the restart; ``failed`` gets words about what could not be sent, on a thread of its own;
    ``host``, ``origin``: the machine that looks, and the identity of the root."""

    def __init__(
        self,
        alerts: Alerts,
        file: str | None,
        failed: Callable[[str], None],
        remembered: Mapping[str, object] | None = None,
        environment: Mapping[str, str] = os.environ,
        host: str = "",
        origin: str = "",
    ) -> None:
        to, self.wrong = senders(alerts, environment)
        self._on = alerts.on
        self._host, self._origin = host, origin
        self._outbox = Outbox(to, failed)
        self._bell = Bell(alerts.bell, environment)
        self._memory = load(remembered or {})

    def update(
        self,
        findings: Iterable[Finding],
        lists: Iterable[TaskList],
        still_open: Iterable[str],
        silences: Mapping[str, float],
        now: float,
        unopened: Collection[str] = (),
    ) -> str:
        """Send what is due, and return the characters for the terminal ("" for none). ``still_open``:
        fingerprints whose task is open or snoozed; ``silences``: what is silenced, until when; ``unopened``:
        see ``audible``."""
        all_findings, files = list(findings), list(lists)
        held = {finding.fingerprint for finding in all_findings} | set(still_open)
        heard = audible(all_findings, files, self._on, unopened)
        self._memory, due = step(self._memory, heard, held, silences, now, taken(files))
        sent = [notification.from_place(self._host, self._origin) for notification in due]
        for notification in sent:
            self._outbox.send(notification)
        return self._bell.ring(sent, now)

    def recall(self, remembered: Mapping[str, object]) -> None:
        """Go on from what another process has sent meanwhile."""
        self._memory = load(remembered)

    @property
    def memory(self) -> JsonDict:
        """What must outlive a restart, as JSON values."""
        return dump(self._memory)

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, for at most ``timeout`` seconds."""
        self._outbox.close(timeout)
