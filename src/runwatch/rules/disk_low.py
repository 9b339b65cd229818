"""Little room on a disk that matters, or no room for a run's next checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.machine import Disk
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.domain.tree import is_below
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import host_finding, is_open, run_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import percent, size

NAME = "disk-low"
DESCRIPTION = "A disk is nearly full, short of inodes, or too full for a run's next checkpoint."
DEFAULTS: Mapping[str, object] = {
    "warning_percent": 10.0,
    "critical_percent": 5.0,
    "warning_gb": 20.0,
    "critical_gb": 5.0,
}
HOLD, KEEP, MANY = 120.0, _KEEP, ""
SUBJECTS = ("host",)
WORDS = ("disk low", "disk low")
PLAIN = "A disk is nearly full: {part}."

_CLEARS = 1.2
_INODES = 0.05
_CHECKPOINT = 1.5
_GB = 1e9


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """By share and by size free; an open one clears only at 1.2 times what it fires at (12% for 10%)."""
    if situation.machine is None:
        return
    for disk in situation.machine.disks:
        yield from _of_disk(situation, disk, options)
        if disk.inodes_free is not None and disk.inodes_free < _INODES:
            yield _inodes(situation, disk)
    for run in situation.runs:
        if run.status == "running":
            yield from _checkpoint(run, situation.machine.disks)


def _of_disk(situation: Situation, disk: Disk, options: Mapping[str, object]) -> Iterator[Finding]:
    severity = _severity(disk, options, 1.0)
    finding = host_finding(
        situation,
        NAME,
        severity or "warning",
        disk.mount,
        f"{safe(disk.mount)} has {size(disk.free)} free ({percent(disk.free / _total(disk))})",
        f"Disk {safe(disk.mount)} is nearly full",
        "Delete old checkpoints and caches first; a run that cannot write its checkpoint is lost.",
        evidence={"free": disk.free, "used": disk.used, "free_percent": 100 * disk.free / _total(disk)},
    )
    if severity is not None or (is_open(situation, finding) and _severity(disk, options, _CLEARS)):
        yield finding


def _severity(disk: Disk, options: Mapping[str, object], factor: float) -> Severity | None:
    share = 100 * disk.free / _total(disk)
    levels: tuple[Severity, ...] = ("critical", "warning")
    for level in levels:
        if share < factor * number(options, f"{level}_percent"):
            return level
        limit = _GB * number(options, f"{level}_gb")
        if disk.free < factor * limit and _total(disk) >= 2 * limit:
            return level
    return None


def _total(disk: Disk) -> int:
    return max(disk.used + disk.free, 1)


def _inodes(situation: Situation, disk: Disk) -> Finding:
    return host_finding(
        situation,
        NAME,
        "warning",
        f"{disk.mount} inodes",
        f"{safe(disk.mount)} has {percent(disk.inodes_free)} of its inodes left",
        f"Disk {safe(disk.mount)} is short of inodes",
        "Many small files use them up: pack or delete old logs, caches and exploded data sets.",
        evidence={"inodes_free": disk.inodes_free},
    )


def _checkpoint(run: Run, disks: tuple[Disk, ...]) -> Iterator[Finding]:
    last = max(run.checkpoints, key=lambda checkpoint: checkpoint.mtime, default=None)
    holds = [disk for disk in disks if is_below(run.root, disk.mount)]
    disk = max(holds, key=lambda disk: len(disk.mount), default=None)
    if last is None or disk is None or disk.free >= _CHECKPOINT * last.size:
        return
    yield run_finding(
        run,
        NAME,
        "critical",
        f"the next checkpoint (about {size(last.size)}) does not fit: {size(disk.free)} free",
        f"No room for the next checkpoint of {safe(run.title)}",
        "Free space now, before it is written: delete older checkpoints of this run or others.",
        subject="next checkpoint",
        evidence={"checkpoint": last.size, "free": disk.free, "mount": disk.mount},
    )
