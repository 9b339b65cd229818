"""Of each rule one finding in full: what it is about, since when, for whom, and its evidence in the JSON."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from situations import (
    GB,
    NOW,
    RULES,
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

from runwatch.domain.comparison import Comparison, PredictionsKey, SliceComparison
from runwatch.domain.drift import ColumnTrend, Multivariate, PerformanceEstimate, QualityCheck
from runwatch.domain.machine import Disk, Gpu, GpuProcess
from runwatch.domain.run import Checkpoint, Problem
from runwatch.domain.situation import Situation
from runwatch.rules.engine.registry import traits_of

RUN = run("vision/a b", started=NOW - 9000.0, updated=NOW - 60.0)
OVER = replace(RUN, status="finished")
SHIFT = column(
    "age",
    "warning",
    0.04,
    p_adjusted=0.001,
    missing_reference=0.1,
    missing_current=0.2,
    new_categories=tuple("abcdefghijkl"),
    reference_n=100,
    current_n=50,
    measures={"psi": 0.3},
)
SHIFTS = {
    "effect": 0.04,
    "p_adjusted": 0.001,
    "psi": 0.3,
    "missing_reference": 0.1,
    "missing_current": 0.2,
    "new_categories": list("abcdefghij"),
    "reference_n": 100,
    "current_n": 50,
    "reason": "",
}
MOVED = (
    ColumnTrend("other", ("drifted",) * 3, (1.0,) * 3),
    ColumnTrend("age", ("stable", "stable", "warning"), (0,) * 3),
)
TOGETHER = Multivariate("forest", 0.7, 0.001, 500, 500, "warning", (("a", 0.5), ("b", 0.3)))
ESTIMATE = PerformanceEstimate(
    "b2", "f1", 0.8, None, 0.01, 0.77, 0.83, alert=True, usual_low=0.85, usual_high=0.95
)
WORSE = SliceComparison(
    "region = south", 400, "accuracy", 0.9, 0.7, -0.2, (-0.3, -0.1), 0.001, "worse", 0.6, ("x",)
)
FULL = Disk("/data", 960 * GB, 40 * GB, full_in=3600.0)
HOT = Gpu(1, "H100", 0.0, 9 * GB, 80 * GB, 95.0, 90.0, throttled=True)
IDLE = replace(HOT, temperature=50.0, throttled=False, idle_for=400.0)
STRANGERS = tuple(GpuProcess(pid, None if pid == 8 else GB) for pid in (7, 8, 9, 10, 11))
DATA = data(trends=MOVED)


def curve(
    kind: str, rule: str, one=RUN, subject="train/loss", severity="warning", sign_severity="warning", **more
):
    evidence = {"since": NOW - 500.0, "points_ago": 3}
    return with_signs(one, sign(kind, sign_severity, **evidence)), {
        "rule": rule, "severity": severity, "subject": subject, "since": NOW - 500.0,
        "evidence": {**evidence, "first_step": 5, "last_step": 9}, **more,
    }  # fmt: skip


def of_data(rule: str, severity: str, subject: str, since: float | None, evidence: dict, **more: object):
    return situation(data=(replace(DATA, **more),)), {
        "rule": rule, "severity": severity, "scope": "orders", "subject": subject, "since": since,
        "run": None, "project": "orders", "context": "data", "evidence": evidence,
    }  # fmt: skip


def of_host(rule: str, severity: str, subject: str, evidence: dict, **more: object):
    return situation(machine=machine(**more)), {
        "rule": rule, "severity": severity, "scope": "box", "subject": subject, "run": None,
        "project": "box", "context": "host", "evidence": evidence,
    }  # fmt: skip


KNOWN: list[tuple[Situation, dict]] = [
    curve("diverged", "run-diverged", title="train/loss of vision/a b rose far above its best"),
    curve("diverged", "run-diverged", severity="critical", sign_severity="critical",
          title="train/loss of vision/a b diverged"),
    curve("overfitting", "run-overfitting"),
    curve("overfitting", "run-overfitting", OVER, severity="info"),
    curve("slow", "run-slow", subject=""),
    curve("ranks-apart", "ranks-apart"),
    curve("ranks-apart", "ranks-apart", OVER, severity="info"),
    curve("spike", "loss-spike"),
    curve("nonfinite", "metric-nonfinite", severity="critical", sign_severity="critical"),
    (
        situation(run("vision/a b", "crashed", status_reason="boom", updated=NOW - 60)),
        {"rule": "run-crashed", "severity": "critical", "since": NOW - 60, "lasting": True,
         "evidence": {"reason": "boom", "step": 10}},
    ),
    (
        with_signs(replace(RUN, status="stalled"), sign("stalled", "critical", "", usual=7)),
        {"rule": "run-stalled", "severity": "critical", "since": NOW - 60,
         "summary": "silent for 1 min:  stalled", "evidence": {"silent_seconds": 60.0, "step": 10,
         "usual": 7}},
    ),
    (
        with_signs(RUN, sign("stalled", "info", "")),
        {"rule": "run-stalled", "severity": "info", "since": NOW - 60,
         "summary": "quiet for 1 min:  stalled"},
    ),
    (
        situation(RUN, machine=machine(gpus=(replace(IDLE, processes=(GpuProcess(7, GB, RUN.id),)),))),
        {"rule": "gpu-idle", "severity": "warning", "subject": "gpu 1", "evidence": {"gpu": 1,
         "idle_seconds": 400.0}},
    ),
    (
        situation(
            replace(RUN, checkpoints=(Checkpoint("1.pt", 300 * GB, 1.0),)),
            machine=machine(disks=(Disk("/", GB, 400 * GB),)),
        ),
        {"rule": "disk-low", "severity": "critical", "subject": "next checkpoint",
         "evidence": {"checkpoint": 300 * GB, "free": 400 * GB, "mount": "/"}},
    ),
    (
        compared(OVER, metric(p_value=0.01, p_adjusted=0.02)),
        {"rule": "metric-regressed", "severity": "critical", "subject": "roc_auc", "since": NOW - 60,
         "context": "models",
         "evidence": {"baseline": 0.9, "candidate": 0.87, "delta": -0.03, "ci": (-0.05, -0.01),
         "p_value": 0.01,
                      "p_adjusted": 0.02, "tolerance": 0.01, "primary": True, "reason": ""}},
    ),
    (
        compared(OVER, slices=(WORSE, replace(WORSE, slice="region = north", verdict="equivalent"))),
        {"rule": "slice-regressed", "severity": "warning", "subject": "region = south", "since": NOW - 60,
         "context": "models",
         "evidence": {"n": 400, "metric": "accuracy", "delta": -0.2, "ci": (-0.3, -0.1), "p_adjusted": 0.001,
                      "contribution": 0.6, "overlapping": ["x"]}},
    ),
    (
        situation(predictions={PredictionsKey("/r", "churn q1"): Comparison("c", "b", "worse", "",
        (metric(),))}),
        {"rule": "metric-regressed", "severity": "critical", "scope": "churn q1", "subject": "roc_auc",
         "run": None,
         "project": "churn-q1", "context": "models"},
    ),
    of_data("data-drifted", "warning", "age", NOW - 1000, SHIFTS, latest=report(SHIFT)),
    of_data("data-drifted", "warning", "age", NOW - 1000, SHIFTS, latest=report(SHIFT), trends=()),
    of_data("data-drifted", "warning", "age", None, SHIFTS, latest=report(SHIFT), batches=()),
    of_data("data-drifted", "warning", "all columns together", NOW - 1000, {"auc": 0.7, "p_value": 0.001},
            latest=report(multivariate=TOGETHER)),
    of_data("prediction-drifted", "warning", "age", NOW - 1000, SHIFTS,
            latest=report(replace(SHIFT, role="prediction"))),
    of_data("data-quality", "info", "age nulls", NOW - 1000, {"share": 0.1},
            quality=(QualityCheck("nulls", "info", "age", "s", "a", {"share": 0.1}),)),
    of_data("data-quality", "info", "duplicates", NOW - 1000, {},
            quality=(QualityCheck("duplicates", "info", "", "s", "a"),)),
    of_data("data-stale", "warning", "", NOW - 3600,
            {"late_by_seconds": 3600.0, "expected_every_seconds": None}, late_by=3600.0),
    of_data("performance-estimated-drop", "warning", "f1", None,
            {"batch": "b2", "estimated": 0.8, "realised": None, "low": 0.77, "high": 0.83,
            "usual_low": 0.85, "usual_high": 0.95},
            estimated=(ESTIMATE,)),
    of_data("error-rate-changed", "warning", "error rate", NOW - 2000, {"batch": "b1.csv", "fell": False},
            errors_changed="b1.csv"),
    of_host("disk-low", "critical", "/data", {"free": 40 * GB, "used": 960 * GB, "free_percent": 4.0},
            disks=(replace(FULL, full_in=None),)),
    of_host("disk-low", "warning", "/ inodes", {"inodes_free": 0.01},
            disks=(Disk("/", GB, 900 * GB, inodes_free=0.01),)),
    of_host("disk-full-soon", "critical", "/", {"full_in_seconds": 3600.0, "free": 900 * GB},
            disks=(Disk("/", GB, 900 * GB, full_in=3600.0),)),
    of_host("memory-low", "warning", "memory", {"used": 97, "total": 100}, memory_used=97, memory_total=100),
    of_host("memory-low", "warning", "io pressure", {"some_avg60": 50.0},
            pressure=(("io", 50.0), ("cpu", 99.0))),
    of_host("gpu-hot", "warning", "gpu 1", {"temperature": 95.0, "throttled": True}, gpus=(HOT,)),
    of_host("gpu-idle", "info", "gpu 1", {"pids": [7, 8, 9, 10, 11], "memory": 4 * GB},
            gpus=(replace(IDLE, processes=STRANGERS),)),
    of_host("out-of-memory-kill", "critical", "", {"kills": 2, "runs": []}, oom_kills=2),
    (
        situation(unreadable={"/r": NOW - 700.0}),
        {"rule": "source-unreadable", "severity": "critical", "scope": ".", "subject": "r",
         "since": NOW - 700, "run": None,
         "project": "r", "context": "host", "evidence": {"seconds": 700.0}},
    ),
    (
        situation(unreadable={"/r/exp/": NOW - 700.0}),
        {"rule": "source-unreadable", "severity": "warning", "scope": "exp", "subject": "",
         "since": NOW - 700, "run": None,
         "project": "exp", "context": "host", "evidence": {"seconds": 700.0}},
    ),
    (
        situation(unjudged=(Problem("data/new x.csv", None, "no rows", ""),)),
        {"rule": "source-unreadable", "severity": "warning", "scope": "data/new x.csv",
         "subject": "configured", "run": None,
         "project": "new-x.csv", "context": "data", "evidence": {}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "expected"), KNOWN, ids=[f"{one['rule']}-{n}" for n, (_, one) in enumerate(KNOWN)]
)
def test_a_known_finding(at: Situation, expected: dict) -> None:
    (finding,) = found(at)
    rule = next(rule for rule in RULES if finding.rule == rule.NAME)
    traits = traits_of(rule)
    assert (finding.words, finding.topic, finding.plain) == (traits.words, traits.topic, traits.plain)
    of_a_run = {"scope": RUN.id, "subject": "", "run": RUN.key, "project": "vision", "context": "runs"}
    full = {
        "root": "/r",
        "since": None,
        "lasting": finding.rule == "out-of-memory-kill",
        **of_a_run,
        **expected,
    }
    assert {name: getattr(finding, name) for name in full} == full
    assert finding.actionable == (finding.severity != "info")


def test_what_is_said_of_a_disk_a_column_and_a_data_set() -> None:
    said = {f.subject: (f.summary, f.title) for at, _ in KNOWN for f in found(at)}
    assert said["/data"] == ("/data has 37.3 GiB free (4%)", "Disk /data is nearly full")
    assert said["age nulls"] == ("s", "Data quality of age of orders: nulls")
    assert said["duplicates"] == ("s", "Data quality of orders: duplicates")


def test_every_rule_has_a_known_finding() -> None:
    assert {expected["rule"] for _, expected in KNOWN} == {rule.NAME for rule in RULES}
