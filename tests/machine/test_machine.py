"""The machine, read from folders that stand for /proc and the control groups, and a library that isn't."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patience import PATIENCE_S
from runwatch.domain.machine import GpuProcess
from runwatch.machine.disks import Disks, Filling, look_at
from runwatch.machine.gpus import Gpus
from runwatch.machine.load import CpuMeter, pressure, processor_times
from runwatch.machine.memory import KillCounter, memory_use
from runwatch.machine.procfs import ProcFs
from runwatch.machine.reading import MachineReader
from runwatch.system.mounts import mount_point
from runwatch.system.timeouts import WithTimeout

GIB = 1 << 30


def kernel(tmp_path: Path, files: dict[str, str]) -> ProcFs:
    for name, text in {"proc/meminfo": _meminfo(64, 40), **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ProcFs(tmp_path / "proc", tmp_path / "cg")


def _meminfo(total: int, available: int) -> str:
    return f"MemTotal: {total * GIB // 1024} kB\nMemAvailable: {available * GIB // 1024} kB\n"


def test_memory_of_a_bare_machine(tmp_path: Path) -> None:
    assert memory_use(kernel(tmp_path, {})) == (24 * GIB, 64 * GIB, False)
    unlimited = {"proc/self/cgroup": "0::/user.slice", "cg/user.slice/memory.max": "max\n"}
    assert memory_use(kernel(tmp_path, unlimited)) == (24 * GIB, 64 * GIB, False)


def test_memory_of_a_version_2_group_leaves_out_cache_and_takes_the_tightest(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/job/step\n",
        "cg/job/step/memory.max": "max\n",
        "cg/job/step/memory.current": str(5 * GIB),
        "cg/job/memory.max": str(8 * GIB),
        "cg/job/memory.current": str(6 * GIB),
        "cg/job/memory.stat": f"anon 3\ninactive_file {2 * GIB}\n",
    }
    assert memory_use(kernel(tmp_path, files)) == (4 * GIB, 8 * GIB, True)


def test_memory_of_a_version_1_group_in_a_container_that_hides_its_path(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
        "cg/memory/memory.limit_in_bytes": str(4 * GIB),
        "cg/memory/memory.usage_in_bytes": str(3 * GIB),
        "cg/memory/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB}\n",
    }
    assert memory_use(kernel(tmp_path, files)) == (2 * GIB, 4 * GIB, True)
    files["cg/memory/memory.limit_in_bytes"] = str(9223372036854771712)
    assert memory_use(kernel(tmp_path, files)).limited is False


@pytest.mark.parametrize("text", ["", "garbage", "0::/../../etc", ":::", "4:memory:\n", "0::" + "/a" * 500])
def test_any_group_file_is_survived(tmp_path: Path, text: str) -> None:
    assert memory_use(kernel(tmp_path, {"proc/self/cgroup": text})).total == 64 * GIB


def test_kills_count_from_the_first_look_and_in_a_container_only_its_own(tmp_path: Path) -> None:
    places, counter = kernel(tmp_path, {"proc/vmstat": "nr_free 1\noom_kill 7\n"}), KillCounter()
    assert counter.rise(places, limited=False) == 0
    kernel(tmp_path, {"proc/vmstat": "nr_free 1\noom_kill 9\n"})
    assert counter.rise(places, limited=False) == 2
    group = {"proc/self/cgroup": "0::/", "cg/memory.events": "oom 1\noom_kill 3\n", "cg/memory.max": "9"}
    inside = KillCounter()
    assert inside.rise(kernel(tmp_path, group), limited=True) == 0
    kernel(tmp_path, {**group, "cg/memory.events": "oom 1\noom_kill 4\n", "proc/vmstat": "oom_kill 99\n"})
    assert inside.rise(places, limited=True) == 1


def test_pressure_and_processor_share(tmp_path: Path) -> None:
    files = {
        "proc/pressure/memory": "some avg10=0.00 avg60=21.50 avg300=1 total=5\nfull avg10=0 avg60=9\n",
        "proc/pressure/io": "nonsense\n",
        "proc/stat": "cpu  100 0 0 900 0 0 0 0 0 0\ncpu0 1 1 1 1\n",
    }
    places, meter = kernel(tmp_path, files), CpuMeter()
    assert pressure(places) == (("memory", 21.5),)
    assert meter.share(processor_times(places)) is None
    kernel(tmp_path, {"proc/stat": "cpu  175 0 0 925 0 0 0 0 0 0\n"})
    assert meter.share(processor_times(places)) == pytest.approx(0.75)


def test_mounts_hold_even_what_is_not_there_yet(tmp_path: Path) -> None:
    mount = mount_point(str(tmp_path / "not" / "yet"))
    assert os.path.ismount(mount) and str(tmp_path).startswith(mount)
    device, disk = look_at(mount)
    assert device == os.stat(mount).st_dev and disk.free > 0 and 0 <= disk.percent <= 100


def test_a_disk_is_listed_once_however_many_paths_lie_on_it(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    disks = Disks().read(0.0, [str(tmp_path / "a"), str(tmp_path), str(tmp_path / "b")])
    assert len(disks) == 1 and disks[0].full_in is None


def test_a_file_system_that_counts_no_blocks_is_not_a_full_disk() -> None:
    assert Disks().read(0.0, ["/proc"]) == ()


def test_the_time_until_full_follows_the_pace_and_needs_a_sure_one() -> None:
    steady, noisy, growing = Filling(), Filling(), Filling()
    for minute in range(60):
        now = minute * 60.0
        steady.note(now, 1000 * 10**9 - minute * 10**9)
        noisy.note(now, 1000 * 10**9 + (-1) ** minute * 5 * 10**9)
        growing.note(now, 10**9 + minute * 10**9)
    assert steady.full_in(941 * 10**9) == pytest.approx(941 * 60, rel=0.01)
    assert noisy.full_in(10**12) is None and growing.full_in(10**9) is None
    short = Filling()
    for second in range(300):
        short.note(float(second), 10**9 - second * 10**6)
    assert short.full_in(10**9) is None, "five minutes are no trend"


def test_an_old_trend_is_forgotten() -> None:
    filling = Filling()
    for minute in range(60):
        filling.note(minute * 60.0, 10**12 - minute * 10**9)
    for minute in range(1000, 1400):
        filling.note(minute * 60.0, 5 * 10**11)
    assert filling.full_in(5 * 10**11) is None


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**13)), max_size=60))
def test_a_filling_takes_any_history(history: list[tuple[float, int]]) -> None:
    filling = Filling()
    for now, free in history:
        filling.note(now, free)
        left = filling.full_in(free)
        assert left is None or left >= 0


def test_a_question_that_hangs_is_not_asked_twice() -> None:
    gate, asked = threading.Event(), []
    patient: WithTimeout[int] = WithTimeout(seconds=0.05)

    def hang() -> int:
        asked.append(1)
        gate.wait(PATIENCE_S)
        return 1

    assert patient.ask("nfs", hang) is None
    assert patient.ask("nfs", hang) is None and asked == [1]
    assert patient.silent == ("nfs",)
    gate.set()

    def gone() -> int:
        raise OSError("stale file handle")

    patient = WithTimeout(PATIENCE_S)
    assert patient.ask("disk", lambda: 5) == 5 and patient.ask("other", gone) is None


class Nvml:
    """Two GPUs: one busy and hot, one that can say little."""

    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        self.busy = 80

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, handle: int) -> bytes | str:
        return b"H100" if handle == 0 else "Old"

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        self._only(handle)
        return SimpleNamespace(gpu=self.busy)

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self._only(handle)
        return SimpleNamespace(used=9 * GIB, total=80 * GIB)

    def nvmlDeviceGetTemperature(self, handle: int, kind: int) -> int:
        self._only(handle)
        return 91

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        self._only(handle)
        return 450_000

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:
        return 0x40 if handle == 0 else 0x4

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:
        self._only(handle)
        return [SimpleNamespace(pid=7, usedGpuMemory=GIB), SimpleNamespace(pid=5, usedGpuMemory=None)]

    def _only(self, handle: int) -> None:
        if handle != 0:
            raise RuntimeError("Not Supported")


def test_gpus_tell_what_they_can_and_for_how_long_they_idle() -> None:
    nvml = Nvml()
    gpus = Gpus(nvml)
    runs = {7: "exp/a"}
    first, second = gpus.read(100.0, runs.get)
    assert (first.name, first.utilisation, first.memory_total, first.temperature, first.power) == (
        "H100", 0.8, 80 * GIB, 91.0, 450.0,
    )  # fmt: skip
    assert first.throttled and not second.throttled
    assert first.processes == (GpuProcess(5, None, None), GpuProcess(7, GIB, "exp/a"))
    assert (second.utilisation, second.processes, second.idle_for) == (None, (), None)
    nvml.busy = 2
    assert gpus.read(200.0, runs.get)[0].idle_for == 0
    assert gpus.read(550.0, runs.get)[0].idle_for == 350
    nvml.busy = 50
    assert gpus.read(600.0, runs.get)[0].idle_for is None


def test_no_library_and_no_driver_mean_no_gpus_and_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("Driver Not Loaded")

    assert Gpus(SimpleNamespace(nvmlInit=fail)).read(0.0, lambda pid: None) == ()

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("runwatch.machine.gpus.importlib.import_module", missing)
    assert Gpus().read(0.0, lambda pid: None) == ()


def test_the_whole_machine(tmp_path: Path) -> None:
    places = kernel(tmp_path, {"proc/vmstat": "oom_kill 0\n", "proc/stat": "cpu 1 1 1 9 1 1 1 1\n"})
    machine = MachineReader("box", places, Nvml()).read(10.0, [str(tmp_path)], {})
    assert (machine.host, machine.memory_total, machine.in_container) == ("box", 64 * GIB, False)
    assert len(machine.gpus) == 2 and machine.disks and machine.cores >= 1 and machine.notes == ()
    bare = MachineReader("box", ProcFs(tmp_path / "none", tmp_path / "none"), Nvml()).read(10.0, [], {})
    assert bare.memory_total > 0 and "no /proc" in bare.notes[0] and bare.oom_kills == 0
