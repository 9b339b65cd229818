"""Alerts of the board: one alarm for each configuration, remembered over restarts; only the writer sends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from runwatch.alerts.alarm import Alarm
from runwatch.config import Settings
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem
from runwatch.domain.task import TaskList
from runwatch.monitor.desk import Desk

TOLD_FOR_S = 900.0


class Alerting:
    """``look`` after each judgement; ``problems`` tell what is wrong with the configuration of alerts, or
    could not be sent."""

    def __init__(self, settings: Mapping[str, Settings], desk: Desk) -> None:
        self._desk = desk
        self._roots: dict[str, list[str]] = {}
        self._alarms: dict[str, Alarm] = {}
        self._kept: dict[str, str] = {}
        self._failed: dict[str, tuple[str, float]] = {}
        self._now = 0.0
        for root, one in settings.items():
            self._roots.setdefault(one.alerts_file or "", []).append(root)
        for file, roots in self._roots.items():
            kept = desk.state.noted(self._key(file)) or "{}"
            with contextlib.suppress(ValueError):
                self._kept[file] = kept
                self._alarms[file] = Alarm(
                    settings[roots[0]].alerts, file or None, self._teller(file), json.loads(kept)
                )

    def _teller(self, file: str) -> Callable[[str], None]:
        def tell(words: str) -> None:
            self._failed[file] = (words, self._now)

        return tell

    @staticmethod
    def _key(file: str) -> str:
        return f"alerts:{file}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        wrong = [
            Problem(file or "alerts", None, words, "see docs/alerts.md")
            for file, alarm in self._alarms.items()
            for words in alarm.wrong
        ]
        sent = [
            Problem(file or "alerts", None, words, "see docs/alerts.md")
            for file, (words, at) in self._failed.items()
            if self._now - at < TOLD_FOR_S
        ]
        return (*wrong, *sent)

    def look(self, findings: Sequence[Finding], tasks: Mapping[str, TaskList], now: float) -> str:
        """Send what is due; the characters that ring the terminal's bell, "" for none."""
        ring, self._now = "", now
        for file, alarm in self._alarms.items():
            roots = [root for root in self._roots[file] if self._desk.writes_for(root)]
            if not roots:
                continue
            ring += alarm.look(
                self._of(findings, roots),
                [tasks[root] for root in roots if root in tasks],
                self._desk.open_fingerprints,
                self._silences(roots, now),
                now,
            )
            self._keep(file, alarm)
        return ring

    def _of(self, findings: Iterable[Finding], roots: Sequence[str]) -> list[Finding]:
        """Findings of these roots; the machine's belong to the first root of all."""
        known = [root for found in self._roots.values() for root in found]
        homeless = known[0] in roots
        return [f for f in findings if f.root in roots or (homeless and f.root not in known)]

    def _silences(self, roots: Sequence[str], now: float) -> dict[str, float]:
        return {match: until for root in roots for match, until in self._desk.silences(root, now).items()}

    def _keep(self, file: str, alarm: Alarm) -> None:
        memory = json.dumps(alarm.memory, sort_keys=True)
        if memory != self._kept[file]:
            with contextlib.suppress(OSError):  # at worst an alert is repeated after a restart
                self._desk.state.note(self._key(file), memory)
                self._kept[file] = memory

    def close(self) -> None:
        for alarm in self._alarms.values():
            alarm.close(patience=2.0)
