"""Time by the wall clock, which people and networks set."""

from __future__ import annotations

_DRIFT_S = 10.0


def elapsed(since: float, now: float) -> float:
    """Seconds between two times, whichever is the later one. What is due every so often would otherwise rest
    for an hour when the clock is set back by one."""
    return abs(now - since)


class ClockJumps:
    """Tells when the wall clock was set, or the machine slept: on Linux the monotonic clock sleeps too."""

    def __init__(self) -> None:
        self._apart: float | None = None

    def jump(self, clock: float, now: float) -> float:
        """By how many seconds the wall clock (``now``) has moved against the monotonic one (``clock``) since
        the last call; 0 while it only drifts."""
        before, self._apart = self._apart, now - clock
        moved = 0.0 if before is None else self._apart - before
        return moved if abs(moved) > _DRIFT_S else 0.0
