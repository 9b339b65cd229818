"""A curve in bounded memory: block means with their steps and times."""

from __future__ import annotations

import numpy as np

from runwatch.domain.points import FloatArray, IntArray

CAPACITY = 128


class Trace:
    """At most ``CAPACITY`` blocks of equal size (a power of two) over all finite points fed so far.

    Each block holds the mean of its values, and the step and wall time of its last point; when the blocks
    run out, neighbours are merged. Below ``CAPACITY`` points it holds the points themselves. Sums are taken
    strictly in order, so the result does not depend on how the points were cut into feeds."""

    __slots__ = ("_blocks", "_carry", "_carry_count", "_last", "count", "filled", "size")

    def __init__(self) -> None:
        self._blocks = np.empty((3, 16))
        self.filled = 0
        self.size = 1
        self.count = 0
        self._carry = 0.0
        self._carry_count = 0
        self._last = (0.0, float("nan"))

    def feed(self, steps: IntArray, walls: FloatArray, values: FloatArray) -> None:
        """Take finite ``values`` (m,) with their steps and wall times (NaN: no clock), in step order."""
        at, total = 0, len(values)
        self.count += total
        if total:
            self._last = (float(steps[-1]), float(walls[-1]))
        if self.size == 1 and self.filled + total <= CAPACITY:
            self._append(steps, walls, values)
            return
        while at < total:
            if self.filled == CAPACITY:
                self._merge()
            room = (CAPACITY - self.filled) * self.size - self._carry_count
            piece = slice(at, min(at + room, total))
            self._take(steps[piece], walls[piece], values[piece])
            at = piece.stop

    def _take(self, steps: IntArray, walls: FloatArray, values: FloatArray) -> None:
        first = min(self.size - self._carry_count, len(values)) if self._carry_count else 0
        if first:
            sums = np.add.accumulate(np.concatenate(((self._carry,), values[:first])))
            self._carry, self._carry_count = float(sums[-1]), self._carry_count + first
            if self._carry_count < self.size:
                return
            self._append(steps[first - 1 : first], walls[first - 1 : first], sums[-1:] / self.size)
            self._carry, self._carry_count = 0.0, 0
        whole = (len(values) - first) // self.size
        stop = first + whole * self.size
        if whole:
            sums = np.add.accumulate(values[first:stop].reshape(whole, self.size), axis=1)[:, -1]
            ends = slice(first + self.size - 1, stop, self.size)
            self._append(steps[ends], walls[ends], sums / self.size)
        if stop < len(values):
            self._carry = float(np.add.accumulate(values[stop:])[-1])
            self._carry_count = len(values) - stop

    def _append(self, steps: IntArray, walls: FloatArray, means: FloatArray) -> None:
        stop = self.filled + len(means)
        if stop > self._blocks.shape[1]:
            grown = np.empty((3, min(max(stop, 2 * self._blocks.shape[1]), CAPACITY)))
            grown[:, : self.filled] = self._blocks[:, : self.filled]
            self._blocks = grown
        self._blocks[0, self.filled : stop] = steps
        self._blocks[1, self.filled : stop] = walls
        self._blocks[2, self.filled : stop] = means
        self.filled = stop

    def _merge(self) -> None:
        half = CAPACITY // 2
        merged = self._blocks[:, 1::2].copy()
        merged[2] = (self._blocks[2, 0::2] + self._blocks[2, 1::2]) / 2
        self._blocks[:, :half] = merged
        self.filled, self.size = half, 2 * self.size

    @property
    def steps(self) -> FloatArray:
        """The last step of each block (k,)."""
        return self._blocks[0, : self.filled]

    @property
    def walls(self) -> FloatArray:
        """The wall time of each block's last point (k,); NaN where the format has no clock."""
        return self._blocks[1, : self.filled]

    @property
    def means(self) -> FloatArray:
        """The mean of each block (k,)."""
        return self._blocks[2, : self.filled]

    @property
    def last_step(self) -> int | None:
        """The newest finite point's step."""
        return int(self._last[0]) if self.count else None

    @property
    def last_wall(self) -> float:
        """The newest finite point's wall time (NaN: none)."""
        return self._last[1]

    def wall_at(self, step: float | None) -> float | None:
        """When ``step`` was reached, to within its block; None: not known."""
        if step is None or not self.filled:
            return None
        index = int(np.searchsorted(self.steps, step))
        wall = float(self.walls[index]) if index < self.filled else self.last_wall
        return wall if np.isfinite(wall) else None
