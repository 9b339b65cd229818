"""The machine at one moment: memory, processor, disks, GPUs and the processes that the kernel killed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping

from runwatch.domain.machine import Gpu, Machine
from runwatch.machine.disks import Disks
from runwatch.machine.drm import drm_gpus
from runwatch.machine.gpus import Gpus
from runwatch.machine.load import CpuMeter, cores, load_average, pressure, processor_times
from runwatch.machine.memory import KillCounter, memory_use
from runwatch.machine.processes import run_of_pid
from runwatch.machine.procfs import ProcFs
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
            cpu=self._cpu.share(processor_times(self._places)),
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
        return (*nvidia, *drm_gpus(len(nvidia), self._places))

    def _notes(self) -> tuple[str, ...]:
        notes = [f"{safe(mount)} does not answer" for mount in self._disks.silent]
        if not self._places.proc.is_dir():
            notes.append("no /proc here: pressure and kills for lack of memory are not known")
        return tuple(notes)
