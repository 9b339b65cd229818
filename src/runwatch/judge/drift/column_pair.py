"""One column of a reference and of a batch, side by side: the counts that every measure is made of."""

from __future__ import annotations

from functools import cached_property

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.domain.points import AnyArray
from runwatch.domain.profile import ColumnGrid, ColumnProfile, Floats, Ints, TableProfile
from runwatch.text.units import number

POOL = 5.0
_STEEP = 3.0


class ColumnPair(msgspec.Struct, frozen=True, eq=False, dict=True):
    """``reference`` and ``current`` counts of one column on its grid. Missing values are left out of all
    shares."""

    column: ColumnGrid
    reference: ColumnProfile
    current: ColumnProfile

    @property
    def ordered(self) -> bool:
        return self.column.edges is not None

    @cached_property
    def n(self) -> int:
        return int(self.reference.counts.sum())

    @cached_property
    def m(self) -> int:
        return int(self.current.counts.sum())

    @property
    def effective(self) -> float:
        """nm / (n + m) of independent rows."""
        return self.n * self.m / (self.n + self.m) / self.design if self.n and self.m else 0.0

    @property
    def design(self) -> float:
        """How much more the difference of two shares varies than that of independent rows (Kish 1965)."""
        return joint_design(self.reference.design, self.n, self.current.design, self.m)

    @property
    def missing_design(self) -> float:
        """The same of which values are missing."""
        ref, cur = self.reference, self.current
        return joint_design(ref.missing_design, ref.rows, cur.missing_design, cur.rows)

    @cached_property
    def cumulative(self) -> tuple[Floats, Floats]:
        """Cumulative shares at the edges, reference and current."""
        return (
            np.cumsum(self.reference.counts)[:-1] / max(self.n, 1),
            np.cumsum(self.current.counts)[:-1] / max(self.m, 1),
        )

    @cached_property
    def singleton(self) -> NDArray[np.bool_]:
        return self.column.singleton

    @cached_property
    def deciles(self) -> tuple[Ints, Ints]:
        """Counts on the reference's deciles (at most 10 bins)."""
        return self._merged(self.reference.counts), self._merged(self.current.counts)

    def _merged(self, counts: Ints) -> Ints:
        starts = np.array([0, *(index + 1 for index in self.column.deciles)], dtype=np.int64)
        return np.add.reduceat(counts, starts)

    def level_counts(self, side: ColumnProfile) -> Ints:
        """A side's counts of categories, "other" last. Of an open column, counts by hash: its words were
        chosen for being frequent in the reference, so that any other rows have fewer of them."""
        return np.append(side.shapes[:-1], 0) if self.column.open else side.counts

    def fresh(self, side: ColumnProfile) -> int:
        """Values that the reference's sample has not, of those of ``side``."""
        return int(side.shapes[-1] if self.column.open else side.counts[-1])

    @cached_property
    def levels(self) -> tuple[Ints, Ints]:
        """Counts of categories with rare ones pooled, see ``pooled``."""
        return pooled(self.level_counts(self.reference), self.level_counts(self.current), self.design)

    @property
    def bins(self) -> tuple[Ints, Ints]:
        """The counts that PSI, Jensen-Shannon, Hellinger and chi-square are made of: deciles or levels."""
        return self.deciles if self.ordered else self.levels

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The least and greatest finite value of both."""
        edges = self.column.edges
        assert edges is not None
        low = min(self.reference.low, self.current.low, float(edges[0]))
        high = max(self.reference.high, self.current.high, float(edges[-1]))
        return low, high


_FEW_TO_TELL = 4096
_ONCE, _LEAST_PAIRS, _BEYOND_CHANCE = 1.05, 10, 3.0
_TELLING, _LEAST_MET = 3.0, 20.0


def paired(reference: TableProfile, current: TableProfile) -> list[ColumnPair]:
    """The columns of both, in the grid's order, with what their rows are worth: a batch of few rows is taken
    to hang together as the reference does, and rows that are repeated count once."""
    now, before = _repeats(current, reference), _repeats(reference, current)
    out = []
    for index, column in enumerate(reference.grid.columns):
        ref, cur = reference.column(index), current.column(index)
        least = (ref.design, ref.missing_design) if current.looked_at < _FEW_TO_TELL else (1.0, 1.0)
        # where the reference misses nothing, a block of missing rows is the shift, not how rows hang together
        own_missing = cur.missing_design if ref.missing else 1.0
        cur = replace(
            cur,
            design=_bounded(max(cur.design, least[0], now), cur.rows),
            missing_design=_bounded(max(own_missing, least[1], now), cur.rows),
        )
        ref = replace(
            ref,
            design=_bounded(max(ref.design, before), ref.rows),
            missing_design=_bounded(max(ref.missing_design, before), ref.rows),
        )
        out.append(ColumnPair(column, ref, cur))
    return out


def _repeats(own: TableProfile, other: TableProfile) -> float:
    """How often each row of ``own`` was repeated. Rows of few different values are the same by chance: as
    often as on the other side, or as the columns' values are the same independently of each other, or as the
    most telling column's are on the other side. Where both sides repeat rows, but not the same ones, neither
    says what chance is for the other."""
    pairs = own.same * own.looked_at**2 / 2
    if own.repeated <= _ONCE or pairs < _LEAST_PAIRS:
        return 1.0
    values = own.same_values
    by_chance = float(values.prod())
    if not _strangers(own, other):
        best = int(np.argmin(values))
        by_chance = max(by_chance, other.same, _same(other.column(best), own.grid.columns[best]))
    if own.same < _BEYOND_CHANCE * by_chance:
        return 1.0
    return 1 + (own.repeated - 1) * (1 - by_chance / own.same)


def _strangers(own: TableProfile, other: TableProfile) -> bool:
    """Whether the rows of ``own`` that repeat come from others than those of the other side: two halves of
    the columns that each tell its rows apart have other values there, and so has every single column that
    does. A catalogue's rows repeat on both sides and so do their values, even where one column changed."""
    values = own.same_values
    still = [i for i, column in enumerate(own.grid.columns) if 0 < values[i] < 1 and _stands_still(column)]
    if not len(own.repeating) or not len(other.repeating) or len(still) < 2:
        return False
    order = sorted(still, key=lambda at: float(values[at]))
    halves = (_apart(own, other, order[start::2]) for start in (0, 1))
    alone = (_apart(own, other, [at]) for at in order if values[at] <= _TELLING * own.same)
    return all(half is True for half in halves) and all(one is not False for one in alone)


