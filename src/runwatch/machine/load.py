"""Processors: how many we may use, how busy they are, and how long work waits."""

from __future__ import annotations

import os

from runwatch.machine.procfs import ProcFs, is_count

_PRESSURES = ("memory", "io", "cpu")


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average() -> tuple[float, float, float] | None:
    """Over 1, 5 and 15 minutes; None where the system has none."""
    try:
        return os.getloadavg()
    except OSError:
        return None


def pressure(places: ProcFs) -> tuple[tuple[str, float], ...]:
    """Percent of the last minute in which some work waited for memory, io and cpu, where the kernel tells."""
    shares = []
    for name in _PRESSURES:
        for line in (places.text("pressure", name) or "").splitlines():
            words = dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)
            if line.startswith("some ") and "avg60" in words:
                shares.append((name, _float(words["avg60"])))
    return tuple(shares)


class CpuMeter:
    """The share of all processors' time that was busy between two looks."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def share(self, now: tuple[float, float] | None) -> float | None:
        """0..1 since the look before; None at the first. ``now``: as ``processor_times`` gives it."""
        last, self._last = self._last, now
        if now is None or last is None or now[1] <= last[1]:
            return None
        return min(max((now[0] - last[0]) / (now[1] - last[1]), 0.0), 1.0)


def processor_times(places: ProcFs) -> tuple[float, float] | None:
    """(busy, all) time so far, of all processors together."""
    for line in (places.text("stat") or "").splitlines():
        words = line.split()
        if words and words[0] == "cpu" and len(words) >= 6 and all(map(is_count, words[1:9])):
            spent = list(map(float, words[1:9]))
            return sum(spent) - spent[3] - spent[4], sum(spent)
    if not places.here:
        return None
    import psutil

    times = psutil.cpu_times()
    total = float(sum(times[:4]))
    return total - float(times.idle), total


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
