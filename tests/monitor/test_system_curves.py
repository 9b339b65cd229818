"""A run's curves of the machine: from its tracker's own files, and from what was seen meanwhile."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from runwatch.domain.machine import Gpu, Machine
from runwatch.domain.run import Run, RunKey
from runwatch.machine.record import MOST, MachineRecord
from runwatch.monitor.system_curves import RunSystem
from runwatch.runs.system_curves import SystemCurves

MADE = Path(__file__).parent.parent / "fixtures" / "media"
LOG = "wandb-run/run-2fk4bwk0.wandb"


def machine(cpu: float | None, gpus: tuple[Gpu, ...] = ()) -> Machine:
    return Machine("box", 4, None, cpu, 2 * 2**30, 8 * 2**30, False, (), gpus)


def run(root: str, status: str, started: float, updated: float, files: tuple[str, ...] = ()) -> Run:
    return Run(root, "wandb-run", ("wandb",), status, "", started, updated, 9, None, {}, files=files)


def test_wandb_s_system_statistics_are_curves_over_time() -> None:
    curves = SystemCurves(str(MADE), "wandb-run")
    tags = curves.look([LOG])
    assert {"system/cpu", "system/memory_percent", "system/network.sent"} <= set(tags)
    points = curves.points("system/cpu")
    assert len(points) >= 3
    assert np.all(np.diff(points.wall_times) > 0)
    assert points.steps[0] == 0
    assert curves.look([LOG]) == tags
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
