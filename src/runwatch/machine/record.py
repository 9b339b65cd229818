"""What the machine did while it was watched: its curves, kept in memory."""

from __future__ import annotations

import math
import threading

import numpy as np

from runwatch.domain.machine import Machine
from runwatch.domain.points import Points

MOST = 8_000
"""Looks that are kept; beyond it, of the older half every second one goes."""


class MachineRecord:
    """``note`` and ``points`` may be called on different threads."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._looks: list[dict[str, float]] = []
        self._lock = threading.Lock()

    def note(self, now: float, machine: Machine) -> None:
        """Keep what a look found."""
        with self._lock:
            self._times.append(now)
            self._looks.append(_values(machine))
            if len(self._times) > MOST:
                half = MOST // 2
                self._times = self._times[:half:2] + self._times[half:]
                self._looks = self._looks[:half:2] + self._looks[half:]

    def tags(self, since: float, until: float) -> tuple[str, ...]:
        """What was measured between two times (seconds since the epoch), in the order of the first look."""
        with self._lock:
            looks = list(zip(self._times, self._looks, strict=True))
        return tuple(dict.fromkeys(tag for at, look in looks if since <= at <= until for tag in look))

    def points(self, tag: str, since: float, until: float) -> Points:
        """One of its curves; the step is the second since the first point."""
        with self._lock:
            looks = list(zip(self._times, self._looks, strict=True))
        readings = [(at, look.get(tag, math.nan)) for at, look in looks if since <= at <= until]
        if not readings:
            return Points.empty()
        times = np.array([at for at, _ in readings])
        return Points.of((times - times[0]).astype(np.int64), [value for _, value in readings], times)


def _values(machine: Machine) -> dict[str, float]:
    values: dict[str, float] = {}
    if machine.cpu is not None:
        values["machine/cpu %"] = 100 * machine.cpu
    if machine.memory_total:
        values["machine/memory %"] = 100 * machine.memory_used / machine.memory_total
    for gpu in machine.gpus:
        name = f"machine/gpu {gpu.index}"
        used = gpu.memory_used
        share = 100 * used / gpu.memory_total if used is not None and gpu.memory_total else None
        for unit, value in (
            ("busy %", None if gpu.utilisation is None else 100 * gpu.utilisation),
            ("memory %", share),
            ("°C", gpu.temperature),
            ("W", gpu.power),
        ):
            if value is not None:
                values[f"{name} {unit}"] = value
    return values
