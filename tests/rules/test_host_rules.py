"""What is found on the machine, and where nothing can be read."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from msgspec.structs import replace
from situations import GB, NOW, brief, found, machine, run, situation

from runwatch.domain.machine import Disk, Gpu, GpuProcess
from runwatch.domain.run import Problem


@pytest.mark.parametrize(
    ("evening", "hours", "severity"),
    [("2026-03-28T22:00", 12.5, "warning"), ("2026-10-24T22:00", 14.0, "critical")],
)
def test_the_night_of_a_clock_change_has_its_own_length(
    evening: str, hours: float, severity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    now = datetime.fromisoformat(evening).timestamp()
    disk = Disk("/", 500 * GB, 500 * GB, full_in=hours * 3600)
    got = [f.severity for f in found(replace(situation(machine=machine(disks=(disk,))), now=now))]
    monkeypatch.undo()
    time.tzset()
    assert got == [severity]


def test_gpus_idle_under_a_run_held_by_a_stranger_and_hot() -> None:
    ours, stranger = GpuProcess(7, 9 * GB, "exp/a"), GpuProcess(8, 9 * GB)
    gpu = Gpu(0, "H100", 0.0, 9 * GB, 80 * GB, 40.0, 90.0, processes=(ours,), idle_for=400.0)
    assert brief(situation(run(), machine=machine(gpus=(gpu,)))) == [
        ("gpu-idle", "warning", "exp/a", "gpu 0")
    ]
    assert found(situation(run(), machine=machine(gpus=(replace(gpu, idle_for=200.0),)))) == []
    assert found(situation(run(status="finished"), machine=machine(gpus=(gpu,)))) == []
    held = situation(machine=machine(gpus=(replace(gpu, processes=(stranger,) * 5),)))
    assert brief(held) == [("gpu-idle", "info", "box", "gpu 0")]
    assert found(held)[0].summary.endswith("is held by process 8, 8, 8, 8")
    busy = replace(gpu, index=1, idle_for=None)
    assert [f[0] for f in brief(situation(run(), machine=machine(gpus=(busy, gpu))))] == ["gpu-idle"]
    hot = replace(gpu, idle_for=None, temperature=95.0)
    for one, says in (
        (hot, "GPU 0 is hot at 95 °C"),
        (replace(hot, temperature=60.0, throttled=True), "GPU 0 is throttled at 60 °C"),
    ):
        assert [f.summary for f in found(situation(machine=machine(gpus=(one,))))] == [says]
    unknown = replace(hot, temperature=None)
    assert found(situation(machine=machine(gpus=(unknown,)))) == []
    slowed = replace(unknown, throttled=True)
    assert brief(situation(machine=machine(gpus=(slowed,)))) == [("gpu-hot", "warning", "box", "gpu 0")]


def test_an_unreadable_root_explains_all_below_it_but_not_the_host() -> None:
    disks = (Disk("/", 960 * GB, 40 * GB),)
    broken = situation(run(status="crashed"), machine=machine(disks=disks), unreadable={"/r": NOW - 700})
    assert [f[:3] for f in brief(broken)] == [
        ("source-unreadable", "critical", "."),
        ("disk-low", "critical", "box"),
    ] or {f[0] for f in brief(broken)} == {"source-unreadable", "disk-low"}
    outside = found(situation(unreadable={"/": NOW - 700, "/elsewhere/x": NOW - 700}))
    assert [(f.scope, f.root, f.severity) for f in outside] == [
        ("/", "/r", "warning"), ("/elsewhere/x", "/r", "warning"),
    ]  # fmt: skip
    deep = found(replace(situation(unreadable={"/r/s/t": NOW - 700}), roots=("/r", "/r/s")))
    assert [(f.scope, f.root) for f in deep] == [("t", "/r/s")]
    for hint, advice in (("Add rows.", "Add rows."), ("", "Check the settings in runwatch.toml.")):
        (unjudged,) = found(situation(unjudged=(Problem("x/", None, "no rows", hint),)))
        assert (unjudged.advice, unjudged.title) == (advice, "x/ is not judged as configured")
    young = situation(run(), unreadable={"/r": NOW - 500})
    assert found(young) == []
    part = situation(run(status="crashed"), run("b", "crashed"), unreadable={"/r/exp": NOW - 700})
    assert {(f[0], f[2]) for f in brief(part)} == {("source-unreadable", "exp"), ("run-crashed", "b")}
