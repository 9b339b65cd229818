"""Every limit fires on its own side, as documented at the limit itself, and moves with its option."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace
from situations import (
    GB,
    NOW,
    column,
    compared,
    data,
    found,
    machine,
    metric,
    report,
    run,
    sign,
    situation,
    with_signs,
)

from runwatch.domain.drift import Batch
from runwatch.domain.machine import Disk, Gpu, GpuProcess
from runwatch.domain.run import Checkpoint, Metric, Process
from runwatch.domain.situation import Situation

HOUR = 3600.0


def disk(total: float, free: float, **more: float) -> Situation:
    return situation(
        machine=machine(disks=(Disk("/", round((total - free) * GB), round(free * GB), **more),))
    )


def gpu(**more: object) -> Situation:
    one = replace(Gpu(0, "H100", 0.0, 9 * GB, 80 * GB, 40.0, 90.0), **more)
    return situation(run(), machine=machine(gpus=(one,)))


def memory(free_percent: float) -> Situation:
    return situation(machine=machine(memory_used=round((100 - free_percent) * GB), memory_total=100 * GB))


def waits(what: str, percent: float) -> Situation:
    return situation(machine=machine(pressure=((what, percent),)))


def held(by_a_stranger: float) -> Situation:
    return gpu(idle_for=900.0, processes=(GpuProcess(8, round(by_a_stranger * GB)),))


def spike(points_ago: int) -> Situation:
    return with_signs(run(), sign("spike", points_ago=points_ago))


def silent(seconds: float) -> Situation:
    return situation(run(status="stalled", updated=NOW - seconds))


def unread(seconds: float) -> Situation:
    return situation(unreadable={"/r": NOW - seconds})


def late(periods: float) -> Situation:
    return situation(data=(data(late_by=periods * HOUR, expected_every=HOUR),))


def errors_changed(batches_ago: float) -> Situation:
    batches = tuple(Batch(f"b{n}", 100, NOW) for n in range(20))
    return situation(data=(data(batches=batches, errors_changed=f"b{19 - round(batches_ago)}"),))


OURS = (GpuProcess(7, GB, "exp/a"),)
CRITICAL, WARNING, INFO, NONE = "critical", "warning", "info", None
LIMITS = [
    # rule, option, its value when nothing is set, the situation, what is said below, at and above it
    ("disk-low", "warning_percent", 10.0, lambda x: disk(1000, 10 * x), (WARNING, NONE, NONE)),
    ("disk-low", "critical_percent", 5.0, lambda x: disk(1000, 10 * x), (CRITICAL, WARNING, WARNING)),
    ("disk-low", "warning_gb", 20.0, lambda x: disk(2 * x, x), (NONE, NONE, NONE)),
    ("disk-low", "warning_gb", 20.0, lambda x: disk(80, x), (WARNING, NONE, NONE)),
    ("disk-low", "critical_gb", 5.0, lambda x: disk(16, x), (CRITICAL, NONE, NONE)),
    ("disk-full-soon", "within", 24 * HOUR, lambda x: disk(900, 500, full_in=x), (WARNING, NONE, NONE)),
    ("memory-low", "warning_percent", 5.0, memory, (WARNING, NONE, NONE)),
    ("memory-low", "critical_percent", 2.0, memory, (CRITICAL, WARNING, WARNING)),
    ("memory-low", "memory_pressure", 20.0, lambda x: waits("memory", x), (NONE, NONE, WARNING)),
    ("memory-low", "io_pressure", 40.0, lambda x: waits("io", x), (NONE, NONE, WARNING)),
    ("gpu-hot", "degrees", 90.0, lambda x: gpu(temperature=x), (NONE, NONE, WARNING)),
    ("gpu-idle", "after", 300.0, lambda x: gpu(idle_for=x, processes=OURS), (NONE, WARNING, WARNING)),
    ("gpu-idle", "unknown_memory_gb", 1.0, held, (NONE, INFO, INFO)),
    ("loss-spike", "recent_points", 500, spike, (WARNING, WARNING, NONE)),
    ("error-rate-changed", "recent_batches", 5, lambda x: errors_changed(x - 1), (WARNING, WARNING, NONE)),
    ("data-stale", "critical_periods", 3.0, late, (WARNING, CRITICAL, CRITICAL)),
    ("run-stalled", "critical_after", 6 * HOUR, silent, (WARNING, WARNING, CRITICAL)),
    ("source-unreadable", "after", 600.0, unread, (NONE, CRITICAL, CRITICAL)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "option", "limit", "at", "expected"), LIMITS, ids=lambda v: v if isinstance(v, str) else ""
)
@pytest.mark.parametrize("set_to", ["its default", "half as much again"])
def test_a_limit_and_its_option(rule, option, limit, at, expected, set_to) -> None:
    step = 1 if isinstance(limit, int) else limit * 1e-6
    options = {}
    if set_to != "its default":
        limit += limit // 2 if isinstance(limit, int) else limit / 2
        options = {rule: {option: limit}}
    looks = [found(replace(at(x), options=options)) for x in (limit - step, limit, limit + step)]
    said = [next((f.severity for f in look if f.rule == rule), None) for look in looks]
    assert tuple(said) == expected


@pytest.mark.parametrize(
    ("fires", "clears", "at"),
    [
        (10.0, 12.0, lambda x: disk(1000, 10 * x)),
        (20.0, 24.0, lambda x: disk(80, x)),
        (5.0, 6.0, memory),
        (24 * HOUR, 28.8 * HOUR, lambda x: disk(900, 500, full_in=x)),
    ],
    ids=["share of a disk", "room on a disk", "memory", "hours to a full disk"],
)
def test_what_is_open_clears_at_1_2_times_what_it_fires_at(fires, clears, at) -> None:
    """So that a value that swings about the limit opens one task and not one a minute."""
    (low,) = found(at(fires * 0.999))
    open_ones = frozenset({low.fingerprint})
    assert found(at(clears * 0.999)) == []
    assert [f.severity for f in found(replace(at(clears * 0.999), open_fingerprints=open_ones))] == [
        "warning"
    ]
    assert found(replace(at(clears * 1.001), open_fingerprints=open_ones)) == []


@pytest.mark.parametrize(
    ("clock", "critical_within"),
    [("18:00", 18.0), ("10:00", 27.6), ("09:00", 28.8), ("08:59:59.5", 1.2 * 0.5 / 3600)],
)
def test_the_next_morning_is_the_next_nine_oclock(clock: str, critical_within: float) -> None:
    """With a fifth of margin, and critical even where that is more than the 24 hours of a warning away."""
    now = datetime.fromisoformat(f"2026-11-25T{clock}").timestamp()
    for factor, expected in ((0.999, ["critical"]), (1.001, ["warning"] if critical_within < 24 else [])):
        look = replace(disk(900, 500, full_in=factor * critical_within * HOUR), now=now)
        assert [f.severity for f in found(look)] == expected
    midnight = {"disk-full-soon": {"morning_hour": 24}}
    soon = replace(disk(900, 500, full_in=4 * HOUR), now=datetime(2026, 11, 25, 20, 30).timestamp())
    assert [f.severity for f in found(replace(soon, options=midnight))] == ["critical"]


def test_fixed_limits() -> None:
    assert found(disk(1000, 500, inodes_free=0.05)) == []
    assert [f.subject for f in found(disk(1000, 500, inodes_free=0.0499))] == ["/ inodes"]
    old, new = Checkpoint("exp/a/1.pt", 900 * GB, 1.0), Checkpoint("exp/a/2.pt", 200 * GB, 2.0)
    for free, expected in ((300, []), (299, ["next checkpoint"])):
        room = 500 * GB
        mounts = (Disk("/", room, room), Disk("/r", room, free * GB), Disk("/r/x", room, room))
        look = situation(run(checkpoints=(new, old)), machine=machine(disks=mounts))
        assert [f.subject for f in found(look)] == expected
        over = replace(look, runs=(run(status="finished", checkpoints=(new, old)),))
        assert found(over) == []
    homeless = situation(run(checkpoints=(new,)), machine=machine(disks=(Disk("/data", GB, GB * 900),)))
    assert found(homeless) == []
    assert found(situation(machine=machine(memory_used=0, memory_total=0))) == []
    for late_by, expected in ((0.0, []), (0.1, ["warning"])):
        assert [f.severity for f in found(situation(data=(data(late_by=late_by),)))] == expected


def test_a_killed_run_is_named_for_an_hour() -> None:
    def named(one) -> bool:
        (kill,) = found(situation(one, machine=machine(oom_kills=1)))
        return "exp/a" in kill.title and "exp/a" in kill.summary and kill.evidence["runs"] == ["exp/a"]

    gone = (Process(7, "box", None, False),)
    assert named(run(status="unknown", updated=NOW - HOUR, processes=gone))
    assert named(run(status="unknown", updated=NOW - HOUR, status_reason="Killed"))
    dead, alive = Process(7, "box", None, False), Process(8, "box", None, True)
    for status in ("crashed", "stalled"):
        one = run("b", status, updated=NOW - 1, processes=(dead, alive))
        kills = [f for f in found(situation(one, machine=machine(oom_kills=1))) if f.rule.startswith("out")]
        assert kills[0].evidence["runs"] == ["b"]
    many = [run(f"r{n}", "unknown", processes=gone) for n in range(4)]
    (kill,) = found(situation(*many, machine=machine(oom_kills=2)))
    assert kill.summary == "2 processes killed for lack of memory; gone since: r0, r1, r2"
    for other in (
        run(status="unknown", updated=NOW - HOUR - 0.1, processes=gone),
        run(status="unknown", updated=None, processes=gone),
        run(status="unknown", processes=(Process(7, "box", None, None),)),
        run(status="finished", processes=gone),
    ):
        assert not named(other)


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"verdict": "equivalent", "delta": -0.0051}, "critical"),
        ({"verdict": "equivalent", "delta": -0.005}, None),
        ({"verdict": "equivalent", "delta": 0.0051, "direction": "min"}, "critical"),
        ({"verdict": "equivalent", "delta": -0.0051, "direction": "min"}, None),
        ({"verdict": "worse", "delta": -0.001}, "critical"),
        ({"verdict": "unknown", "delta": None}, None),
        ({"verdict": "unknown", "direction": None}, None),
        ({"verdict": "unknown", "tolerance": None}, None),
    ],
)
def test_an_open_regression_holds_on_above_half_the_tolerance(change: dict, severity: str | None) -> None:
    (first,) = found(compared(run(), metric()))
    look = compared(run(), replace(metric(), **{"ci": (-0.02, 0.02), **change}))
    held = found(replace(look, open_fingerprints=frozenset({first.fingerprint})))
    assert next((f.severity for f in held), None) == severity


@pytest.mark.parametrize(
    ("direction", "ci", "told"),
    [
        ("max", (-0.02, -0.0001), True),
        ("max", (-0.02, 0.0), False),
        ("min", (0.0001, 0.02), True),
        ("min", (0.0, 0.02), False),
        ("min", (-0.02, -0.0001), False),
        (None, (-0.02, -0.0001), False),
        ("max", None, False),
    ],
)
def test_a_small_loss_is_told_as_info_when_the_whole_interval_is_worse(direction, ci, told) -> None:
    said = found(compared(run(), replace(metric("inconclusive"), direction=direction, ci=ci, delta=-0.001)))
    assert [f.severity for f in said] == ["info"] * told


def test_a_look_in_between_counts_for_as_many_as_there_are_points() -> None:
    """Bonferroni at 0.05: with 50 points so far it takes a p-value of 0.001."""

    def severity(p: float | None, points: int) -> str:
        tag = Metric("roc_auc", 0.87, 59, None, 0.9, 30, 0.5, 0.9, points, "max", "csv")
        look = compared(replace(run(), metrics={"roc_auc": tag}), replace(metric(), p_adjusted=p))
        return found(look)[0].severity

    assert [severity(p, 50) for p in (0.001, 0.00101, None)] == ["critical", "info", "critical"]
    assert [severity(p, 1) for p in (0.05, 0.0501)] == ["critical", "info"]


def test_one_great_effect_is_enough_for_a_task() -> None:
    for option, effect, sure in ((0.25, 0.25, True), (0.25, 0.2499, False), (0.5, 0.4, False)):
        for rule, role in (("data-drifted", "feature"), ("prediction-drifted", "prediction")):
            look = situation(data=(data(latest=report(column(effect=effect, role=role))),))
            options = {} if option == 0.25 else {rule: {"at_once": option}}
            assert [(f.rule, f.confirmed) for f in found(replace(look, options=options))] == [(rule, sure)]
