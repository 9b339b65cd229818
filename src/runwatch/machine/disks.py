"""The disks that matter: how full they are, and when they will be."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from runwatch.domain.machine import Disk
from runwatch.system.mounts import mount_point
from runwatch.system.timeouts import WithTimeout

_HISTORY, _EVERY = 6 * 3600.0, 60.0
_SPAN, _AT_LEAST = 600.0, 5
_SURE = 3.0
_HORIZON = 30 * 86400.0


def look_at(mount: str) -> tuple[int, Disk]:
    """The device and the state of a mount. ``free`` is what a user may still write, ``used`` + ``free`` what
    ``df`` calls the size. Raises OSError."""
    stat = os.statvfs(mount)
    used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
    inodes = stat.f_favail / stat.f_files if stat.f_files > 0 else None
    read_only = bool(stat.f_flag & os.ST_RDONLY)
    return os.stat(mount).st_dev, Disk(
        mount,
        used=used,
        free=stat.f_bavail * stat.f_frsize,
        inodes_free=inodes,
        full_in=None,
        read_only=read_only,
    )


class Filling:
    """The free bytes of a disk over the last six hours, at most one a minute."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, free: int) -> None:
        """What was free at ``now``; looks that come too soon after another are left out."""
        if self._seen and now < self._seen[-1][0]:
            self._seen.clear()
        if not self._seen or now - self._seen[-1][0] >= _EVERY:
            self._seen.append((now, free))
        while self._seen and now - self._seen[0][0] > _HISTORY:
            self._seen.popleft()

    def full_in(self, free: int) -> float | None:
        """Seconds until ``free`` is used up at the least-squares pace of the history; None: it does not
        shrink for sure (three standard errors), there is too little history, or it takes over a month."""
        if len(self._seen) < _AT_LEAST or self._seen[-1][0] - self._seen[0][0] < _SPAN:
            return None
        slope, error = _slope(self._seen)
        if slope >= 0 or -slope < _SURE * error:
            return None
        left = free / -slope
        return left if left < _HORIZON else None


def _slope(seen: Iterable[tuple[float, int]]) -> tuple[float, float]:
    """Bytes a second, and its standard error."""
    times, free = np.array(list(seen), dtype=np.float64).T
    (slope, _), covariance = np.polyfit(times - times[0], free, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))


class Disks:
    """The disks below the watched paths, each once, with their histories."""

    def __init__(self) -> None:
        self._disk_queries: WithTimeout[tuple[int, Disk]] = WithTimeout()
        self._mounts: WithTimeout[str] = WithTimeout()
        self._known: dict[str, str] = {}
        self._filling: dict[str, Filling] = {}

    def read(self, now: float, paths: Iterable[str]) -> tuple[Disk, ...]:
        """One disk for each device that holds one of ``paths``, in their order."""
        disks: dict[int, Disk] = {}
        mounts = {path: self._mount(path) for path in paths}
        self._known = {path: mount for path, mount in mounts.items() if mount}
        for mount in dict.fromkeys(mounts.values()):
            answer = self._disk_queries.ask(mount, lambda mount=mount: look_at(mount)) if mount else None  # type: ignore[misc]
            if answer is None:
                continue
            device, disk = answer
            counts_no_blocks = disk.used + disk.free == 0  # as FUSE and autofs may: it tells nothing
            if counts_no_blocks:
                continue
            if device not in disks:
                disks[device] = self._with_forecast(now, disk)
        return tuple(disks.values())

    def _mount(self, path: str) -> str:
        if path not in self._known:
            mount = self._mounts.ask(path, lambda: mount_point(path))
            return mount or ""
        return self._known[path]

    def _with_forecast(self, now: float, disk: Disk) -> Disk:
        filling = self._filling.setdefault(disk.mount, Filling())
        filling.note(now, disk.free)
        return replace(disk, full_in=filling.full_in(disk.free))

    @property
    def silent(self) -> tuple[str, ...]:
        """Mounts that do not answer."""
        return (*self._disk_queries.silent, *self._mounts.silent)
