"""The machine and the runs' processes, looked at now and then."""

from __future__ import annotations

import os
from collections.abc import Sequence

from msgspec.structs import replace

from runwatch.domain.clock import elapsed
from runwatch.domain.machine import Machine
from runwatch.domain.run import Process, Run, RunKey
from runwatch.machine.processes import ProcessFinder, SearchedRun, pids_of_runs
from runwatch.machine.reading import MachineReader
from runwatch.machine.record import MachineRecord
from runwatch.monitor.run_builder import RunObservations
from runwatch.monitor.wanted import MachineSource
from runwatch.store.cache import CacheFile

EVERY_S = 5.0
SAVE_EVERY_S = 60.0
RECENT_S = 3 * 86400.0


class MachineWatch:
    """``measure`` belongs to the background thread; ``machine`` is replaced whole; ``record``: what was
    measured so far. ``elsewhere``: who knows the machine where it is another one: then no processes are
    looked for. ``cache``: keeps the record of this machine from session to session."""

    def __init__(
        self,
        roots: Sequence[str],
        observations: RunObservations,
        host: str,
        elsewhere: MachineSource | None = None,
        cache: CacheFile | None = None,
    ) -> None:
        self._elsewhere = elsewhere
        self._roots = roots
        self._observations = observations
        self._reader = MachineReader(host)
        self._finder = ProcessFinder(host)
        self._looked_at = float("-inf")
        self.machine: Machine | None = None
        self.record = MachineRecord()
        self._cache = cache if elsewhere is None else None
        self._kept_as, self._saved_at = (f"machine record of {host}",), float("-inf")

    def due(self, now: float) -> bool:
        if elapsed(self._looked_at, now) < EVERY_S:
            return False
        self._looked_at = now
        return True

    def measure(self, runs: Sequence[Run], now: float) -> bool:
        """Read the machine; True if a person would see the difference."""
        if self._elsewhere is not None:
            return self._take(self._elsewhere(), now)
        processes = self._find(runs, now)
        pids = pids_of_runs({key.id: process for key, process in processes.items()})
        checkpoints = {
            os.path.join(run.root, os.path.dirname(run.checkpoints[-1].path))
            for run in runs
            if run.checkpoints
        }
        processes_before = self._observations.processes
        news = self._take(self._reader.read(now, (*self._roots, *checkpoints), pids), now)
        self._observations.processes = processes
        moved = {key for key in processes if processes.get(key) != processes_before.get(key)}
        self._observations.moved |= moved
        return bool(moved) or news

    def _take(self, machine: Machine | None, now: float) -> bool:
        before, self.machine = self.machine, machine
        if machine is None:
            return False
        self.record.note(now, machine)
        self._save(now)
        return before is None or _seen(before) != _seen(machine)

    def _save(self, now: float) -> None:
        """Keep the record; the first time take what was kept before."""
        if self._cache is None or elapsed(self._saved_at, now) < SAVE_EVERY_S:
            return
        if self._saved_at == float("-inf") and (kept := self._cache.get(self._kept_as)):
            self.record.take(kept)
        else:
            self._cache.put(self._kept_as, self.record.to_bytes())
        self._saved_at = now

    def _find(self, runs: Sequence[Run], now: float) -> dict[RunKey, Process]:
        """Processes are looked for only where a run may be running."""
        folders = {
            os.path.normpath(os.path.join(run.root, run.id)): run
            for run in runs
            if run.status in ("running", "stalled")
            and "#" not in run.id
            and now - (run.updated or 0.0) < RECENT_S
        }
        processes = self._finder.find(
            now, [SearchedRun(folder, run.started) for folder, run in folders.items()]
        )
        return {folders[folder].key: process for folder, process in processes.items() if folder in folders}


def _seen(machine: Machine) -> object:
    """What is worth painting for: quarters of the processor, steps of 2% of memory, whole percents of disks.
    Smaller changes are seen with the next frame that something else asks for."""
    return replace(
        machine,
        load=None,
        cpu=None if machine.cpu is None else round(machine.cpu * 4),
        memory_used=round(50 * machine.memory_used / max(machine.memory_total, 1)),
        disks=tuple(
            replace(disk, used=round(disk.percent), free=0, inodes_free=None, full_in=None)
            for disk in machine.disks
        ),
        pressure=(),
        gpus=tuple(
            replace(
                gpu,
                utilisation=None if gpu.utilisation is None else round(gpu.utilisation, 1),
                memory_used=None
                if not gpu.memory_total
                else round(100 * (gpu.memory_used or 0) / gpu.memory_total),
                temperature=None,
                power=None,
                idle_for=None,
            )
            for gpu in machine.gpus
        ),
    )
