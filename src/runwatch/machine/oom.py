"""How many processes the kernel has killed for lack of memory since we began to watch."""

from __future__ import annotations

from runwatch.machine.groups import memory_groups
from runwatch.machine.procfs import ProcFs, field_of, read_text

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
