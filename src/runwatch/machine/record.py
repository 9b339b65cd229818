"""What the machine did while it was watched: its curves."""

from __future__ import annotations

import math
import threading

import msgspec
import numpy as np

from runwatch.domain.codec import from_bytes, to_bytes
from runwatch.domain.machine import Machine
from runwatch.domain.points import Points

MOST = 8_000
"""Looks that are kept; beyond it, of the older half every second one goes."""


class _KeptCurves(msgspec.Struct, frozen=True):
    """Times and values as little-endian arrays of 8 and 4 bytes an element; NaN: not measured."""

    times: bytes
    curves: dict[str, bytes]


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

    def to_bytes(self) -> bytes:
        """All of it, for another session."""
        with self._lock:
            times, looks = list(self._times), list(self._looks)
        tags = dict.fromkeys(tag for look in looks for tag in look)
        curves = {
            tag: np.array([look.get(tag, math.nan) for look in looks], dtype="<f4").tobytes() for tag in tags
        }
        return to_bytes(_KeptCurves(np.array(times, dtype="<f8").tobytes(), curves))

    def take(self, kept: bytes) -> None:
        """Put what an earlier session kept before what was measured in this one, with a gap between them.
        What makes no sense is passed over."""
        try:
            found = from_bytes(_KeptCurves, kept)
            times = np.frombuffer(found.times, dtype="<f8")
            curves = {tag: np.frombuffer(body, dtype="<f4") for tag, body in found.curves.items()}
        except ValueError:
            return
        if not len(times) or any(len(values) != len(times) for values in curves.values()):
            return
        looks = [
            {tag: float(values[i]) for tag, values in curves.items() if math.isfinite(values[i])}
            for i in range(len(times))
        ]
        with self._lock:
            self._times = [*times.tolist(), float(times[-1]) + 1.0, *self._times]
            self._looks = [*looks, {}, *self._looks]

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
