"""A curve that loses nearly all that it had gained, at once and for good: a model back at chance."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.directions import direction_of
from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.checks.diverged import Diverged
from runwatch.judge.health.roles import Role, has_moving_target
from runwatch.judge.health.windows import median
from runwatch.text.safe import safe
from runwatch.text.units import number

_STAYED, _AT_ONCE, _FROM, _GOOD_FOR = 4, 3, 12, 5
_FEW_STAYED, _FEW_FROM = 3, 6
_REWARD_STAYED = 10
_FEW = 60
_LOST, _NOTABLE, _ERRORS = 0.8, 0.1, 6.0
_GAIN_ERRORS, _FEW_RISE, _STEP_BACK = 4.0, 0.25, 3.0
_STAYS, _EVEN, _BACK = 0.6, 0.25, 0.3


class _Fall(NamedTuple):
    """A collapse of values of which less is better: the place of the ``best``, the place from which it was
    lost, the first median, the best median, and the median now."""

    at: int
    since: int
    start: float
    best: float
    now: float


class Collapse(CurveCheck):
    """The median of the last five points has lost four fifths of what the best median of three had gained on
    the first one, by more than six standard deviations of neighbouring points and a tenth of the best; within
    three points, and it stays so for four. A curve that was good from its first point (for five) has lost
    half of its value, or a loss has doubled and is half above its first. From six points on, by the points
    themselves: three in a row that are even, right after the best, and from it three times as far as any
    step back before. A reward or return goes up and down while it is learned: there it must stay for ten
    points. Of losses only while they are too short for rolling medians. Read from the curve's trace, so that
    few points are enough."""

    __slots__ = ()
    NAME: ClassVar[str] = "collapse"
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation", "evaluation"})

    def feed(self, batch: PointBatch) -> None:
        """Nothing of its own: the trace remembers."""

    def signs(self, curve: CurveView) -> list[HealthSign]:
        diverged = curve.checks.get(Diverged.NAME)
        direction, moving = direction_of(curve.tag), has_moving_target(curve.tag)
        if curve.trace is None or direction is None or (moving and direction == "min"):
            return []
        if isinstance(diverged, Diverged) and curve.trace.count > _FEW:
            return []
        way = 1.0 if direction == "min" else -1.0
        collapse = _collapsed(way * curve.trace.means)
        if collapse is None or (isinstance(diverged, Diverged) and diverged.signs(curve)):
            return []
        if moving and curve.trace.filled - collapse.since < _REWARD_STAYED:
            return []
        at, since, start, best, now = collapse
        best_step, since_step = int(curve.trace.steps[at]), int(curve.trace.steps[since])
        back = now - start <= _BACK * (now - best)
        went = (
            f"went back to {number(way * now)}, about where it began"
            if back
            else (f"went to {number(way * now)}, worse than where it began")
        )
        summary = (
            f"{safe(curve.tag)} {went} ({number(way * start)}), from its best {number(way * best)} "
            f"at step {best_step}"
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
            HealthSign(
                "diverged",
                severity="warning",
                tag=curve.tag,
                first_step=best_step,
                last_step=curve.trace.last_step,
                summary=summary,
                evidence=evidence,
            )
        ]


def _collapsed(values: FloatArray) -> _Fall | None:
    """How ``values``, of which less is better, collapsed; None: they did not."""
    if len(values) < _FEW_FROM or not _could_have(values):
        return None
    return _of_many(values) if len(values) >= _FROM else _of_few(values)


def _of_many(values: FloatArray) -> _Fall | None:
    medians = np.sort(sliding_window_view(values, 3), axis=1)[:, 1]
    at = int(np.argmin(medians[: -_STAYED - 1]))
    start, best, now = float(medians[0]), float(medians[at]), median(values[-_STAYED - 1 :])
    noise = 1.4826 * median(np.abs(np.diff(values))) / math.sqrt(2)
    rise, gain = now - best, start - best
    lost = gain > _GAIN_ERRORS * noise and rise >= _LOST * gain
    if rise < max(_ERRORS * noise, _NOTABLE * abs(best)) or not (lost or _elsewhere(start, best, now)):
        return None
    fall = _placed(values, at + 1, start, best, now, min(rise, gain) if lost else rise, _STAYED)
    if fall is None or (not lost and (values <= best + 0.25 * rise).sum() < _GOOD_FOR):
        return None
    return fall if now >= best + _STAYS * (values[fall.since :].max() - best) else None


def _of_few(values: FloatArray) -> _Fall | None:
    last = values[-_FEW_STAYED:]
    at = int(np.argmin(values[:-_FEW_STAYED]))
    start, best, now = float(values[0]), float(values[at]), median(last)
    rise, gain = now - best, start - best
    size = max(abs(start), abs(best))
    lost = gain >= _NOTABLE * size and rise >= max(_LOST * gain, _FEW_RISE * size)
    if float(np.ptp(last)) > _EVEN * rise or not (lost or _elsewhere(start, best, now)):
        return None
    fall = _placed(values, at, start, best, now, min(rise, gain) if lost else rise, _FEW_STAYED)
    if fall is None or fall.since < _FEW_STAYED:
        return None
    return fall if rise >= _STEP_BACK * float(np.diff(values[: fall.since]).max()) else None


def _elsewhere(start: float, best: float, now: float) -> bool:
    """Whether a curve that began well is at another level altogether: a score at half of its best, or a loss
    at twice its best and half above its first."""
    return now >= best / 2 if best < 0 else now >= max(2 * best, 1.5 * start)


def _placed(
    values: FloatArray, at: int, start: float, best: float, now: float, rise: float, stayed: int
) -> _Fall | None:
    """The collapse, if it came at once and stayed: half of ``rise`` within three points of a quarter."""
    low = np.flatnonzero(values < best + 0.5 * rise)
    since = int(low[-1]) + 1 if len(low) else len(values)
    near = np.flatnonzero(values[:since] <= best + 0.25 * rise)
    if len(values) - since < stayed or not len(near) or since - 1 - int(near[-1]) > _AT_ONCE:
        return None
    return _Fall(at, since=since, start=start, best=best, now=now)


def _could_have(values: FloatArray) -> bool:
    """Whether the newest points are back near the first at all, which few curves are: cheap to ask."""
    first = sorted(values[:3].tolist())[1]
    now = sorted(values[-_FEW_STAYED:].tolist())[_FEW_STAYED // 2]
    least = float(values.min())
    return bool(now - least >= 0.5 * _LOST * (first - least) * (1 - 1e-9) - abs(first) * 1e-9)
