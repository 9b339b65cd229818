"""A disk that will be full before somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import host_finding, is_open
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import duration, size

NAME = "disk-full-soon"
DESCRIPTION = "At its recent rate a disk will be full within a day, or before the next morning."
DEFAULTS: Mapping[str, object] = {"within": "24h", "morning_hour": 9}
HOLD, KEEP, MANY = 120.0, _KEEP, ""
SUBJECTS = ("host",)
WORDS = ("disk full soon", "disk full soon")
PLAIN = "A disk will be full soon: {part}."

_MARGIN = 1.2


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical when it is full before the next morning (a fifth of margin), a warning within a day; an open
    one clears at 1.2 times that."""
    for disk in situation.machine.disks if situation.machine is not None else ():
        if disk.full_in is None:
            continue
        night = _until_morning(situation.now, int(number(options, "morning_hour")))
        severity: Severity = "critical" if disk.full_in < _MARGIN * night else "warning"
        finding = host_finding(
            situation,
            NAME,
            severity,
            disk.mount,
            f"{safe(disk.mount)} is full in about {duration(disk.full_in)} ({size(disk.free)} free)",
            f"Disk {safe(disk.mount)} is filling up",
            "See what grows (checkpoints, logs, caches); delete or move some of it before you leave.",
            evidence={"full_in_seconds": disk.full_in, "free": disk.free},
        )
        limit = max(number(options, "within"), _MARGIN * night)
        if disk.full_in < limit * (_MARGIN if is_open(situation, finding) else 1.0):
            yield finding


def _until_morning(now: float, hour: int) -> float:
    """Seconds until the next ``hour`` o'clock, in local time; a day may have 23 or 25 hours."""
    moment = datetime.fromtimestamp(now)
    morning = moment.replace(hour=hour % 24, minute=0, second=0, microsecond=0)
    if morning <= moment:
        morning += timedelta(days=1)
    return morning.timestamp() - now
