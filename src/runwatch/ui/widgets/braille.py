"""Curves as braille dots: each cell is 2 x 4 dots. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
Cells = NDArray[np.uint8]


def reduced(x: FloatArray, y: FloatArray, dots: int) -> tuple[FloatArray, FloatArray]:
    """At most four points a dot column (first, least, greatest, last), in order: the drawn line looks the
    same as with all points. ``x`` in dots, ascending; NaN in ``y`` is a gap and a gap stays one."""
    if len(x) <= 4 * dots:
        return x, y
    column = np.floor(x).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[starts[1:], len(x)] - 1
    low, high = np.where(np.isnan(y), np.inf, y), np.where(np.isnan(y), -np.inf, y)
    least, most = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    dead = ~np.isfinite(least)
    least[dead], most[dead] = np.nan, np.nan
    ys = np.stack([y[starts], least, most, y[ends]], axis=1)
    partly = np.isnan(ys).any(axis=1) & ~dead
    ys[partly] = np.stack([least, most, least, most], axis=1)[partly]
    return np.repeat(x[starts], 4), ys.ravel()


def rasterised(x: FloatArray, y: FloatArray, width: int, height: int) -> Cells:
    """The polyline through (x, y), in dots from the top left, as ``height`` x ``width`` cells of dot bits.
    NaN breaks it; a lone point is one dot; what is outside is cut."""
    dots = np.zeros((height * 4, width * 2), dtype=bool)
    finite = np.isfinite(x) & np.isfinite(y)
    _plot(dots, x[finite], y[finite])
    if len(x) > 1:
        joined = np.flatnonzero(finite[1:] & finite[:-1])
        x0, y0, dx, dy = x[joined], y[joined], x[joined + 1] - x[joined], y[joined + 1] - y[joined]
        steps = np.minimum(np.ceil(np.maximum(np.abs(dx), np.abs(dy))), 4 * (width + height)).astype(np.int64)
        total = int(steps.sum())
        if total:
            which = np.repeat(np.arange(len(joined)), steps)
            part = (np.arange(total) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[which]
            _plot(dots, x0[which] + part * dx[which], y0[which] + part * dy[which])
    return packed(dots)


def _plot(dots: NDArray[np.bool_], x: FloatArray, y: FloatArray) -> None:
    columns, rows = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    dots[rows[inside], columns[inside]] = True


def packed(dots: NDArray[np.bool_]) -> Cells:
    """A field of dots (4h x 2w) as h x w cells of dot bits."""
    height, width = dots.shape[0] // 4, dots.shape[1] // 2
    split = dots.reshape(height, 4, width, 2)
    return np.asarray((split * _BITS[None, :, None, :]).sum(axis=(1, 3)), dtype=np.uint8)


def filled(tops: FloatArray, height: int) -> Cells:
    """Columns of dots filled from the bottom up: ``tops`` is one height (in dots) a dot column, an even
    number of them."""
    level = np.arange(height * 4, 0, -1)[:, None]
    return packed(level <= np.nan_to_num(tops)[None, :])
