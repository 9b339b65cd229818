"""Where a slow series (a nightly metric, a throughput, a data volume) changed its level."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from runwatch.domain.points import FloatArray

_BASE, _AT_LEAST = 20, 8
_SLACK, _LIMIT = 0.5, 5.0
_DAY, _WEEK = 86400.0, 7 * 86400.0
_WEEKS = 4


class Change(NamedTuple):
    """A change of level: the point at which it was sure, that at which it began, and which way."""

    index: int
    began: int
    direction: Literal["up", "down"]


def change_points(values: ArrayLike, times: ArrayLike | None = None) -> tuple[Change, ...]:
    """The changes of level of ``values`` (n,), oldest first; non-finite values are passed over.

    Two one-sided CUSUMs (Page 1954; k = 0.5, h = 5) on residuals from the median of the last 20 values
    before, in units of their robust scale; with ``times`` (seconds since the epoch) and four weeks of
    values, from the median of the same weekday. After a change the baseline is learned anew."""
    series = np.asarray(values, dtype=np.float64)
    clock = None if times is None else np.asarray(times, dtype=np.float64)
    found: list[Change] = []
    start = begin_up = begin_down = 0
    up = down = 0.0
    for i in range(len(series)):
        if not np.isfinite(series[i]):
            continue
        residual = _residual(series, clock, start, i, up, down, min(begin_up, begin_down))
        if residual is None:
            continue
        begin_up = i if up <= 0 else begin_up
        begin_down = i if down <= 0 else begin_down
        up, down = max(0.0, up + residual - _SLACK), max(0.0, down - residual - _SLACK)
        if max(up, down) > _LIMIT:
            began = begin_up if up >= down else begin_down
            found.append(Change(i, began, "up" if up >= down else "down"))
            start, up, down = began, 0.0, 0.0
    return tuple(found)


def _residual(
    series: FloatArray, clock: FloatArray | None, start: int, i: int, up: float, down: float, begun: int
) -> float | None:
    """The standardised distance of point ``i`` from its base; points under suspicion stay out of it."""
    stop = begun if max(up, down) > 0 and begun > start + _AT_LEAST else i
    base = series[start:stop]
    if clock is not None and i and clock[i] - clock[start] >= _WEEKS * _WEEK:
        days = np.round((clock[i] - clock[start:stop]) / _DAY)
        same = base[(days % 7 == 0) & (days <= _WEEKS * 7)]
        level = float(np.median(same[np.isfinite(same)])) if np.isfinite(same).sum() >= 3 else None
    else:
        level = None
    base = base[np.isfinite(base)][-_BASE:]
    if len(base) < _AT_LEAST:
        return None
    middle = float(np.median(base)) if level is None else level
    scale = 1.4826 * float(np.median(np.abs(base - np.median(base))))
    gap = float(series[i]) - middle
    if scale == 0:
        scale = max(1e-9, 1e-3 * abs(middle))
    return float(np.clip(gap / scale, -_LIMIT, _LIMIT))
