"""Reference windows for the rolling checks, shared by them so that each curve is walked once.

A curve's finite points are cut into blocks of ``BLOCK``. The *reference* of a point is the five blocks
before its own block (the 50 points of methods, at most nine points old); early in a curve, from the third
block on, the two blocks before. Statistics of a block do not depend on how the points arrived."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from runwatch.domain.points import FloatArray, IntArray

BLOCK = 10
LONG, SHORT = 5, 2
_PIECE = 32_768
_MANY_ROWS = 64
MAD_SCALE = 1.4826


def median(values: FloatArray) -> float:
    """``np.median`` of one dimension without a look for masks, for which it would import ``numpy.ma``."""
    if not len(values):
        return math.nan
    ordered = np.sort(values)  # puts NaN last
    if np.isnan(ordered[-1]):
        return math.nan
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


class Window(msgspec.Struct, eq=False):
    """A piece of a curve."""

    origin: int
    """The block-aligned index among all finite points at which ``values`` begins."""
    before: int
    """How many finite points there were before this feed."""
    after: int
    """How many there are after it."""
    values: FloatArray
    """(m,), with the blocks before the first new point."""
    steps: IntArray
    """(new,), of the new points only."""

    def step_at(self, index: int) -> int:
        """The step of the new point with that index among all finite points."""
        return int(self.steps[index - self.before])

    def references(self, blocks: IntArray, length: int) -> FloatArray:
        """The ``length`` blocks before each of ``blocks``: (k, length * BLOCK), a copy."""
        return rows_at(self.values, (blocks - length) * BLOCK - self.origin, length * BLOCK)


class Windows:
    """The points that the next feed's references need: at most six blocks."""

    __slots__ = ("count", "tail")

    def __init__(self) -> None:
        self.tail = np.empty(0)
        self.count = 0

    def feed(self, steps: IntArray, values: FloatArray) -> list[Window]:
        """The windows of new finite ``values`` (m,), in pieces that fit a processor's cache."""
        return [
            self._piece(steps[at : at + _PIECE], values[at : at + _PIECE])
            for at in range(0, len(values), _PIECE)
        ]

    def _piece(self, steps: IntArray, values: FloatArray) -> Window:
        before, after = self.count, self.count + len(values)
        joined = np.concatenate((self.tail, values)) if len(self.tail) else values
        origin = before - len(self.tail)
        keep = max((after // BLOCK - LONG) * BLOCK, 0)
        self.tail, self.count = joined[keep - origin :].copy(), after
        return Window(origin, before=before, after=after, values=joined, steps=steps)


def rows_at(values: FloatArray, starts: IntArray, width: int) -> FloatArray:
    """The ``width`` values from each of ``starts`` on: (k, width), a copy."""
    if len(starts) > _MANY_ROWS:
        return np.asarray(sliding_window_view(values, width)[starts])
    return np.asarray(values[starts[:, None] + np.arange(width)])


def median_of_rows(rows: FloatArray) -> FloatArray:
    """The median of each row of (k, even width)."""
    middle = rows.shape[1] // 2
    parts = np.partition(rows, (middle - 1, middle), axis=1)
    return (parts[:, middle - 1] + parts[:, middle]) / 2


def mad_of_rows(rows: FloatArray, centres: FloatArray) -> FloatArray:
    """The robust scale of each row: 1.4826 times the median distance from its centre."""
    return MAD_SCALE * median_of_rows(np.abs(rows - centres[:, None]))
