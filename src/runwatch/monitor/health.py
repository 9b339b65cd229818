"""Training health of the runs of one root, fed with what is new and nothing else."""

from __future__ import annotations

from runwatch.domain.health import HealthSign
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.health.trace import Trace
from runwatch.monitor.read_run import ReadRun
from runwatch.monitor.reading import RootReader


class RootHealth:
    """The health of each run, with how far each of its series has been fed."""

    def __init__(self) -> None:
        self._health: dict[str, RunHealth] = {}
        self._fed: dict[str, dict[str, int]] = {}
        self.signs: dict[str, tuple[HealthSign, ...]] = {}

    def forget(self, run_id: str) -> None:
        for by_run in (self._health, self._fed, self.signs):
            by_run.pop(run_id, None)

    def fold(self, run_id: str) -> None:
        """Keep the signs only; the run is fed anew, all of it, should it ever change."""
        self._health.pop(run_id, None)
        self._fed.pop(run_id, None)

    def clock(self, run_id: str) -> Trace | None:
        """The trace that tells a run's pace."""
        health = self._health.get(run_id)
        return health.clock() if health else None

    def trace(self, run_id: str, tag: str) -> Trace | None:
        """The memory of one curve, for forecasts."""
        health = self._health.get(run_id)
        curve = health.curve(tag) if health else None
        return curve.trace if curve else None

    def feed(self, reader: RootReader, entry: ReadRun) -> bool:
        """Take what is new in a run; True if its signs changed."""
        grown, rewritten = entry.grown, entry.rewritten
        if entry.unread or not (grown or rewritten):
            return False
        entry.grown, entry.rewritten = set(), set()
        tag_sources = entry.memory.sources_by_tag()
        anew = set() if entry.id in self._health else set(tag_sources)
        health = self._health.setdefault(entry.id, RunHealth())
        fed = self._fed.setdefault(entry.id, {})
        for tag in grown | rewritten | anew:
            speaking = tag_sources.get(tag, [])
            series = entry.memory.alone(tag, speaking)
            if tag not in rewritten and series is not None:
                health.feed(tag, series.points(fed.get(tag, 0)))
                fed[tag] = len(series)
                continue
            health.restart(tag)
            fed.pop(tag, None)
            if speaking:
                health.feed(tag, entry.memory.points(tag, speaking))
                if series is not None:
                    fed[tag] = len(series)
        return self._judge(entry.id, health)

    def _judge(self, run_id: str, health: RunHealth) -> bool:
        before = self.signs.get(run_id, ())
        self.signs[run_id] = health.signs()
        return before != self.signs[run_id]
