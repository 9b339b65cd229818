"""NaN or infinity where a finite number belongs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.roles import Role
from runwatch.text.safe import safe
from runwatch.text.units import number, plural

_GRADIENT_STREAK = 3


class Nonfinite(CurveCheck):
    """A loss or evaluation metric is judged by its first NaN or infinity, a gradient norm by three in a
    row (mixed precision skips steps on purpose)."""

    __slots__ = ("_first", "_first_value", "_last", "_longest", "_streak", "count", "since")
    NAME: ClassVar[str] = "nonfinite"
    MARK: ClassVar[str] = "✗"
    WORD: ClassVar[str] = "NaN"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation", "evaluation", "gradient"})

    def __init__(self) -> None:
        self.count = 0
        self.since: float | None = None
        self._first: int | None = None
        self._first_value = float("nan")
        self._last: int | None = None
        self._streak = self._longest = 0

    def feed(self, batch: PointBatch) -> None:
        if batch.finite is None:
            if len(batch.values):
                self._streak = 0
            return
        bad = np.flatnonzero(~batch.finite)
        self.count += len(bad)
        if self._first is None:
            self._first = int(batch.points.steps[bad[0]])
            self._first_value = float(batch.points.values[bad[0]])
            wall = float(batch.points.wall_times[bad[0]])
            self.since = wall if np.isfinite(wall) else None
        self._last = int(batch.points.steps[bad[-1]])
        self._count_streaks(bad, len(batch.finite))

    def _count_streaks(self, bad: np.ndarray, total: int) -> None:
        breaks = np.flatnonzero(np.diff(bad) > 1)
        starts, ends = np.append(0, breaks + 1), np.append(breaks, len(bad) - 1)
        lengths = ends - starts + 1
        if bad[0] == 0:
            lengths[0] += self._streak
        self._longest = max(self._longest, int(lengths.max()))
        self._streak = int(lengths[-1]) if bad[-1] == total - 1 else 0

    def signs(self, curve: CurveView) -> list[HealthSign]:
        enough = _GRADIENT_STREAK if curve.role == "gradient" else 1
        if self._longest < enough:
            return []
        value = number(self._first_value)
        summary = f"{safe(curve.tag)} is {value} from step {self._first} on ({plural(self.count, 'point')})"
        if not self._streak:
            summary = f"{safe(curve.tag)} was {value} at step {self._first} ({plural(self.count, 'point')})"
        evidence = {
            "first_step": self._first,
            "count": self.count,
            "value": value,
            "still": self._streak > 0,
            "since": self.since,
        }
        return [
            HealthSign(
                "nonfinite",
                severity="critical",
                tag=curve.tag,
                first_step=self._first,
                last_step=self._last,
                summary=summary,
                evidence=evidence,
            )
        ]
