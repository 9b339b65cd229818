"""Here: load, memory, disks and GPUs of a machine where nothing is installed, as the script reads them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from runwatch.domain.machine import Disk, Gpu, Machine
from runwatch.hosts.wire import WireError
from runwatch.machine.disks import Filling
from runwatch.machine.gpus import IdleTimes
from runwatch.machine.load import CpuMeter
from runwatch.text.safe import safe

_MIB = 1024 * 1024
_MOST_GPUS, _MOST_DISKS = 64, 32


class _MachineReading(msgspec.Struct):
    """One reading of the script. ``spent``: (busy, all) processor time so far; ``memory``: (used, all) bytes;
    ``disks``: (mount, device, used, free, share of free inodes, read-only); ``gpus``: what nvidia-smi wrote,
    as ``GPU_COLUMNS`` of the script."""

    cores: int
    load: tuple[float, float, float] | None = None
    spent: tuple[float, float] | None = None
    memory: tuple[int, int] = (0, 0)
    limited: bool = False
    pressure: dict[str, float] = {}
    disks: list[tuple[str, int, int, int, float | None, bool]] = []
    gpus: str = ""


class MirroredMachine:
    """What only a history tells (processor use, the pace at which disks fill, idle times) counts from the
    first reading."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._cpu, self._idle = CpuMeter(), IdleTimes()
        self._filling: dict[str, Filling] = {}

    def take(self, reading: Mapping[str, object], now: float) -> Machine:
        """The machine, by an answer of the script. Raises WireError."""
        try:
            values = msgspec.convert(reading, _MachineReading)
        except msgspec.ValidationError as error:
            raise WireError(f"invalid machine data ({error})") from None
        return Machine(
            host=self._host,
            cores=values.cores,
            load=values.load,
            cpu=self._cpu.share(values.spent),
            memory_used=values.memory[0],
            memory_total=values.memory[1],
            in_container=values.limited,
            disks=tuple(self._disk(now, disk) for disk in values.disks[:_MOST_DISKS]),
            gpus=self._gpus(now, values.gpus),
            pressure=tuple((safe(name), share) for name, share in sorted(values.pressure.items())[:3]),
            notes=("kills for lack of memory and what runs on which GPU are not known: it is mirrored",),
        )

    def _disk(self, now: float, row: tuple[str, int, int, int, float | None, bool]) -> Disk:
        mount, _, used, free, inodes, read_only = row
        filling = self._filling.setdefault(mount, Filling())
        filling.note(now, free)
        return Disk(safe(mount), used, free, inodes, filling.full_in(free), read_only)

    def _gpus(self, now: float, text: str) -> tuple[Gpu, ...]:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
        gpus = [_gpu(row) for row in rows[:_MOST_GPUS] if len(row) == 7 and row[0].isdigit()]
        return tuple(replace(gpu, idle_for=self._idle.of(now, gpu.index, gpu.utilisation)) for gpu in gpus)


def _gpu(row: list[str]) -> Gpu:
    """A line of nvidia-smi; what it cannot say ("[N/A]") is not known."""
    busy, used, total, heat, power = map(_number, row[2:])
    return Gpu(
        int(row[0][:4]),
        safe(row[1]),
        None if busy is None else busy / 100,
        None if used is None else int(used * _MIB),
        None if total is None else int(total * _MIB),
        heat,
        power,
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
