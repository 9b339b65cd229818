"""Alerts of the board: one alarm for each root, remembered over restarts; only the writer sends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from runwatch.alerts.alarm import Alarm
from runwatch.config import Settings
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem
from runwatch.domain.task import TaskList
from runwatch.monitor.root_state import TaskState
from runwatch.system.identity import host_name

TOLD_FOR_S = 900.0


class Alerting:
    """``look`` after each judgement; ``problems`` tell what is wrong with the configuration of alerts, or
    could not be sent. Roots have an alarm each: they may hold runs of one name."""

    def __init__(self, settings: Mapping[str, Settings], desk: TaskState) -> None:
        self._desk = desk
        self._files = {root: one.alerts_file or "" for root, one in settings.items()}
        self._alarms: dict[str, Alarm] = {}
        self._kept: dict[str, str] = {}
        self._failed: dict[str, tuple[str, float]] = {}
        self._now = 0.0
        for root, one in settings.items():
            kept = desk.state.noted(self._key(root)) or "{}"
            with contextlib.suppress(ValueError):
                self._kept[root] = kept
                self._alarms[root] = Alarm(
                    one.alerts,
                    one.alerts_file,
                    self._teller(self._files[root]),
                    json.loads(kept),
                    host=host_name(),
                    origin=desk.identity(root),
                )

    def _teller(self, file: str) -> Callable[[str], None]:
        def tell(words: str) -> None:
            self._failed[file] = (words, self._now)

        return tell

    def _key(self, root: str) -> str:
        return f"alerts:{self._files[root]}:{self._desk.identity(root)}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        wrong = {
            (self._files[root], words): None for root, alarm in self._alarms.items() for words in alarm.wrong
        }
        failed = [
            (file, words) for file, (words, at) in list(self._failed.items()) if self._now - at < TOLD_FOR_S
        ]
        return tuple(
            Problem(file or "alerts", None, words, "see docs/alerts.md") for file, words in (*wrong, *failed)
        )

    def look(self, findings: Sequence[Finding], tasks: Mapping[str, TaskList], now: float) -> str:
        """Send what is due; the characters that ring the terminal's bell, "" for none."""
        ring, self._now = "", now
        for root, alarm in self._alarms.items():
            if not self._desk.writes_for(root):
                continue
            rings = alarm.look(
                self._of(findings, root),
                [tasks[root]] if root in tasks else [],
                self._desk.open_of(root),
                self._desk.silences(root, now),
                now,
            )
            ring = ring or rings
            self._keep(root, alarm)
        return ring

    def _of(self, findings: Iterable[Finding], root: str) -> list[Finding]:
        """Findings of a root; the machine's belong to the first of all."""
        homeless = root == next(iter(self._files))
        return [f for f in findings if f.root == root or (homeless and f.root not in self._files)]

    def _keep(self, root: str, alarm: Alarm) -> None:
        memory = json.dumps(alarm.memory, sort_keys=True)
        if memory != self._kept[root]:
            with contextlib.suppress(OSError):  # at worst an alert is repeated after a restart
                self._desk.state.note(self._key(root), memory)
                self._kept[root] = memory

    def close(self) -> None:
        for alarm in self._alarms.values():
            alarm.close(patience=2.0)