def _stands_still(column: ColumnGrid) -> bool:
    """Whether a column's values do not move on by themselves, as those of clocks and counters do."""
    moves = column.ascending or column.onward or column.foreign
    return column.kind != "datetime" and column.role != "key" and not moves


def _apart(own: TableProfile, other: TableProfile, columns: list[int]) -> bool | None:
    """Whether rows of both sides have the same values in ``columns`` more seldom than rows of ``own`` do, by
    half of how often its rows repeat or more; None where too many of its own rows have them."""
    factors = np.random.default_rng(0).integers(1, 1 << 62, len(columns), dtype=np.uint64) * np.uint64(2) + 1
    own_counts, other_counts = (
        np.unique(side.repeating[:, columns].astype(np.uint64) @ factors, return_counts=True)
        for side in (own, other)
    )
    n, m = len(own.repeating), len(other.repeating)
    within = float((own_counts[1] * (own_counts[1] - 1.0)).sum()) / max(n * (n - 1), 1)
    if within > _TELLING * own.same or within * n * n < _LEAST_MET:
        return None
    _, at, to = np.intersect1d(own_counts[0], other_counts[0], assume_unique=True, return_indices=True)
    across = float((own_counts[1][at] * other_counts[1][to]).sum()) / (n * m)
    return across < within - own.same / 2


def _same(side: ColumnProfile, column: ColumnGrid) -> float:
    """How often two rows have the same value, of those values that have a bin of their own."""
    alone = column.singleton if column.edges is not None else np.arange(column.bins) < column.bins - 1
    total = int(side.counts.sum())
    return float(((side.counts[alone] / total) ** 2).sum()) if total else 0.0


def _bounded(design: float, rows: int) -> float:
    return min(design, max(rows / 2, 1.0))


