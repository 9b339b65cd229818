"""Points that a reader finds one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from runwatch.domain.operations import Append, EpochAt, Operation
from runwatch.domain.points import IntArray, Points
from runwatch.readers import limits

EPOCH_TAGS = frozenset({"epoch", "train/epoch"})
"""What trackers keep as a metric, though it says where the others stand."""

Columns = tuple[list[int], list[float], list[float], list[int]]


def column(tag: str, points: Points, rows: IntArray | None = None, prefix: str = "") -> Append | EpochAt:
    """What all points of one tag, in the order of writing, say. ``rows`` as in ``Append``."""
    if tag not in EPOCH_TAGS:
        return Append(prefix + tag, points, rows)
    finite = np.isfinite(points.values)
    return EpochAt(points.where(finite), None if rows is None else rows[finite])


class PointLog:
    """Say ``next_row()`` for each line or record, then ``add`` what it holds; ``operations`` keeps the order
    of writing among all tags, which tells a training that was resumed or started again. ``full``: tags past
    the limit were left out."""

    def __init__(self) -> None:
        self.full = False
        self._row = 0
        self._columns: dict[str, Columns] = {}
        self._epochs: Columns = ([], [], [], [])

    def __bool__(self) -> bool:
        return bool(self._columns)

    def next_row(self) -> None:
        self._row += 1

    def add(self, tag: str, step: int, value: float, wall: float = math.nan) -> None:
        """One point of the current row; ``wall``: seconds since the epoch, where the format has a clock."""
        if tag in EPOCH_TAGS:
            self.epoch(step, value)
            return
        columns = self._columns.get(tag)
        if columns is None:
            if len(self._columns) >= limits.TAGS:
                self.full = True
                return
            columns = self._columns[tag] = ([], [], [], [])
        self._put(columns, step, value, wall)

    def epoch(self, step: int, epoch: float) -> None:
        """The epoch that the current row is in."""
        if math.isfinite(epoch):
            self._put(self._epochs, step, epoch, math.nan)

    def _put(self, columns: Columns, step: int, value: float, wall: float) -> None:
        steps, values, walls, rows = columns
        steps.append(step)
        values.append(value)
        walls.append(wall)
        rows.append(self._row)

    def top(self) -> int | None:
        """The step of the newest row; None: there is none."""
        newest = max(self._columns.values(), key=lambda columns: columns[3][-1], default=None)
        return None if newest is None else newest[0][-1]

    def values(self) -> Iterable[tuple[str, list[float]]]:
        """The values by tag, in the order of writing."""
        return ((tag, columns[1]) for tag, columns in self._columns.items())

    def operations(self, prefix: str = "") -> Iterable[Operation]:
        """What was added, tag by tag."""
        for tag, (steps, values, walls, rows) in self._columns.items():
            yield Append(prefix + tag, Points.of(steps, values, walls), np.array(rows, dtype=np.int64))
        steps, values, _, rows = self._epochs
        if steps:
            yield EpochAt(Points.of(steps, values), np.array(rows, dtype=np.int64))
