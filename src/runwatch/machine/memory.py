"""Memory: the machine's, or that of the control groups (versions 1 and 2) which limit this process, and what
the kernel killed for lack of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from runwatch.machine.procfs import ProcFs, field_of

_SUBTREES = 64
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
    for group in _groups(places):
        limited = _of_group(places, group)
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
    if not places.here:
        return 0, 0
    import psutil

    memory = psutil.virtual_memory()
    return memory.total - memory.available, memory.total


def _of_group(places: ProcFs, group: Path) -> MemoryUse | None:
    for limit_file, usage_file, cache_field in _VERSIONS:
        limit, usage = places.number(group / limit_file), places.number(group / usage_file)
        if limit is not None and usage is not None:
            cache = field_of(places.read(group / "memory.stat"), cache_field) or 0
            return MemoryUse(max(usage - cache, 0), limit, True)
    return None


_FILES = ("memory.events", "memory.oom_control")
_READ = (*_FILES, "memory.stat", *(name for limit, usage, _ in _VERSIONS for name in (limit, usage)))


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
            for group in _groups(places):
                for name in _FILES:
                    count = field_of(places.read(group / name), "oom_kill")
                    if count is not None:
                        return str(group / name), count
        return "vmstat", field_of(places.text("vmstat"), "oom_kill")


def _groups(places: ProcFs) -> tuple[Path, ...]:
    """The folders of this process's memory group and of those above it, innermost first; a container that
    sees only its own part of the tree shows it at the top."""
    hierarchy, path = _membership(places)
    if hierarchy is None:
        return ()
    folders = [hierarchy]
    for part in path.split("/")[:_SUBTREES] if ".." not in path else ():
        if part:
            folders.append(folders[-1] / part)
    places.prepare(folder / name for folder in folders for name in _READ)
    return tuple(reversed(folders))


def _membership(places: ProcFs) -> tuple[Path | None, str]:
    """The mount of the memory hierarchy, and our path in it."""
    unified: tuple[Path, str] | None = None
    for line in (places.text("self", "cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            return places.cgroups / "memory", path
        if number == "0" and not controllers:
            unified = places.cgroups, path
    return unified if unified is not None else (None, "")
