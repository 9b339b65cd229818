"""A source's own rhythm: how often its batches come, and whether the next one is late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_KNOWN = 4
_SHORTEST = 60.0


def expected_every(times: Sequence[float]) -> float | None:
    """The median gap of the last 20 arrivals, seconds; None with fewer than 4 gaps, or when they came within
    a minute of one another (copied at once, so the times tell nothing)."""
    gaps = np.diff(np.sort(np.asarray(times, dtype=np.float64)))[-20:]
    if len(gaps) < _KNOWN:
        return None
    usual = float(np.median(gaps))
    return usual if usual >= _SHORTEST else None


class Arrival(NamedTuple):
    """When the next batch is ``due``, and from when on it is ``late``: seconds since the epoch."""

    due: float
    late: float


def next_arrival(times: Sequence[float], every: float | None = None) -> Arrival | None:
    """When the next batch is due, its usual unsteadiness allowed for: it is late by the greater of half a gap
    and three scaled median deviations past the usual gap. ``every``: the gap in seconds by agreement, of
    which half is allowed on top. None for a source without a known rhythm."""
    if not len(times):
        return None
    last = max(times)
    if every is not None:
        return Arrival(last + every, last + 1.5 * every)
    usual = expected_every(times)
    if usual is None:
        return None
    gaps = np.diff(np.sort(np.asarray(times, dtype=np.float64)))[-20:]
    spread = 1.4826 * float(np.median(np.abs(gaps - usual)))
    allowed = max(usual + max(0.5 * usual, 3 * spread), float(gaps.max()) if len(gaps) >= 10 else 0.0)
    return Arrival(last + usual, last + allowed)


def late_by(times: Sequence[float], now: float, every: float | None = None) -> float | None:
    """Seconds past the moment when the next batch was due; None when it is not late."""
    expected = next_arrival(times, every)
    return now - expected.due if expected is not None and now > expected.late else None
