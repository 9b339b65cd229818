"""A curve that loses nearly all that it had gained, at once and for good: a model back at chance."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.directions import direction_of
from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.checks.diverged import Diverged
from runwatch.judge.health.roles import Role, chases_a_moving_goal
from runwatch.text.safe import safe
from runwatch.text.units import number

_LEAST_POINTS, _STAYED, _AT_ONCE = 8, 4, 3
_FEW = 60
_LOST, _NOTABLE, _ERRORS = 0.8, 0.1, 6.0
_GAIN_ERRORS = 4.0
_STAYS = 0.6


class Collapse(CurveCheck):
    """The median of the last five points has lost four fifths of what the best median of three had gained on
    the first one, by more than six standard deviations of neighbouring points and a tenth of the best; within
    three points, and it stays so for four. Of losses only while they are too short for rolling medians. Read
    from the curve's trace, so that few points are enough."""

    __slots__ = ()
    NAME: ClassVar[str] = "collapse"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation", "evaluation"})

    def feed(self, batch: PointBatch) -> None:
        """Nothing of its own: the trace remembers."""

    def signs(self, curve: CurveView) -> list[HealthSign]:
        diverged = curve.checks.get(Diverged.NAME)
        direction = direction_of(curve.tag)
        if curve.trace is None or direction is None or chases_a_moving_goal(curve.tag):
            return []
        if isinstance(diverged, Diverged) and (curve.trace.count > _FEW or diverged.signs(curve)):
            return []
        way = 1.0 if direction == "min" else -1.0
        collapse = _collapsed(way * curve.trace.means)
        if collapse is None:
            return []
        at, since, start, best, now = collapse
        best_step, since_step = int(curve.trace.steps[at]), int(curve.trace.steps[since])
        summary = (
            f"{safe(curve.tag)} went back to {number(way * now)}, about where it began "
            f"({number(way * start)}), from its best {number(way * best)} at step {best_step}"
        )
        evidence = {
            "start": way * start,
            "best": way * best,
            "best_step": best_step,
            "now": way * now,
            "since_step": since_step,
            "since": curve.trace.wall_at(since_step),
        }
        return [
            HealthSign("diverged", "warning", curve.tag, best_step, curve.trace.last_step, summary, evidence)
        ]


def _collapsed(values: FloatArray) -> tuple[int, int, float, float, float] | None:
    """(place of the best, place from which it was lost, first median, best median, median now) of values of
    which less is better; None: it did not collapse."""
    if len(values) < _LEAST_POINTS + _STAYED or not _could_have(values):
        return None
    medians = np.sort(sliding_window_view(values, 3), axis=1)[:, 1]
    at = int(np.argmin(medians[: -_STAYED - 1]))
    start, best, now = float(medians[0]), float(medians[at]), float(np.median(values[-_STAYED - 1 :]))
    noise = 1.4826 * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2)
    rise, gain = now - best, start - best
    if gain <= _GAIN_ERRORS * noise or rise < max(_LOST * gain, _ERRORS * noise, _NOTABLE * abs(best)):
        return None
    low = np.flatnonzero(values < best + 0.5 * rise)
    since = int(low[-1]) + 1
    near = np.flatnonzero(values[:since] <= best + 0.25 * rise)
    stayed = len(values) - since
    if stayed < _STAYED or not len(near) or since - 1 - int(near[-1]) > _AT_ONCE:
        return None
    return (at + 1, since, start, best, now) if now >= best + _STAYS * (values[since:].max() - best) else None


def _could_have(values: FloatArray) -> bool:
    """Whether the newest points are back near the first at all, which few curves are: cheap to ask."""
    first = sorted(values[:3].tolist())[1]
    now = sorted(values[-_STAYED - 1 :].tolist())[(_STAYED + 1) // 2]
    least = float(values.min())
    return bool(now - least >= _LOST * (first - least) * (1 - 1e-9) - abs(first) * 1e-9)
