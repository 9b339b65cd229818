"""What is to be known of new points before they are kept: how their steps go, their extremes, whether 32 bits
hold them. Of a few points plain Python tells it in a third of numpy's time."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from runwatch.domain.points import FloatArray, IntArray, Points

FEW = 48
"""Up to so many points Python's lists are faster."""

New = Sequence[tuple[str, Points, IntArray | None]]

_MOST_INT32, _MOST_INT64 = 2**31 - 1, 2**63 - 1


class StepFacts(NamedTuple):
    """What steps are like."""

    first: int
    last: int
    stride: int | None
    """How far apart they are, None: not evenly spaced (0 of one step alone)."""
    rises: bool
    """Each is greater than the one before."""
    falls: bool
    """One is less than the one before."""
    bottom: int
    """The least."""
    top: int
    """The greatest."""

    @property
    def narrow(self) -> bool:
        """Whether 32 bits hold them."""
        return bool(self.bottom >= -_MOST_INT32 and self.top <= _MOST_INT32)


class PointFacts(NamedTuple):
    """What points are like."""

    steps: StepFacts
    gap: float
    """The longest time between neighbours, NaN: not known."""
    narrow: bool
    """Whether 32 bits hold the values exactly."""
    low: float
    """The least finite value, inf where there is none."""
    low_at: int
    """The step where it first was."""
    high: float
    """The greatest finite value, -inf where there is none."""
    high_at: int
    """The step where it first was."""
    bad: int = 0
    """How many are not finite."""


def facts_of(points: Points) -> PointFacts:
    """The facts about at least one point."""
    if len(points.steps) <= FEW:
        values = points.values.tolist()
        if math.isfinite(sum(values)):
            return _of_few(points.steps.tolist(), points.wall_times.tolist(), values)
    return _of_many(points)


def _of_few(steps: list[int], walls: list[float], values: list[float]) -> PointFacts:
    known = len(walls) > 1 and not math.isnan(sum(walls))
    low, high = min(values), max(values)
    return PointFacts(
        _few_steps(steps),
        gap=max([after - before for before, after in pairwise(walls)]) if known else math.nan,
        narrow=array("f", values).tolist() == values,
        low=low,
        low_at=steps[values.index(low)],
        high=high,
        high_at=steps[values.index(high)],
    )


def _few_steps(steps: list[int]) -> StepFacts:
    first, last, count = steps[0], steps[-1], len(steps)
    if count == 1:
        return StepFacts(first, last=first, stride=0, rises=True, falls=False, bottom=first, top=first)
    stride = steps[1] - first
    if (
        first + stride * (count - 1) == last
        and abs(stride) <= _MOST_INT64
        and (steps == list(range(first, last + stride, stride)) if stride else steps.count(first) == count)
    ):
        return _even(first, last, stride)
    ordered = sorted(steps)
    falls = steps != ordered
    return StepFacts(
        first,
        last=last,
        stride=None,
        rises=not falls and len(set(steps)) == count,
        falls=falls,
        bottom=ordered[0],
        top=ordered[-1],
    )


def _even(first: int, last: int, stride: int) -> StepFacts:
    return StepFacts(
        first,
        last=last,
        stride=stride,
        rises=stride > 0,
        falls=stride < 0,
        bottom=min(first, last),
        top=max(first, last),
    )


def step_facts(steps: IntArray) -> StepFacts:
    """The facts about at least one step."""
    if len(steps) <= FEW:
        return _few_steps(steps.tolist())
    first, last, stride = int(steps[0]), int(steps[-1]), int(steps[1]) - int(steps[0])
    even = first + stride * (len(steps) - 1) == last and abs(stride) <= _MOST_INT64
    if even and bool((steps[1:] - steps[:-1] == stride).all()):
        return _even(first, last, stride)
    falls = bool((steps[1:] < steps[:-1]).any())
    rises = not falls and bool((steps[1:] > steps[:-1]).all())
    bottom, top = (steps.min(), steps.max()) if falls else (first, last)
    return StepFacts(
        first, last=last, stride=None, rises=rises, falls=falls, bottom=int(bottom), top=int(top)
    )


def _of_many(points: Points) -> PointFacts:
    steps, walls, values = points.steps, points.wall_times, points.values
    gap = float((walls[1:] - walls[:-1]).max()) if len(walls) > 1 else math.nan
    finite = np.isfinite(values)
    spacing, narrow = step_facts(steps), _is_narrow(values)
    bad = int((~finite).sum())
    if bad:
        steps, values = steps[finite], values[finite]
        if not len(values):
            return PointFacts(
                spacing, gap=gap, narrow=narrow, low=math.inf, low_at=0, high=-math.inf, high_at=0, bad=bad
            )
    low, high = int(values.argmin()), int(values.argmax())
    return PointFacts(
        spacing,
        gap=gap,
        narrow=narrow,
        low=float(values[low]),
        low_at=int(steps[low]),
        high=float(values[high]),
        high_at=int(steps[high]),
        bad=bad,
    )


def _is_narrow(values: FloatArray) -> bool:
    with np.errstate(over="ignore"):
        same = values.astype(np.float32) == values
    return bool(same.all()) or bool((same | np.isnan(values)).all())


class NewPoints(NamedTuple):
    """New points of one tag, and where each stands among the new rows of all tags."""

    points: Points
    rows: IntArray


def by_tag(new: New) -> dict[str, NewPoints]:
    """By tag, the pieces of each in order."""
    pieces_by_tag: dict[str, list[tuple[Points, IntArray | None]]] = {}
    for tag, points, rows in new:
        pieces_by_tag.setdefault(tag, []).append((points, rows))
    result: dict[str, NewPoints] = {}
    for tag, pieces in pieces_by_tag.items():
        points = Points.concat([piece for piece, _ in pieces])
        known = [rows for _, rows in pieces if rows is not None]
        rows = np.concatenate(known) if len(known) == len(pieces) else np.arange(len(points))
        result[tag] = NewPoints(points, rows)
    return result
