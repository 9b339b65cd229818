"""Columns that tell when: they move on by themselves, so that only going back, leaps and placeholders far
from all other times are drift."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.profile import ColumnGrid
from runwatch.judge.drift.column_pair import ColumnPair, quantile
from runwatch.text.units import percent

_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "day": 1 / 86400}
_SPANS_AHEAD = 10.0
_YEAR = 366 * 86400.0
_DAY = 86400.0
_MONTH = 31 * _DAY
_PLACEHOLDERS = (-2_051_222_400.0, 4_733_510_400.0)  # before 1905, from 2120 on


class ClockShift(msgspec.Struct, frozen=True):
    """How a batch's times stand to the reference's."""

    on: bool
    """Whether the rest only moved on."""
    back: float
    """Share of its rows before the reference's first time by more than the reference's own span."""
    ahead: float
    """Share beyond the reference's last time by many spans."""
    first: str
    """The batch's, in words, as ``last``."""
    last: str


def is_clock(column: ColumnGrid) -> bool:
    """Whether the column's values grow with time: moments, no times of day or durations."""
    if column.edges is None or column.kind == "text":
        return False
    of_day = column.type.startswith(("time32", "time64", "duration")) or column.notation == "time"
    return column.kind == "datetime" and not of_day


def unit(column: ColumnGrid) -> str:
    """The unit that a clock is counted in: "s", "ms", "us", "ns", "day", "date" (numbers like 20260301, of
    more digits or fewer)."""
    if column.notation.startswith("epoch "):
        clock_unit = column.notation.removeprefix("epoch ")
        return clock_unit if clock_unit in _PER_SECOND and clock_unit != "day" else "date"
    if column.notation.startswith("moment"):
        return "us"
    if column.type.startswith("date32"):
        return "day"
    if column.type.startswith("date64"):
        return "ms"
    return column.type.removeprefix("timestamp[").partition("]")[0].partition(",")[0]


def seconds(column: ColumnGrid, value: float) -> float:
    """Seconds since the epoch of a clock's value."""
    clock_unit = unit(column)
    if clock_unit == "date":
        return _of_digits(str(int(max(value, 0.0))))
    return value / _PER_SECOND.get(clock_unit, 1.0)


def _of_digits(digits: str) -> float:
    """Seconds since the epoch of a date like 202603, 20260301 or 20260301143000."""
    year, *rest = int(digits[:4]), *(int(digits[at : at + 2] or 0) for at in range(4, 14, 2))
    month, day, hour, minute, second = rest
    try:
        return datetime(
            max(year, 1), max(month, 1), max(day, 1), hour, minute, min(second, 59), tzinfo=UTC
        ).timestamp()
    except ValueError:
        return (year - 1970) * 365.2425 * _DAY


def moment(column: ColumnGrid, value: float) -> str:
    """A clock's value in words: a date, with the time unless it is midnight."""
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds(column, value))
    except (OverflowError, ValueError):
        return f"the year {1970 + seconds(column, value) / (365.2425 * _DAY):,.0f}"
    return (
        when.strftime("%Y-%m-%d") if when.time() == datetime.min.time() else when.strftime("%Y-%m-%d %H:%M")
    )


def placeholders(pair: ColumnPair) -> NDArray[np.bool_]:
    """Which bins hold a placeholder of the reference: one exact value far from any time in use, such as
    9999-12-31 or 1900-01-01, in part of the rows. bool ``[bins]``."""
    marked = np.zeros(pair.column.bins, dtype=bool)
    edges = pair.column.edges
    if edges is None:
        return marked
    for at in np.flatnonzero(pair.singleton):
        value = seconds(pair.column, float(edges[at]))
        marked[at] = not _PLACEHOLDERS[0] <= value < _PLACEHOLDERS[1]
    if float(edges[0]) == pair.reference.low and pair.reference.counts[0]:
        marked[0] = seconds(pair.column, pair.reference.low) < _PLACEHOLDERS[0]
    return marked if 0 < int(pair.reference.counts[marked].sum()) < pair.n else np.zeros_like(marked)


def clock_shift(pair: ColumnPair) -> ClockShift:
    """Where the batch's times went, placeholders of the reference left out of both sides."""
    column, before, now = pair.column, pair.reference, pair.current
    marked = placeholders(pair)
    low, high = _range(pair, marked, before.low, before.high)
    span = seconds(column, high) - seconds(column, low)
    first, last = (seconds(column, value) for value in (now.low, now.high))
    back = ahead = 0.0
    if first < seconds(column, low) - max(span, _DAY) and not marked[0]:
        back = 1.0 if now.high < low else _excess(pair, 0)
    if not marked.any() and last > seconds(column, high) + max(_SPANS_AHEAD * span, _YEAR):
        far = first > seconds(column, high) + max(_SPANS_AHEAD * span, _YEAR)
        ahead = 1.0 if far else _far(pair, high)
    return ClockShift(
        _on(pair, marked, low, high),
        back=back,
        ahead=ahead,
        first=moment(column, now.low),
        last=moment(column, now.high),
    )


