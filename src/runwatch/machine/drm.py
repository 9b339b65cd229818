"""AMD's and Intel's GPUs as their kernel drivers tell of them in sysfs: no library is needed.

Sources: the Linux kernel's Documentation/gpu/amdgpu/thermal.rst (``gpu_busy_percent``, hwmon) and
driver-misc.rst (``mem_info_vram_*``), and its ABI pages sysfs-driver-intel-i915-hwmon and -xe-hwmon. Intel's
drivers tell no share of use; power and heat only of cards of their own."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from runwatch.domain.machine import Gpu
from runwatch.machine.procfs import ProcFs

_CARD = re.compile(r"card\d+")
_VENDORS = {"0x1002": "AMD GPU", "0x8086": "Intel GPU"}


def drm_gpus(first: int, places: ProcFs) -> tuple[Gpu, ...]:
    """The cards whose drivers tell anything, numbered from ``first`` on in the order of their slots."""
    try:
        cards = sorted(card for card in places.drm.iterdir() if _CARD.fullmatch(card.name))
    except OSError:
        return ()
    gpus = [gpu for card in cards if (gpu := _gpu(places, card / "device")) is not None]
    return tuple(replace(gpu, index=first + i) for i, gpu in enumerate(gpus))


def _gpu(places: ProcFs, device: Path) -> Gpu | None:
    name = _VENDORS.get((places.read(device / "vendor") or "").strip())
    if name is None:
        return None
    busy = places.number(device / "gpu_busy_percent")
    total = places.number(device / "mem_info_vram_total")
    used = places.number(device / "mem_info_vram_used")
    heat = _sensor(places, device, "temp1_input", "temp2_input")
    power = _sensor(places, device, "power1_average", "power1_input")
    if busy is None and not total and heat is None and power is None:
        return None
    called = (places.read(device / "product_name") or "").strip()
    return Gpu(
        0,
        name=called or name,
        utilisation=None if busy is None else min(busy, 100) / 100,
        memory_used=used,
        memory_total=total,
        temperature=None if heat is None else heat / 1000,
        power=None if power is None else power / 1e6,
    )


def _sensor(places: ProcFs, device: Path, *names: str) -> int | None:
    """The first of these of the card's own sensors."""
    try:
        chips = sorted((device / "hwmon").iterdir())
    except OSError:
        return None
    values = (places.number(chip / name) for chip in chips for name in names)
    return next((value for value in values if value is not None), None)
