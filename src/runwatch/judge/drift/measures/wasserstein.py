"""Wasserstein-1 distance in the column's units (for times and durations: seconds) from counts and sums: a
lower bound, exact but for bins in which the two distribution functions cross."""

from __future__ import annotations

import numpy as np

from runwatch.domain.profile import ColumnGrid, ColumnProfile, Floats
from runwatch.judge.drift.column_pair import ColumnPair

NAME = "wasserstein"
LABEL = "Wasserstein"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "day": 86_400.0}


def measure(pair: ColumnPair) -> float | None:
    if pair.column.edges is None:
        return None
    low, high = pair.ends
    points = np.concatenate([[low], pair.column.edges.astype(np.float64), [high]])
    with np.errstate(over="ignore", invalid="ignore"):
        areas = [_areas(side, points) for side in (pair.reference, pair.current)]
        if areas[0] is None or areas[1] is None:
            return None
        return float(np.abs(areas[0] - areas[1]).sum()) * _seconds(pair.column)


def _seconds(column: ColumnGrid) -> float:
    """Seconds in one unit of a time or duration, 1 for all else. Text that was declared to be times is held
    in microseconds."""
    for unit, seconds in _SECONDS.items():
        if f"[{unit}" in column.type:
            return seconds
    return _SECONDS["us"] if column.kind == "datetime" and "string" in column.type else 1.0


def _areas(profile: ColumnProfile, points: Floats) -> Floats | None:
    """The integral of the distribution function over each bin; infinite values are left out."""
    counts = profile.counts.copy()
    counts[0] -= profile.neg_inf
    counts[-1] -= profile.pos_inf
    total = counts.sum()
    if not total:
        return None
    before = (np.cumsum(counts) - counts) / total
    areas: Floats = before * np.diff(points) + (counts * points[1:] - profile.sums) / total
    return areas
