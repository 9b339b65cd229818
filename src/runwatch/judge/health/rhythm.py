"""How often a run writes, and when its silence means something."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Literal, NamedTuple

from runwatch.domain.health import HealthSign
from runwatch.text.units import duration

_REMEMBERED = 200
_MEDIANS, _PAUSES, _FLOOR = 30.0, 3.0, 600.0
_PAUSE_FACTOR = 5.0

Silence = Literal["none", "quiet", "stalled"]


class Quiet(NamedTuple):
    """A run's silence: what it is called, for how many seconds, past which threshold."""

    word: Silence
    seconds: float
    threshold: float


class Rhythm:
    """The times at which a run wrote anything (a step, a log line, a checkpoint), in bounded memory."""

    __slots__ = ("_intervals", "last", "longest")

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self.last: float | None = None
        self.longest = 0.0

    def beat(self, at: float) -> None:
        """A write at ``at`` (seconds); one that is not later than the last says nothing."""
        if self.last is not None:
            if at <= self.last:
                return
            self._intervals.append(at - self.last)
            self.longest = max(self.longest, at - self.last)
        self.last = at

    def shift(self, by: float) -> None:
        """The clock was set, or the machine slept for so many seconds, which were no silence."""
        if self.last is not None:
            self.last += by

    @property
    def usual(self) -> float | None:
        """The median of the last 200 intervals; None before there is one."""
        return median(self._intervals) if self._intervals else None

    @property
    def has_paused(self) -> bool:
        """Whether a pause (five usual intervals) has been seen: an evaluation, a checkpoint."""
        return bool(self._intervals) and self.longest > _PAUSE_FACTOR * median(self._intervals)

    def threshold(self, earlier: float = 0.0) -> float:
        """The silence past which a run counts as stalled: the most of 30 usual intervals, three times the
        longest pause, 600 s. ``earlier``: the longest pause of earlier runs of the same project counts as
        seen."""
        return max(_MEDIANS * (self.usual or 0.0), _PAUSES * max(self.longest, earlier), _FLOOR)

    def silence(
        self,
        now: float,
        *,
        earlier: float = 0.0,
        process_gone: bool = False,
        gpu_idle: bool = False,
        fixed: float | None = None,
    ) -> Quiet:
        """What the silence at ``now`` is. Before a first pause has been seen (in this run or, by
        ``earlier``, in its project) it is only "quiet", unless the process is gone or its GPU idles.
        ``fixed``: the configured ``stalled_after``, which answers alone."""
        seconds = max(now - self.last, 0.0) if self.last is not None else 0.0
        limit = self.threshold(earlier) if fixed is None else fixed
        if self.last is None or seconds <= limit:
            return Quiet("none", seconds, limit)
        sure = fixed is not None or self.has_paused or earlier > 0 or process_gone or gpu_idle
        return Quiet("stalled" if sure else "quiet", seconds, limit)


def stall_sign(quiet: Quiet, last_step: int | None) -> HealthSign | None:
    """The sign of a silence: info while only quiet, a warning past the threshold, critical past three of
    them; None while there is none."""
    if quiet.word == "none":
        return None
    how = "silent" if quiet.word == "stalled" else "quiet"
    usual = f"longer than {duration(quiet.threshold)}, which never happened before"
    summary = f"{how} for {duration(quiet.seconds)}, {usual}"
    evidence = {"silent": quiet.seconds, "threshold": quiet.threshold, "word": quiet.word}
    if quiet.word == "quiet":
        return HealthSign(
            "stalled",
            severity="info",
            tag="",
            first_step=last_step,
            last_step=last_step,
            summary=summary,
            evidence=evidence,
        )
    late = quiet.seconds > 3 * quiet.threshold
    severity: Literal["critical", "warning"] = "critical" if late else "warning"
    return HealthSign(
        "stalled",
        severity=severity,
        tag="",
        first_step=last_step,
        last_step=last_step,
        summary=summary,
        evidence=evidence,
    )
