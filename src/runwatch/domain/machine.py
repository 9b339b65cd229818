"""The machine as the board shows it. Sizes in bytes, shares in 0..1, times in seconds."""

from __future__ import annotations

import msgspec


class Disk(msgspec.Struct, frozen=True):
    """One mount; ``used`` + ``free`` is what a user may use, as df says."""

    mount: str
    used: int
    free: int
    inodes_free: float | None = None
    full_in: float | None = None
    """Seconds until full by the slope of the last hours, None when it isn't filling."""
    read_only: bool = False

    @property
    def percent(self) -> float:
        total = self.used + self.free
        return 100 * self.used / total if total else 0.0


class GpuProcess(msgspec.Struct, frozen=True):
    pid: int
    memory: int | None
    run: str | None = None


class Gpu(msgspec.Struct, frozen=True):
    index: int
    name: str
    utilisation: float | None
    memory_used: int | None
    memory_total: int | None
    temperature: float | None
    power: float | None
    throttled: bool = False
    processes: tuple[GpuProcess, ...] = ()
    idle_for: float | None = None


class Machine(msgspec.Struct, frozen=True):
    """``memory_*`` are the cgroup's where there is one. ``oom_kills``: since runwatch began to watch."""

    host: str
    cores: int
    load: tuple[float, float, float] | None
    cpu: float | None
    memory_used: int
    memory_total: int
    in_container: bool
    disks: tuple[Disk, ...]
    gpus: tuple[Gpu, ...] = ()
    pressure: tuple[tuple[str, float], ...] = ()
    oom_kills: int = 0
    notes: tuple[str, ...] = ()
