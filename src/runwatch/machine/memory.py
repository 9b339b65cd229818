"""Memory in use: of the control group that limits us where there is one, else of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from runwatch.machine.groups import memory_groups
from runwatch.machine.procfs import ProcFs, field_of, read_number, read_text

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
