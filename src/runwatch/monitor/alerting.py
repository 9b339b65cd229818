"""Alerts of the board: one alarm for each root, remembered over restarts. One process sends
for a root; it need not be the one that keeps the tasks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from runwatch.alerts.alarm import Alarm
from runwatch.config.settings import Settings
from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding
from runwatch.domain.run import Problem, Run
from runwatch.domain.task import TaskList
from runwatch.monitor.root_state import BEAT_S, TaskState
from runwatch.system.identity import host_name
from runwatch.text.run_filter import parse

TOLD_FOR_S = 900.0
GRACE_S = 60.0


class Alerting:
    """``update`` after each judgement; ``problems`` tell what is wrong with the configuration of alerts, or
    could not be sent. Roots have an alarm each: they may hold runs of one name."""

    def __init__(self, settings: Mapping[str, Settings], task_state: TaskState) -> None:
        self._task_state = task_state
        self._files = {root: one.alerts_file or "" for root, one in settings.items()}
        self._filters = {root: one.alerts.filter for root, one in settings.items()}
        self._alarms: dict[str, Alarm] = {}
        self._kept: dict[str, str] = {}
        self._failed: dict[str, tuple[str, float]] = {}
        self._sends: set[str] = set()
        self._taken_at = float("-inf")
        self._waiting: dict[str, dict[str, float]] = {}
        self._now = 0.0
        for root, one in settings.items():
            saved = task_state.state.noted(self._key(root)) or "{}"
            with contextlib.suppress(ValueError):
                self._kept[root] = saved
                self._alarms[root] = Alarm(
                    one.alerts,
                    one.alerts_file,
                    self._reporter(self._files[root]),
                    json.loads(saved),
                    host=host_name(),
                    origin=task_state.identity(root),
                )

    def _reporter(self, file: str) -> Callable[[str], None]:
        def tell(words: str) -> None:
            self._failed[file] = (words, self._now)

        return tell

    def _key(self, root: str) -> str:
        return f"alerts:{self._files[root]}:{self._task_state.identity(root)}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        wrong = {
            (self._files[root], words): None for root, alarm in self._alarms.items() for words in alarm.wrong
        }
        failed = [
            (file, words)
            for file, (words, at) in list(self._failed.items())
            if elapsed(at, self._now) < TOLD_FOR_S
        ]
        return tuple(
            Problem(file or "alerts", None, words, "see docs/alerts.md") for file, words in (*wrong, *failed)
        )

    def update(
        self,
        findings: Sequence[Finding],
        tasks: Mapping[str, TaskList],
        timing: Mapping[str, tuple[float, float]],
        now: float,
        runs: Iterable[Run] = (),
    ) -> str:
        """Send what is due; the characters that ring the terminal's bell, "" for none. ``timing``: (hold,
        keep) seconds by rule; ``runs``: those that findings may be about."""
        ring, self._now = "", now
        self._take(now)
        for root in self._sends:
            alarm = self._alarms[root]
            own = meant(self._of(findings, root), self._filters[root], runs, now)
            rings = alarm.update(
                own,
                [tasks[root]] if root in tasks else [],
                self._task_state.open_of(root),
                self._task_state.silences(root, now),
                now,
                self._unopened(root, own, tasks.get(root), timing, now),
            )
            ring = ring or rings
            self._save_alarm(root, alarm)
        return ring

    def _take(self, now: float) -> None:
        """One process sends the alerts of a configuration and root, even if another keeps the tasks."""
        if elapsed(self._taken_at, now) < BEAT_S:
            return
        self._taken_at = now
        for root, alarm in self._alarms.items():
            if not self._task_state.takes(self._key(root), now):
                self._sends.discard(root)
            elif root not in self._sends:
                self._sends.add(root)
                with contextlib.suppress(ValueError):
                    self._kept[root] = self._task_state.state.noted(self._key(root)) or "{}"
                    alarm.recall(json.loads(self._kept[root]))

    def _unopened(
        self,
        root: str,
        findings: Sequence[Finding],
        listed: TaskList | None,
        timing: Mapping[str, tuple[float, float]],
        now: float,
    ) -> frozenset[str]:
        """Findings that have held for as long as their rule asks and a minute more, and still have no line:
        the list cannot be written, is full, or is kept by a process that does not see them."""
        states = self._task_state.states_of(root)
        lines = {task.fingerprint for task in listed.tasks} if listed else set()
        waiting = {
            f.fingerprint: f.rule
            for f in findings
            if f.actionable and f.confirmed and f.fingerprint not in lines
            and states.get(f.fingerprint, "pending") == "pending"
        }  # fmt: skip
        known = self._waiting.get(root, {})
        since = self._waiting[root] = {fp: known.get(fp, now) for fp in waiting}
        return frozenset(
            fp
            for fp, rule in waiting.items()
            if elapsed(since[fp], now) >= timing.get(rule, (0.0, 0.0))[0] + GRACE_S
        )

    def _of(self, findings: Iterable[Finding], root: str) -> list[Finding]:
        """Findings of a root; the machine's belong to the first of all."""
        homeless = root == next(iter(self._files))
        return [f for f in findings if f.root == root or (homeless and f.root not in self._files)]

    def _save_alarm(self, root: str, alarm: Alarm) -> None:
        memory = json.dumps(alarm.memory, sort_keys=True)
        if memory != self._kept[root]:
            with contextlib.suppress(OSError):  # at worst an alert is repeated after a restart
                self._task_state.state.note(self._key(root), memory)
                self._kept[root] = memory

    def close(self) -> None:
        for root, alarm in self._alarms.items():
            alarm.close(timeout=2.0)
            if root in self._sends:
                self._task_state.gives(self._key(root))


def meant(findings: Sequence[Finding], filter: str, runs: Iterable[Run], now: float) -> list[Finding]:
    """The findings that the filter of ``[alerts]`` lets pass: those about no run always."""
    about = {finding.run for finding in findings if finding.run is not None}
    if not filter or not about:
        return list(findings)
    holds = parse(filter).holds
    passing = {run.key for run in runs if run.key in about and holds(run, now)}
    return [finding for finding in findings if finding.run is None or finding.run in passing]
