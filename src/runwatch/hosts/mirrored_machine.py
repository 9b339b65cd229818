"""Here: load, memory, disks and GPUs of a machine where nothing is installed, as the script reads them."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from runwatch.domain.machine import Disk, Gpu, Machine
from runwatch.hosts.wire import WireError
from runwatch.machine.disks import Filling
from runwatch.machine.gpus import IdleTimes
from runwatch.machine.load import CpuMeter, pressure, processor_times
from runwatch.machine.memory import KillCounter, memory_use
from runwatch.machine.procfs import ProcFs
from runwatch.text.safe import safe

_MIB = 1024 * 1024
_FIRST = ("stat", "meminfo", "self/cgroup", "vmstat", "pressure/memory", "pressure/io", "pressure/cpu")
_MOST_GPUS, _MOST_DISKS = 64, 32


class FilesThere(ProcFs, frozen=True):
    """The kernel's files of the other machine, by ``fetch``, which gives the texts of several by their names.
    What one look reads comes together at the next."""

    fetch: Callable[[Sequence[str]], Mapping[str, str]] = msgspec.field(default=lambda names: {})
    _texts: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def here(self) -> bool:
        return False

    def refresh(self) -> None:
        """Forget what was read; fetch the same files again."""
        names = list(self._texts)
        self._texts.clear()
        self._get(names or [f"{self.proc}/{name}" for name in _FIRST])

    def prepare(self, files: Iterable[Path]) -> None:
        self._get([name for name in map(str, files) if name not in self._texts])

    def read(self, file: Path) -> str | None:
        self.prepare([file])
        return self._texts[str(file)] or None

    def _get(self, names: Sequence[str]) -> None:
        if names:
            self._texts.update(dict.fromkeys(names, "") | dict(self.fetch(names)))


class _MachineReading(msgspec.Struct):
    """One reading of the script. ``disks``: (mount, device, used, free, share of free inodes, read-only);
    ``gpus``: what nvidia-smi wrote, as ``GPU_COLUMNS`` of the script."""

    cores: int
    load: tuple[float, float, float] | None = None
    disks: list[tuple[str, int, int, int, float | None, bool]] = []
    gpus: str = ""


class MirroredMachine:
    """What only a history tells (processor use, kills, the pace at which disks fill, idle times) counts from
    the first reading."""

    def __init__(self, host: str, files: FilesThere) -> None:
        self._host, self._files = host, files
        self._cpu, self._kills, self._idle = CpuMeter(), KillCounter(), IdleTimes()
        self._filling: dict[str, Filling] = {}

    def take(self, reading: Mapping[str, object], now: float) -> Machine:
        """The machine, by an answer of the script and the files there. Raises WireError."""
        try:
            values = msgspec.convert(reading, _MachineReading)
        except msgspec.ValidationError as error:
            raise WireError(f"invalid machine data ({error})") from None
        self._files.refresh()
        memory = memory_use(self._files)
        return Machine(
            host=self._host,
            cores=values.cores,
            load=values.load,
            cpu=self._cpu.share(processor_times(self._files)),
            memory_used=memory.used,
            memory_total=memory.total,
            in_container=memory.limited,
            disks=tuple(self._disk(now, disk) for disk in values.disks[:_MOST_DISKS]),
            gpus=self._gpus(now, values.gpus),
            pressure=pressure(self._files),
            oom_kills=self._kills.rise(self._files, memory.limited),
            notes=("what runs on which GPU is not known: it is mirrored",),
        )

    def _disk(self, now: float, row: tuple[str, int, int, int, float | None, bool]) -> Disk:
        mount, _, used, free, inodes, read_only = row
        filling = self._filling.setdefault(mount, Filling())
        filling.note(now, free)
        return Disk(
            safe(mount),
            used=used,
            free=free,
            inodes_free=inodes,
            full_in=filling.full_in(free),
            read_only=read_only,
        )

    def _gpus(self, now: float, text: str) -> tuple[Gpu, ...]:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
        gpus = [_gpu(row) for row in rows[:_MOST_GPUS] if len(row) == 7 and row[0].isdigit()]
        return tuple(replace(gpu, idle_for=self._idle.of(now, gpu.index, gpu.utilisation)) for gpu in gpus)


def _gpu(row: list[str]) -> Gpu:
    """A line of nvidia-smi; what it cannot say ("[N/A]") is not known."""
    busy, used, total, heat, power = map(_number, row[2:])
    return Gpu(
        int(row[0][:4]),
        name=safe(row[1]),
        utilisation=None if busy is None else busy / 100,
        memory_used=None if used is None else int(used * _MIB),
        memory_total=None if total is None else int(total * _MIB),
        temperature=heat,
        power=power,
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
