"""A run that has lost its pace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch, RunCheck
from runwatch.judge.health.roles import Role
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import median, median_of_rows
from runwatch.text.units import duration

_INTERVALS, _GROUPS = 20, 3
_LASTING = 300.0
_GRAIN = 2.0
_SLOWER = 1.43
_BASE_GROUPS = 4


class Pace(CurveCheck):
    """Median seconds a step over every 20 intervals of a training loss: of the whole run in bounded memory,
    and of the last five minutes (at most one every two seconds; three at least, for a slow run's single
    one is mostly noise). Medians leave out the pauses."""

    __slots__ = ("_recent", "_steps", "_walls", "history")
    NAME: ClassVar[str] = "pace"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train"})

    def __init__(self) -> None:
        self._steps = np.empty(0, dtype=np.int64)
        self._walls = np.empty(0)
        self._recent = np.empty((0, 2))
        self.history = Trace()

    def feed(self, batch: PointBatch) -> None:
        if not len(batch.walls) or np.isnan(batch.walls[-1]):
            return
        steps = np.concatenate((self._steps, batch.steps))
        walls = np.concatenate((self._walls, batch.walls))
        used = (len(steps) - 1) // _INTERVALS * _INTERVALS
        if used > 0:
            self._take(steps[: used + 1], walls[: used + 1])
            steps, walls = steps[used:].copy(), walls[used:].copy()
        self._steps, self._walls = steps, walls

    def _take(self, steps: IntArray, walls: FloatArray) -> None:
        paces = np.diff(walls) / np.maximum(np.diff(steps), 1)
        medians = median_of_rows(paces.reshape(-1, _INTERVALS))
        ends = walls[_INTERVALS::_INTERVALS]
        self.history.feed(steps[_INTERVALS::_INTERVALS], ends, medians)
        rows = np.concatenate((self._recent, np.column_stack((ends, medians))))
        rows = rows[np.unique(np.floor(rows[:, 0] / _GRAIN), return_index=True)[1]]
        keep = rows[:, 0] >= rows[-1, 0] - _LASTING
        keep[-_GROUPS:] = True
        self._recent = rows[keep]

    def lately(self) -> float | None:
        """The least of: the median over the last five minutes, and the newest; None before there is one."""
        if not len(self._recent):
            return None
        return float(min(median(self._recent[:, 1]), self._recent[-1, 1]))

    def usual(self) -> float | None:
        """The median of what was before those five minutes; None: too little."""
        before = int(np.searchsorted(self.history.walls, self.since)) if np.isfinite(self.since) else 0
        return median(self.history.means[:before]) if before >= _BASE_GROUPS else None

    @property
    def since(self) -> float:
        """When what ``lately`` covers begins (seconds since the epoch)."""
        if not len(self._recent):
            return float("nan")
        return float(min(self._recent[-1, 0] - _LASTING, self._recent[0, 0]))

    def signs(self, curve: CurveView) -> list[HealthSign]:
        return []


class Slow(RunCheck):
    """Over the last five minutes a step took 1.43 times its median so far (30% less throughput)."""

    NAME: ClassVar[str] = "slow"

    def signs(self, curves: Mapping[str, CurveView]) -> list[HealthSign]:
        clocks = [
            (view.trace.count, view, view.trace, memory)
            for view in curves.values()
            if view.trace is not None and isinstance(memory := view.checks.get(Pace.NAME), Pace)
        ]
        if not clocks:
            return []
        _, view, trace, memory = max(clocks, key=lambda clock: clock[0])
        now, usual = memory.lately(), memory.usual()
        if now is None or usual is None or now <= _SLOWER * usual:
            return []
        summary = f"a step takes {duration(now)}, {now / usual:.1f} times as long as before"
        evidence = {"seconds_a_step": now, "before": usual, "clock": view.tag, "since": memory.since}
        first = int(trace.steps[max(int(np.searchsorted(trace.walls, memory.since)) - 1, 0)])
        return [
            HealthSign(
                "slow",
                severity="warning",
                tag=view.tag,
                first_step=first,
                last_step=trace.last_step,
                summary=summary,
                evidence=evidence,
            )
        ]
