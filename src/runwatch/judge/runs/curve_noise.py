"""What a learning curve says of its own noise. It is noise within a run, not between seeds."""

from __future__ import annotations

import numpy as np

from runwatch.domain.points import FloatArray, Points

_FEWEST = 5
_LAST = 500


def noise_of(values: FloatArray) -> float | None:
    """1.4826 MAD of the first differences over sqrt 2, of the last 500 values at most; None below 5."""
    known = values[-_LAST:]
    known = known[np.isfinite(known)]
    if len(known) < _FEWEST:
        return None
    steps = np.diff(known)
    centred = np.abs(steps - np.median(steps))
    return float(1.4826 * np.median(centred) / np.sqrt(2))


def value_at(points: Points, step: int) -> tuple[float, int] | None:
    """(value, step) of the last point that is not past ``step``; ``points`` in step order."""
    place = int(np.searchsorted(points.steps, step, side="right")) - 1
    return None if place < 0 else (float(points.values[place]), int(points.steps[place]))
