"""Concept drift in a stream of errors with labels: an adaptive window that drops its old part once the mean
of the new part differs (ADWIN; Bifet, Gavaldà 2007). Its bound is for independent values; errors of one user
or one day hang together, so a value counts as the part of one that it is worth (the design effect of Kish
1965), which the spread of the batches tells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from runwatch.domain.profile import Floats

DELTA = 0.002
_PER_ROW = 5
_EVERY = 32
_SHORTEST = 5
_BATCHES = 8
_PARTS = (16, 32, 64)
MEDIAN_CHI2 = 0.4549  # of the chi-square with one degree of freedom


class _Bucket(msgspec.Struct):
    """2^row values: their count, sum, and the sum of squares about their mean."""

    count: int
    total: float
    squares: float


class AdaptiveWindow(msgspec.Struct):
    """Feed it values in order with ``update``; it says when a change is found, and then forgets the old part.
    ``delta``: the chance of a false alarm per test; ``design``: how many values are worth one independent
    one. Memory is logarithmic in the window's length."""

    delta: float = DELTA
    design: float = 1.0
    seen: int = 0
    rows: list[list[_Bucket]] = msgspec.field(default_factory=lambda: [[]])

    @property
    def length(self) -> int:
        return sum(bucket.count for row in self.rows for bucket in row)

    @property
    def mean(self) -> float:
        length = self.length
        return sum(b.total for row in self.rows for b in row) / length if length else math.nan

    def update(self, value: float) -> bool:
        """Adds a value; True when the window was cut because its parts differ. NaN is passed over."""
        if math.isnan(value):
            return False
        self.seen += 1
        self.rows[0].insert(0, _Bucket(1, value, 0.0))
        self._compress()
        return self._cut() if self.seen % _EVERY == 0 else False

    def _compress(self) -> None:
        """Two oldest buckets of a full row become one of the next."""
        level = 0
        while len(self.rows[level]) > _PER_ROW:
            if level + 1 == len(self.rows):
                self.rows.append([])
            old, older = self.rows[level].pop(-2), self.rows[level].pop(-1)
            self.rows[level + 1].insert(0, _joined(older, old))
            level += 1

    def _cut(self) -> bool:
        changed = False
        while old := self._clearest_split():
            changed = True
            for _ in range(old):
                self._drop_oldest()
        return changed

    def _drop_oldest(self) -> None:
        self.rows[-1].pop()
        while len(self.rows) > 1 and not self.rows[-1]:
            self.rows.pop()

    def _clearest_split(self) -> int:
        """How many of the oldest buckets make the old part where the means of old and new are furthest past
        what chance allows; 0 when no split is past it."""
        buckets = [bucket for row in reversed(self.rows) for bucket in reversed(row)]
        whole = _Bucket(0, 0.0, 0.0)
        for bucket in buckets:
            whole = _joined(whole, bucket)
        if whole.count < 2 * _SHORTEST:
            return 0
        variance = whole.squares / whole.count
        limit = math.log(2 * math.log(whole.count) / self.delta)
        n, total, best, excess = 0, 0.0, 0, 1.0
        for at, bucket in enumerate(buckets[:-1], 1):
            n, total = n + bucket.count, total + bucket.total
            rest = whole.count - n
            if n < _SHORTEST or rest < _SHORTEST:
                continue
            gap = abs(total / n - (whole.total - total) / rest)
            m = self.design / (n - _SHORTEST + 1) + self.design / (rest - _SHORTEST + 1)
            allowed = math.sqrt(2 * m * variance * limit) + 2 / 3 * limit * m
            if gap > excess * allowed:
                best, excess = at, gap / allowed
        return best


def _joined(a: _Bucket, b: _Bucket) -> _Bucket:
    count = a.count + b.count
    if not a.count or not b.count:
        return b if not a.count else a
    gap = a.total / a.count - b.total / b.count
    return _Bucket(count, a.total + b.total, a.squares + b.squares + a.count * b.count / count * gap * gap)


def changes(values: Sequence[float] | Floats, delta: float = DELTA, sizes: Sequence[int] = ()) -> list[int]:
    """The positions (from 0) at which a change is found in a stream, such as 0/1 errors in order of time.
    ``sizes``: values of each batch, in order, their sum the length of the stream: the order within a batch
    does not matter then, and no batch needs to be like the next."""
    stream = np.asarray(values, dtype=np.float64)
    if sizes:
        stream = _shuffled(stream, sizes)
    window = AdaptiveWindow(delta, design_effect(stream, sizes))
    return [at for at, value in enumerate(stream.tolist()) if window.update(value)]


def _shuffled(stream: Floats, sizes: Sequence[int]) -> Floats:
    """The same values, those of a batch in random order."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.permutation(part) for part in np.split(stream, np.cumsum(sizes)[:-1])])


def design_effect(stream: Floats, sizes: Sequence[int] = ()) -> float:
    """How much more the means of stretches differ than those of as many independent values would, at least 1:
    from one stretch to the next (von Neumann 1941) and by the median, so that a change of level does not
    count. Stretches: the batches of ``sizes`` where there are eight or more, else 16, 32 and 64 equal
    parts."""
    known = stream[np.isfinite(stream)]
    variance = float(known.var()) if len(known) else 0.0
    if variance <= 0:
        return 1.0
    aligned = len(sizes) >= _BATCHES
    cuts = [np.cumsum(sizes)[:-1]] if aligned else []
    if not aligned:
        cuts = [np.linspace(0, len(stream), n + 1).astype(int)[1:-1] for n in _PARTS if len(stream) >= 8 * n]
    stretches = ([part[np.isfinite(part)] for part in np.split(stream, cut)] for cut in cuts)
    return max([1.0, *(_inflation(parts, variance, aligned) for parts in stretches)])


def _inflation(parts: Sequence[Floats], variance: float, aligned: bool) -> float:
    """Parts that are not aligned with days or users share some with the next one, not with the one after."""
    parts = [part for part in parts if len(part)]
    if len(parts) < _BATCHES:
        return 1.0
    means = np.array([part.mean() for part in parts])
    rows = np.array([1 / len(part) for part in parts])
    squares = [
        (means[lag:] - means[:-lag]) ** 2 / (rows[lag:] + rows[:-lag])
        for lag in ((1,) if aligned else (1, 2))
    ]
    return max(float(np.median(square)) for square in squares) / variance / MEDIAN_CHI2
