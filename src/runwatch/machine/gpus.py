"""GPUs through NVIDIA's management library, where it and its Python binding are there."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from runwatch.domain.machine import Gpu, GpuProcess

_IDLE = 0.05
# slowed down by hardware (0x8), software heat (0x20), hardware heat (0x40) or the power brake (0x80)
_THROTTLED = 0x08 | 0x20 | 0x40 | 0x80

RunOf = Callable[[int], str | None]
Nvml = Any
"""The binding (pynvml) and its handles."""


class IdleTimes:
    """For how long every look has found a GPU below 5% busy."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def of(self, now: float, index: int, utilisation: float | None) -> float | None:
        """Seconds; None: it is not idle."""
        if utilisation is None or utilisation >= _IDLE:
            self._since.pop(index, None)
            return None
        return max(now - self._since.setdefault(index, now), 0.0)


class Gpus:
    """Asks the library, loaded at the first question; without it, or without a GPU, there are none and
    nothing is said. ``library``: the binding to ask instead (tests)."""

    def __init__(self, library: Nvml = None) -> None:
        self._library = library
        self._started: bool | None = None
        self._idle = IdleTimes()

    def read(self, now: float, run_of: RunOf) -> tuple[Gpu, ...]:
        """Every GPU now. ``run_of``: the run that a process belongs to."""
        if not self._start():
            return ()
        count = self._ask("nvmlDeviceGetCount") or 0
        gpus = []
        for index in range(int(count)):
            handle = self._ask("nvmlDeviceGetHandleByIndex", index)
            if handle is not None:
                gpus.append(self._gpu(now, index, handle, run_of))
        return tuple(gpus)

    def _start(self) -> bool:
        if self._started is None:
            if self._library is None:
                try:
                    self._library = importlib.import_module("pynvml")
                except ImportError:
                    self._started = False
                    return False
            try:
                self._library.nvmlInit()
                self._started = True
            except Exception:  # the binding's errors differ by version; any of them means: no GPU here
                self._started = False
        return self._started

    def _ask(self, name: str, *arguments: Any) -> Any:
        """The library's answer; None: this GPU or this library cannot say."""
        try:
            return getattr(self._library, name)(*arguments)
        except Exception:  # as above: "not supported" is an answer, and a lost GPU must not end the look
            return None

    def _gpu(self, now: float, index: int, handle: Nvml, run_of: RunOf) -> Gpu:
        rates = self._ask("nvmlDeviceGetUtilizationRates", handle)
        memory = self._ask("nvmlDeviceGetMemoryInfo", handle)
        milliwatts = self._ask("nvmlDeviceGetPowerUsage", handle)
        heat = self._ask(
            "nvmlDeviceGetTemperature", handle, getattr(self._library, "NVML_TEMPERATURE_GPU", 0)
        )
        utilisation = rates.gpu / 100 if rates is not None else None
        return Gpu(
            index,
            name=_text(self._ask("nvmlDeviceGetName", handle)) or f"GPU {index}",
            utilisation=utilisation,
            memory_used=int(memory.used) if memory is not None else None,
            memory_total=int(memory.total) if memory is not None else None,
            temperature=float(heat) if heat is not None else None,
            power=milliwatts / 1000 if milliwatts is not None else None,
            throttled=self._is_throttled(handle),
            processes=self._processes(handle, run_of),
            idle_for=self._idle.of(now, index, utilisation),
        )

    def _is_throttled(self, handle: Nvml) -> bool:
        reasons = self._ask("nvmlDeviceGetCurrentClocksEventReasons", handle)
        if reasons is None:
            reasons = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons", handle)
        return bool(int(reasons or 0) & _THROTTLED)

    def _processes(self, handle: Nvml, run_of: RunOf) -> tuple[GpuProcess, ...]:
        processes: dict[int, GpuProcess] = {}
        for kind in ("Compute", "Graphics"):
            for process in self._ask(f"nvmlDeviceGet{kind}RunningProcesses", handle) or ():
                memory = getattr(process, "usedGpuMemory", None)
                used = int(memory) if memory is not None and memory < 1 << 50 else None
                processes.setdefault(process.pid, GpuProcess(process.pid, used, run_of(process.pid)))
        return tuple(processes[pid] for pid in sorted(processes))


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")
