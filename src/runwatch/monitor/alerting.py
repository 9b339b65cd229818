"""Alerts of the board: an alarm for each root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runwatch.config.settings import Settings
from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding, of_root
from runwatch.domain.run import Problem, Run
from runwatch.domain.task import TaskList
from runwatch.monitor.root_alarm import RootAlarm
from runwatch.monitor.root_state import TaskState
from runwatch.system.identity import host_name
from runwatch.text.run_filter import parse

GRACE_S = 60.0


class Alerting:
    """``update`` after each judgement. Roots have an alarm each: they may hold runs of one name."""

    def __init__(self, settings: Mapping[str, Settings], task_state: TaskState) -> None:
        self._task_state = task_state
        self._filters = {root: one.alerts.filter for root, one in settings.items()}
        self._alarms = {
            root: RootAlarm(
                one.alerts,
                one.alerts_file,
                task_state.state,
                task_state.leases,
                host=host_name(),
                origin=task_state.identity(root),
            )
            for root, one in settings.items()
        }
        self._waiting: dict[str, dict[str, float]] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(dict.fromkeys(p for alarm in self._alarms.values() for p in alarm.problems))

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
        ring, roots = "", tuple(self._alarms)
        for root, alarm in self._alarms.items():
            if not alarm.sends(now):
                continue
            own = filtered(of_root(findings, root, roots), self._filters[root], runs, now)
            listed = tasks.get(root)
            rings = alarm.update(
                own,
                listed,
                self._task_state.open_of(root),
                self._task_state.silences(root, now),
                self._unopened(root, own, listed, timing, now),
            )
            ring = ring or rings
        return ring

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

    def close(self) -> None:
        for alarm in self._alarms.values():
            alarm.close()


def filtered(findings: Sequence[Finding], filter: str, runs: Iterable[Run], now: float) -> list[Finding]:
    """The findings that the filter of ``[alerts]`` lets pass: those about no run always."""
    about = {finding.run for finding in findings if finding.run is not None}
    if not filter or not about:
        return list(findings)
    holds = parse(filter).holds
    passing = {run.key for run in runs if run.key in about and holds(run, now)}
    return [finding for finding in findings if finding.run is None or finding.run in passing]