def joint_design(a: float, n: int, b: float, m: int) -> float:
    """The design effect of a difference between n rows of effect a and m of effect b."""
    return (a / n + b / m) / (1 / n + 1 / m) if n and m else 1.0


def pooled(a: Ints, b: Ints, design: float = 1.0) -> tuple[Ints, Ints]:
    """Two count vectors whose last entry is "other", with every level whose expected count (of independent
    rows, ``design`` being worth one) is below 5 on either side added to "other". The choice looks at both
    together, so it favours neither."""
    n, m = int(a.sum()), int(b.sum())
    if not n or not m or len(a) < 2:
        return a, b
    together = a[:-1] + b[:-1]
    keep = together * min(n, m) / (n + m) >= POOL * design
    rest_a, rest_b = n - int(a[:-1][keep].sum()), m - int(b[:-1][keep].sum())
    if rest_a == rest_b == 0:
        return a[:-1][keep], b[:-1][keep]
    return np.append(a[:-1][keep], rest_a), np.append(b[:-1][keep], rest_b)


def quantile(column: ColumnGrid, profile: ColumnProfile, p: float) -> float | None:
    """The p-quantile as far as the grid tells it: exact where the bin is one value, straight between the
    bin's ends elsewhere, and after the bin's mean in the open outer bins. None without values."""
    edges: AnyArray | None = column.edges
    total = int(profile.counts.sum())
    if edges is None or not total:
        return None
    cumulative = np.cumsum(profile.counts)
    index = int(np.searchsorted(cumulative, max(p * total, 0.5), side="left"))
    low = max(float(edges[index - 1]), profile.low) if index > 0 else profile.low
    high = min(float(edges[index]), profile.high) if index < len(edges) else profile.high
    if not (np.isfinite(low) and np.isfinite(high)) or high <= low:
        return high if np.isfinite(high) else None
    inside = (p * total - (cumulative[index] - profile.counts[index])) / profile.counts[index]
    if edges.dtype.kind in "iu" and high - low <= 1:
        return high
    if index in column.exact and len(profile.sums):
        return float(profile.sums[index] / profile.counts[index])
    part = float(np.clip(inside, 0, 1))
    if index in (0, len(edges)) and len(profile.sums):
        return _in_open_bin(low, high, float(profile.sums[index] / profile.counts[index]), part)
    return low + (high - low) * part


def times_apart(column: ColumnGrid, reference: ColumnProfile, current: ColumnProfile) -> tuple[str, float]:
    """How far apart two medians of one sign are, in words ("the median is about 12 times") and as that
    number. Where the current one lies beyond the grid it is only estimated, so the means speak, which are
    exact."""
    before, now = quantile(column, reference, 0.5), quantile(column, current, 0.5)
    edges = column.edges
    if not before or not now or edges is None:
        return "", 1.0
    what, one, other = "median", before, now
    inside = now <= float(edges[-1]) if now > before else now > float(edges[0])
    means = _mean(reference), _mean(current)
    if not inside and means[0] * means[1] > 0:
        what, one, other = "mean", *means
    times = max(one / other, other / one)
    return f"the {what} is about {number(times, 2)} times", times


def _mean(profile: ColumnProfile) -> float:
    """The mean of the finite values; 0 without any."""
    total = int(profile.counts.sum())
    return float(profile.sums.sum()) / total if total and len(profile.sums) else 0.0


def _in_open_bin(low: float, high: float, mean: float, part: float) -> float:
    """The value at ``part`` (0 to 1) of an outer bin, which may span magnitudes: the power law that has the
    bin's mean, or steps of equal ratio where that law is too steep to be told from its ends."""
    if not low < mean < high:
        return low + (high - low) * part
    power = (high - low) / (mean - low) - 1
    if power > _STEEP and low > 0:
        return float(low * (high / low) ** part)
    return float(low + (high - low) * part**power)


def iqr(column: ColumnGrid, profile: ColumnProfile) -> float | None:
    """The interquartile range; where it is 0, the 5-95% range, then the whole range."""
    for low, high in ((0.25, 0.75), (0.05, 0.95), (0.0, 1.0)):
        a, b = quantile(column, profile, low), quantile(column, profile, high)
        if a is not None and b is not None and b > a:
            return b - a
    return None
