"""AMD's and Intel's cards, by the files that the kernel's pages describe."""

from __future__ import annotations

from pathlib import Path

from runwatch.machine.drm import drm_gpus
from runwatch.machine.procfs import ProcFs
from runwatch.machine.reading import MachineReader


def card(place: Path, number: int, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place / f"card{number}" / "device" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


AMD = {
    "vendor": "0x1002",
    "product_name": "Instinct MI210",
    "gpu_busy_percent": "87",
    "mem_info_vram_total": "68702699520",
    "mem_info_vram_used": "34351349760",
    "hwmon/hwmon3/temp1_input": "54000",
    "hwmon/hwmon3/power1_average": "221000000",
}


def test_what_amd_and_intel_tell_is_read_and_what_they_do_not_is_unknown(tmp_path: Path) -> None:
    card(tmp_path, 0, AMD)
    card(tmp_path, 1, {"vendor": "0x8086", "hwmon/hwmon5/power1_input": "40000000"})
    card(tmp_path, 2, {"vendor": "0x8086"})  # built into the processor: nothing to tell
    card(tmp_path, 3, {"vendor": "0x10de", "gpu_busy_percent": "9"})  # NVIDIA's own library tells of it
    (tmp_path / "card0-DP-1").mkdir()
    amd, intel = drm_gpus(2, ProcFs(drm=tmp_path))
    assert (amd.index, amd.name, amd.utilisation) == (2, "Instinct MI210", 0.87)
    assert (amd.memory_used, amd.memory_total) == (34351349760, 68702699520)
    assert (amd.temperature, amd.power) == (54.0, 221.0)
    assert (intel.index, intel.name, intel.utilisation, intel.power) == (3, "Intel GPU", None, 40.0)
    assert drm_gpus(0, ProcFs(drm=tmp_path / "nowhere")) == ()


def test_a_broken_file_is_an_unknown_value(tmp_path: Path) -> None:
    card(tmp_path, 0, AMD | {"gpu_busy_percent": "N/A", "mem_info_vram_used": ""})
    (amd,) = drm_gpus(0, ProcFs(drm=tmp_path))
    assert (amd.utilisation, amd.memory_used) == (None, None)


def test_the_machine_has_them(tmp_path: Path) -> None:
    card(tmp_path / "drm", 0, AMD)
    machine = MachineReader("box", ProcFs(tmp_path, tmp_path, tmp_path / "drm")).read(1e9, ())
    assert [gpu.name for gpu in machine.gpus] == ["Instinct MI210"]
