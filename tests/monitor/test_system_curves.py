"""A run's curves of the machine: from its tracker's own files, and from what was seen meanwhile."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from runwatch.domain.machine import Gpu, Machine
from runwatch.domain.run import Run, RunKey
from runwatch.machine.record import MOST, MachineRecord
from runwatch.monitor.machine_watch import SAVE_EVERY_S, MachineWatch
from runwatch.monitor.run_builder import RunObservations
from runwatch.monitor.system_curves import RunSystem
from runwatch.runs.system_curves import SystemCurves
from runwatch.store.cache import CacheFile

MADE = Path(__file__).parent.parent / "fixtures" / "media"
LOG = "wandb-run/run-2fk4bwk0.wandb"


def machine(cpu: float | None, gpus: tuple[Gpu, ...] = ()) -> Machine:
    return Machine("box", 4, None, cpu, 2 * 2**30, 8 * 2**30, False, (), gpus)


def run(root: str, status: str, started: float, updated: float, files: tuple[str, ...] = ()) -> Run:
    return Run(root, "wandb-run", ("wandb",), status, "", started, updated, 9, None, {}, files=files)


def test_wandb_s_system_statistics_are_curves_over_time() -> None:
    curves = SystemCurves(str(MADE), "wandb-run")
    tags = curves.refresh([LOG])
    assert {"system/cpu", "system/memory_percent", "system/network.sent"} <= set(tags)
    points = curves.points("system/cpu")
    assert len(points) >= 3
    assert np.all(np.diff(points.wall_times) > 0)
    assert points.steps[0] == 0
    assert curves.refresh([LOG]) == tags
    assert len(curves.points("system/cpu")) == len(points)


def test_what_was_seen_belongs_to_the_runs_that_were_at_work_then() -> None:
    record = MachineRecord()
    gpu = Gpu(0, "H", 0.5, 2**30, 4 * 2**30, 60.0, 200.0)
    for second in range(0, 1000, 10):
        record.note(1e9 + second, machine(second / 1000, (gpu,)))
    at_work = run("/r", "running", 1e9 + 500, 1e9 + 600)
    over = run("/r", "finished", 1e9 - 900, 1e9 - 500)
    for one, expected in ((at_work, 50), (over, 0)):
        system = RunSystem(lambda key, one=one: (one, ()), lambda: record)
        tags = system.tags(RunKey("/r", "wandb-run"))
        assert ("machine/cpu %" in tags) == bool(expected)
        assert ("machine/gpu 0 busy %" in tags) == bool(expected)
        assert len(system.points(one.key, "machine/cpu %")) == expected


def test_a_long_record_is_thinned_at_its_beginning_and_keeps_its_gaps() -> None:
    record = MachineRecord()
    for second in range(MOST + 2):
        record.note(float(second), machine(None if second == MOST else 0.5))
    points = record.points("machine/cpu %", 0.0, math.inf)
    assert len(points) < MOST
    assert points.wall_times[-1] == MOST + 1
    assert np.isnan(points.values).sum() == 1
    assert np.diff(points.wall_times)[0] == 2
    assert np.diff(points.wall_times)[-1] == 1


def test_what_was_seen_lasts_from_session_to_session_with_a_gap_between() -> None:
    first = MachineRecord()
    for at in (10.0, 15.0):
        first.note(at, machine(cpu=0.25))
    second = MachineRecord()
    second.note(100.0, machine(cpu=0.75))
    second.take(first.to_bytes())
    points = second.points("machine/cpu %", 0.0, 200.0)
    assert points.wall_times.tolist() == [10.0, 15.0, 16.0, 100.0]
    assert points.values[[0, 1, 3]].tolist() == [25.0, 25.0, 75.0]
    assert not np.isfinite(points.values[2])
    for broken in (b"", b"\x00", first.to_bytes()[:-3], MachineRecord().to_bytes()):
        second.take(broken)
    assert len(second.points("machine/cpu %", 0.0, 200.0)) == 4


def test_the_watch_keeps_the_record_in_the_cache(tmp_path: Path) -> None:
    for at in (1000.0, 1061.0):
        cache = CacheFile(tmp_path)
        watch = MachineWatch((str(tmp_path),), RunObservations(), "here", cache=cache)
        watch.measure((), at)
        watch.measure((), at + SAVE_EVERY_S)
        cache.close()
    assert len(watch.record.points("machine/memory %", 0.0, 2000.0)) == 5