def _range(pair: ColumnPair, marked: NDArray[np.bool_], low: float, high: float) -> tuple[float, float]:
    """The reference's first and last time without its placeholders, to a bin."""
    edges = pair.column.edges
    if edges is None or not marked.any():
        return low, high
    used = np.flatnonzero((pair.reference.counts > 0) & ~marked)
    if not len(used):
        return low, high
    first, last = int(used[0]), int(used[-1])
    least = low if first == 0 else float(edges[first - 1])
    if last == len(edges):
        return least, high
    start = float(edges[last - 1]) if last else low
    mean = float(pair.reference.sums[last]) / float(pair.reference.counts[last])
    return least, min(float(edges[last]), 2 * mean - start)  # its upper edge may be the placeholder's own


def _nearer_than(pair: ColumnPair, first: float, high: float) -> bool:
    """Whether the batch does not begin at a last time that stands alone, as one "for ever" would."""
    if first < high:
        return True
    column, edges = pair.column, pair.column.edges
    assert edges is not None
    before = edges[(edges < high) & (np.append(pair.reference.counts, 0)[: len(edges)] > 0)]
    last = float(before[-1]) if len(before) else pair.reference.low
    gap = seconds(column, high) - seconds(column, last)
    return gap <= max(seconds(column, last) - seconds(column, pair.reference.low), _MONTH)


def _excess(pair: ColumnPair, at: int) -> float:
    """How much larger the batch's share of a bin is than the reference's."""
    return max(0.0, float(pair.current.counts[at]) / pair.m - float(pair.reference.counts[at]) / pair.n)


def _far(pair: ColumnPair, high: float) -> float:
    """At least this share lies far ahead: what the mean of the last bin's values needs, were all others at
    the reference's end and these at the batch's greatest."""
    count, total = int(pair.current.counts[-1]), float(pair.current.sums[-1])
    beyond = pair.current.high - high
    if not count or beyond <= 0 or not math.isfinite(total):
        return 0.0
    return min(1.0, max(0.0, (total / count - high) / beyond)) * count / pair.m


def _on(pair: ColumnPair, marked: NDArray[np.bool_], low: float, high: float) -> bool:
    """Whether the batch goes on where the reference ends, or nearly; where the reference's rows lie in order
    of these times, any later part of them will do."""
    column, now = pair.column, pair.current
    if now.low >= high and now.high > high:
        return True
    if column.onward and not marked.any() and now.low >= low and _nearer_than(pair, now.low, high):
        return True
    early, was = quantile(column, now, 0.01), quantile(column, pair.reference, 0.5)
    if not marked.any() and now.high > high and early is not None and was is not None and early >= was:
        return True
    late = (np.cumsum(pair.reference.counts) / max(pair.n, 1) > 0.99) & ~marked
    rest = pair.m - int(now.counts[marked].sum())
    heavy = pair.singleton & (pair.reference.counts > 0.02 * pair.n)
    late &= ~heavy
    if marked.any():
        edges = column.edges
        assert edges is not None
        late |= (np.append(edges, edges[-1]) > high) & ~marked
    return bool(rest and now.counts[late].sum() > 0.9 * rest)


def continues_reference(pair: ColumnPair) -> bool:
    """Whether whole numbers that rise with the reference's rows go on where it ends, or near there."""
    column, before, now = pair.column, pair.reference, pair.current
    if not column.onward or column.kind != "numeric" or now.high <= before.high:
        return False
    first, last = quantile(column, now, 0.01), quantile(column, before, 0.99)
    near = now.low <= before.high + _SPANS_AHEAD * (before.high - before.low)
    return near and first is not None and last is not None and first >= last


def sentence(pair: ColumnPair) -> str:
    """What is wrong with the batch's times."""
    shift = clock_shift(pair)
    if shift.back >= 1 or shift.ahead >= 1:
        way = "before the reference's first" if shift.back >= 1 else "far beyond the reference's last"
        return f"every time lies {way}: {shift.first} to {shift.last}"
    if shift.back >= shift.ahead and shift.back:
        return (
            f"{percent(shift.back, 1)} of the times lie before the reference's first, down to {shift.first}"
        )
    if shift.ahead:
        return (
            f"{percent(shift.ahead, 1)} of the times lie far beyond the reference's last, up to {shift.last}"
        )
    return ""
