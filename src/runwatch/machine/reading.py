"""The machine at one moment: memory, processor, disks, GPUs and the processes that the kernel killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from runwatch.domain.machine import Gpu, Machine
from runwatch.machine.disks import Disks
from runwatch.machine.drm import drm_gpus
from runwatch.machine.gpus import Gpus
from runwatch.machine.groups import memory_groups
from runwatch.machine.load import CpuMeter, cores, load_average, pressure
from runwatch.machine.processes import run_of_pid
from runwatch.machine.procfs import ProcFs, field_of, read_number, read_text
from runwatch.text.safe import safe


class MachineReader:
    """Reads the machine again and again; what only a history tells (the pace at which disks fill, kills, idle
    times, processor use) counts from the first reading. Not for two threads at once."""

    def __init__(self, host: str, places: ProcFs | None = None, nvml: object = None) -> None:
        self._host = host
        self._places = places or ProcFs()
        self._disks, self._gpus = Disks(), Gpus(nvml)
        self._cpu, self._kills = CpuMeter(), KillCounter()

    def read(self, now: float, paths: Iterable[str], pids: Mapping[int, str] | None = None) -> Machine:
        """The machine at ``now``. ``paths``: whose disks matter (roots, checkpoint folders); the temporary
        folder and the home are added. ``pids``: the run id of each run's process."""
        of_runs = pids or {}
        memory = memory_use(self._places)
        return Machine(
            host=self._host,
            cores=cores(),
            load=load_average(),
            cpu=self._cpu.share(self._places),
            memory_used=memory.used,
            memory_total=memory.total,
            in_container=memory.limited,
            disks=self._disks.read(now, (*paths, tempfile.gettempdir(), os.path.expanduser("~"))),
            gpus=self._all_gpus(now, of_runs),
            pressure=pressure(self._places),
            oom_kills=self._kills.rise(self._places, memory.limited),
            notes=self._notes(),
        )

    def _all_gpus(self, now: float, of_runs: Mapping[int, str]) -> tuple[Gpu, ...]:
        nvidia = self._gpus.read(now, lambda pid: run_of_pid(pid, of_runs))
        return (*nvidia, *drm_gpus(len(nvidia), self._places.drm))

    def _notes(self) -> tuple[str, ...]:
        notes = [f"{safe(mount)} does not answer" for mount in self._disks.silent]
        if not self._places.proc.is_dir():
            notes.append("no /proc here: pressure and kills for lack of memory are not known")
        return tuple(notes)


# group files by version: limit, usage, the statistic of cache that is given back on demand
_VERSIONS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class MemoryUse(NamedTuple):
    """Bytes in use and in all; ``limited``: they are a control group's."""

    used: int
    total: int
    limited: bool


def memory_use(places: ProcFs) -> MemoryUse:
    """The tightest of the machine and of the groups above us. Cache that the kernel would give back at once
    does not count as used (as ``docker stats`` and the kubelet count)."""
    used, total = _of_machine(places)
    best = MemoryUse(used, total, False)
    for group in memory_groups(places):
        limited = _of_group(group)
        if limited is not None and 0 < limited.total < total:
            room = limited.total - limited.used
            if not best.limited or room < best.total - best.used:
                best = limited
    return best


def _of_machine(places: ProcFs) -> tuple[int, int]:
    text = places.text("meminfo")
    total, available = field_of(text, "MemTotal"), field_of(text, "MemAvailable")
    if total is not None and available is not None:
        return (total - available) * 1024, total * 1024
    import psutil

    memory = psutil.virtual_memory()
    return memory.total - memory.available, memory.total


def _of_group(group: Path) -> MemoryUse | None:
    for limit_file, usage_file, cache_field in _VERSIONS:
        limit, usage = read_number(group / limit_file), read_number(group / usage_file)
        if limit is not None and usage is not None:
            cache = field_of(read_text(group / "memory.stat"), cache_field) or 0
            return MemoryUse(max(usage - cache, 0), limit, True)
    return None


_FILES = ("memory.events", "memory.oom_control")


class KillCounter:
    """Counts from its first look on. In a container the machine's own count is other people's too, so the
    control group's is taken where it has one."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def rise(self, places: ProcFs, limited: bool) -> int:
        """Kills since the first look; 0 where nothing counts them."""
        source, count = self._count(places, limited)
        if count is None:
            return 0
        first = self._first.setdefault(source, count)
        return max(count - first, 0)

    def _count(self, places: ProcFs, limited: bool) -> tuple[str, int | None]:
        if limited:
            for group in memory_groups(places):
                for name in _FILES:
                    count = field_of(read_text(group / name), "oom_kill")
                    if count is not None:
                        return str(group / name), count
        return "vmstat", field_of(places.text("vmstat"), "oom_kill")
