"""Growing columns of points, compact: evenly spaced steps take no room, others and values 32 bits for as long
as those are exact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import AnyArray, IntArray, Points
from runwatch.runs.point_facts import PointFacts, StepFacts, facts_of, step_facts

SPARK, SPARK_SAMPLE = 32, 2048
TAIL = 256
SPANS = 128


_MOST_STRIDE = 2**31 - 1
_INT32, _INT64, _FLOAT32, _FLOAT64 = map(np.dtype, ("i4", "i8", "f4", "f8"))
_NOTHING: dict[np.dtype[Any], AnyArray] = {kind: np.empty(0, kind) for kind in (_INT32, _FLOAT32, _FLOAT64)}


class SeriesColumn:
    """One array that grows at the end and widens its type when a value needs it."""

    __slots__ = ("_data", "_wide", "size")

    def __init__(self, narrow: np.dtype[Any], wide: np.dtype[Any]) -> None:
        self._data = _NOTHING[narrow]
        self._wide = wide
        self.size = 0

    @property
    def view(self) -> AnyArray:
        return self._data[: self.size]

    @property
    def nbytes(self) -> int:
        return self._data.nbytes

    def extend(self, new: AnyArray, narrow: bool = False) -> None:
        """Take new values; ``narrow``: the narrow type holds them."""
        if not narrow and self._data.dtype != self._wide:
            with np.errstate(invalid="ignore"):
                self._data = self._data.astype(self._wide)
        if not self.size:
            self._data = np.array(new, dtype=self._data.dtype)
            self.size = len(new)
            return
        needed = self.size + len(new)
        if needed > len(self._data):
            room = max(needed, len(self._data) + (len(self._data) >> 2) + 16)
            grown = np.empty(room, dtype=self._data.dtype)
            grown[: self.size] = self.view
            self._data = grown
        self._data[self.size : needed] = new
        self.size = needed

    def keep(self, mask: NDArray[np.bool_]) -> None:
        self._data = self.view[mask]
        self.size = len(self._data)


class Steps:
    """Steps that grow at the end: while they are evenly spaced, only where they begin and how far apart
    they are."""

    __slots__ = ("_column", "_first", "_stride", "size")

    def __init__(self) -> None:
        self._column: SeriesColumn | None = None
        self._first = self._stride = 0
        self.size = 0

    @property
    def view(self) -> AnyArray:
        if self._column is not None:
            return self._column.view
        first, stride = self._first, self._stride
        if stride == 0:
            return np.full(self.size, first, dtype=np.int64)
        return np.arange(first, first + stride * self.size, stride, dtype=np.int64)

    @property
    def nbytes(self) -> int:
        return 0 if self._column is None else self._column.nbytes

    def extend(self, new: IntArray, facts: StepFacts) -> None:
        if self._column is None and not self._goes_on(len(new), facts):
            before = self.view
            self._column = SeriesColumn(_INT32, _INT64)
            if self.size:
                self._column.extend(before, step_facts(before).narrow)
        if self._column is not None:
            self._column.extend(new, facts.narrow)
        self.size += len(new)

    def _goes_on(self, count: int, facts: StepFacts) -> bool:
        """Whether ``count`` new steps keep the even spacing; the first two decide what that is."""
        stride: int | None
        if self.size == 0:
            self._first, stride = facts.first, facts.stride
        else:
            stride = self._stride if self.size > 1 else facts.first - self._first
            if self._first + stride * self.size != facts.first or (count > 1 and facts.stride != stride):
                return False
        if stride is None or abs(stride) > _MOST_STRIDE:
            return False
        self._stride = stride
        return True

    def keep(self, mask: NDArray[np.bool_]) -> None:
        steps = self.view[mask]
        self._column, self.size, self._stride = None, 0, 0
        if len(steps):
            wide = steps.astype(np.int64)
            self.extend(wide, step_facts(wide))


class Series:
    """One source's points of one tag, in file order, with running facts about the finite values. ``top`` and
    ``bottom``: the greatest and the least step. Once thinned, its older points are an envelope, and the facts
    are still those of all points; ``torn``: points were taken back since, so that only reading the source
    again can tell them."""

    __slots__ = (
        "_head", "_steps", "_thinned", "_values", "_walls", "bottom", "first_wall", "high",
        "last", "last_step", "last_wall", "longest_gap", "low", "max_at", "min_at", "monotonic", "nonfinite",
        "top", "torn",
    )  # fmt: skip

    def __init__(self) -> None:
        self.torn = False
        self._reset()

    def _reset(self) -> None:
        self._head, self._thinned = Points.empty(), 0
        self._steps, self._walls = Steps(), SeriesColumn(_FLOAT64, _FLOAT64)
        self._values = SeriesColumn(_FLOAT32, _FLOAT64)
        self.monotonic = True
        self.last = math.nan
        self.last_step = -(2**63) - 1
        self.top, self.bottom = -(2**63), 2**63
        self.first_wall = self.last_wall = math.nan
        self.longest_gap = 0.0
        self.low, self.high = math.inf, -math.inf
        self.min_at, self.max_at = 0, 0
        self.nonfinite = 0

    def __len__(self) -> int:
        return self._thinned + self._steps.size

    @property
    def nbytes(self) -> int:
        return self._steps.nbytes + self._walls.nbytes + self._values.nbytes + 24 * len(self._head)

    @property
    def thinned(self) -> bool:
        """Whether the older points are an envelope."""
        return self._thinned > 0

    def points(self, start: int = 0) -> Points:
        """The points from the ``start``-th on, in file order; of those that were thinned the envelope."""
        new = max(start - self._thinned, 0)
        tail = Points(
            self._steps.view[new:].astype(np.int64, copy=False),
            self._walls.view[new:].astype(np.float64),
            self._values.view[new:].astype(np.float64),
        )
        return Points.concat([self._head, tail]) if len(self._head) and start < self._thinned else tail

    def spark(self, cells: int) -> tuple[float, ...]:
        """The course of it in at most ``cells`` numbers, as ``spark`` tells it."""
        if self.low > self.high:
            return ()
        if not len(self._head) and self._steps.size <= cells:
            return tuple(self._values.view.tolist())
        return spark(*self._sample(SPARK_SAMPLE), cells)

    def _sample(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """At most about ``most`` points, evenly picked: steps and values."""
        stride = max(self._steps.size // most, 1)
        steps, values = self._steps.view[::stride], self._values.view[::stride]
        if not len(self._head):
            return steps.astype(np.float64), values.astype(np.float64)
        return np.append(self._head.steps, steps).astype(np.float64), np.append(self._head.values, values)

    def thin(self) -> None:
        """Keep the newest ``TAIL`` points, and of those before them an envelope of ``SPANS`` spans."""
        older = self._steps.size - TAIL
        if older <= TAIL or not self.monotonic:
            return
        head = envelope(self.points().where(slice(None, -TAIL)), SPANS)
        newest = np.arange(self._steps.size) >= older
        for column in (self._steps, self._walls, self._values):
            column.keep(newest)
        self._head, self._thinned = head, self._thinned + older

    def extend(self, points: Points, facts: PointFacts | None = None) -> None:
        """Take new points; ``facts``: what is known of them."""
        if not len(points):
            return
        facts = facts or facts_of(points)
        self.monotonic = self.monotonic and facts.steps.rises and facts.steps.first > self.last_step
        self._steps.extend(points.steps, facts.steps)
        self._walls.extend(points.wall_times)
        self._values.extend(points.values, facts.narrow)
        self._note(points, facts)

    def _note(self, points: Points, facts: PointFacts) -> None:
        steps, wall = facts.steps, float(points.wall_times[0])
        self.last, self.last_step = float(points.values[-1]), steps.last
        self.bottom, self.top = min(self.bottom, steps.bottom), max(self.top, steps.top)
        if math.isnan(self.first_wall):
            self.first_wall = wall
        elif wall - self.last_wall > self.longest_gap:
            self.longest_gap = wall - self.last_wall
        if facts.gap > self.longest_gap:
            self.longest_gap = facts.gap
        self.last_wall = float(points.wall_times[-1])
        self.nonfinite += facts.bad
        if facts.low < self.low:
            self.low, self.min_at = facts.low, facts.low_at
        if facts.high > self.high:
            self.high, self.max_at = facts.high, facts.high_at

    def steps(self, start: int) -> NDArray[np.int64]:
        """The steps of the points from the ``start``-th on, in file order."""
        return self._steps.view[max(start - self._thinned, 0) :].astype(np.int64)

    def tail(self, most: int) -> NDArray[np.int64]:
        """The steps of the newest points, at most ``most``, in file order."""
        return self._steps.view[-most:].astype(np.int64)

    def cut(self, before: int, step: int) -> tuple[Points, bool]:
        """Take out those of the first ``before`` points that have a step >= ``step``; whether any of the
        first ``before`` stays."""
        points = self.points()
        lost = points.steps >= step
        lost[max(before - len(self) + len(points), 0) :] = False
        if lost.any():
            self._become(points.where(~lost))
        return points.where(lost), before > int(lost.sum())

    def put_back(self, points: Points) -> None:
        """Take back points that were taken out, as written before all others."""
        self._become(Points.concat([points, self.points()]))

    def _become(self, points: Points) -> None:
        self.torn = self.torn or self.thinned
        self._reset()
        self.extend(points)


def in_order_of_writing(points: Points) -> bool:
    """Whether a tag was logged without a step: several points of one source all at one step, with a clock
    that rises, or so many that nobody rewrote one."""
    steps, walls = points.steps, points.wall_times
    if len(steps) < 2 or bool((steps != steps[0]).any()):
        return False
    rises = np.diff(walls)
    return bool((rises > 0).all()) or (len(steps) > 2 and not bool((rises < 0).any()))


def merge(parts: list[Points]) -> Points:
    """One series out of several sources' points: in step order; of a repeated step the later wall time
    wins; where wall times are not all known, the later in the file, then the later file (``parts`` in file
    order). Points that were all logged without a step stay, in the order of writing."""
    joined = Points.concat(parts)
    if bool((joined.steps[1:] == joined.steps[:-1]).all()) and any(map(in_order_of_writing, parts)):
        walls = joined.wall_times  # those read before they were watched have none, and come first
        return joined.where(np.argsort(np.where(np.isnan(walls), -np.inf, walls), kind="stable"))
    if len(joined) < 2 or bool(np.all(joined.steps[1:] > joined.steps[:-1])):
        return joined
    if np.isnan(joined.wall_times).any():
        order = np.argsort(joined.steps, kind="stable")
    else:
        order = np.lexsort((joined.wall_times, joined.steps))
    joined = joined.where(order)
    return joined.where(np.append(joined.steps[1:] != joined.steps[:-1], True))


def envelope(points: Points, spans: int) -> Points:
    """The smallest and the greatest finite value in each of ``spans`` equal spans of steps, in step order;
    ``points`` are in step order."""
    finite = points.where(np.isfinite(points.values))
    if not len(finite):
        return points.where(slice(0, 1))
    along = finite.steps.astype(np.float64) - float(finite.steps[0])
    span = np.minimum((along / max(float(along[-1]), 1.0) * spans).astype(np.int64), spans - 1)
    order = np.lexsort((finite.values, span))
    greatest = np.flatnonzero(np.diff(span, append=spans))
    smallest = np.append(0, greatest[:-1] + 1)
    return finite.where(np.union1d(order[smallest], order[greatest]))


def spark(steps: NDArray[np.float64], values: NDArray[np.float64], cells: int = SPARK) -> tuple[float, ...]:
    """The course of a series in at most ``cells`` numbers: the mean of the finite values in equal spans of
    steps, NaN where there is none."""
    finite = np.isfinite(values)
    if not finite.any():
        return ()
    if len(values) <= cells:
        return tuple(values.tolist())
    low, high = float(steps.min()), float(steps.max())
    if high <= low:
        steps, low, high = np.arange(len(values), dtype=np.float64), 0.0, float(len(values) - 1)
    cell = np.minimum(((steps[finite] - low) / (high - low) * cells).astype(np.int64), cells - 1)
    totals = np.bincount(cell, weights=values[finite], minlength=cells)
    counts = np.bincount(cell, minlength=cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        return tuple((totals / counts).tolist())
