"""The alarm of one root: what is due, out to the senders and to the bell, and remembered over restarts."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping

from runwatch.alerts.bell import Bell
from runwatch.alerts.dispatch import AlertMemory, audible, done_or_snoozed, dump, load, step
from runwatch.alerts.outbox import Outbox, senders
from runwatch.config.settings import Alerts
from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem
from runwatch.domain.task import TaskList
from runwatch.store.state import BEAT_S, Leases, State

TOLD_FOR_S = 900.0


class RootAlarm:
    """One process sends for a configuration and root; it need not be the one that keeps the tasks. ``file``:
    where the configuration came from; ``host``, ``origin``: the root's machine, and its identity."""

    def __init__(
        self, alerts: Alerts, file: str | None, state: State, leases: Leases, host: str, origin: str
    ) -> None:
        to, self._wrong = senders(alerts)
        self._on, self._file = alerts.on, file or "alerts"
        self._host, self._origin = host, origin
        self._outbox, self._bell = Outbox(to, self._failed), Bell(alerts.bell)
        self._state, self._leases = state, leases
        self._key = f"alerts:{file or ''}:{origin}"
        self._memory, self._kept = AlertMemory(), ""
        self._mine, self._asked_at = False, float("-inf")
        self._failure, self._failed_at, self._now = "", 0.0, 0.0

    def _failed(self, words: str) -> None:
        self._failure, self._failed_at = words, self._now

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the configuration, or could not be sent in the last quarter of an hour."""
        lately = self._failure and elapsed(self._failed_at, self._now) < TOLD_FOR_S
        messages = (*self._wrong, *((self._failure,) if lately else ()))
        return tuple(Problem(self._file, None, words, "see docs/alerts.md") for words in messages)

    def sends(self, now: float) -> bool:
        """Whether this process is the one that sends; it goes on from what another one has sent before.
        Raises ``StateError``: that cannot be read; asked again with the next beat."""
        self._now = now
        if elapsed(self._asked_at, now) >= BEAT_S:
            self._asked_at = now
            mine = self._leases.takes(self._key, now)
            if mine and not self._mine:
                self._kept = self._state.noted(self._key) or ""
                self._memory = load(self._kept)
            self._mine = mine
        return self._mine

    def update(
        self,
        findings: Collection[Finding],
        listed: TaskList | None,
        still_open: Iterable[str],
        silences: Mapping[str, float],
        unopened: Collection[str] = (),
    ) -> str:
        """Send what is due, and return the characters for the terminal ("" for none). ``still_open``:
        fingerprints whose task is open or snoozed; ``silences``: what is silenced, until when; ``unopened``:
        see ``audible``."""
        held = {finding.fingerprint for finding in findings} | set(still_open)
        lists = [listed] if listed else []
        heard = audible(findings, lists, self._on, unopened)
        self._memory, due = step(self._memory, heard, held, silences, self._now, done_or_snoozed(lists))
        sent = [notification.from_place(self._host, self._origin) for notification in due]
        for notification in sent:
            self._outbox.send(notification)
        self._save()
        return self._bell.ring(sent, self._now)

    def _save(self) -> None:
        memory = dump(self._memory)
        if memory != self._kept:
            with contextlib.suppress(OSError):  # at worst an alert is repeated after a restart
                self._state.note(self._key, memory)
                self._kept = memory

    def close(self) -> None:
        """Send what waits, for at most 2 s, and let another process send."""
        self._outbox.close(timeout=2.0)
        if self._mine:
            self._leases.give(self._key)
