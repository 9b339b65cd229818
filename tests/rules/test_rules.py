"""Every rule fires on its condition and on nothing else, and says what to do first."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from msgspec.structs import replace
from situations import (
    GB,
    NOW,
    brief,
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
from runwatch.domain.drift import (
    ColumnDrift,
    ColumnTrend,
    DataSet,
    Multivariate,
    PerformanceEstimate,
    QualityCheck,
)
from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.machine import Disk, Gpu, GpuProcess
from runwatch.domain.run import Checkpoint, Metric, Process, RunKey
from runwatch.domain.situation import Situation


def test_a_quiet_situation_has_no_findings() -> None:
    disk = Disk("/", 100 * GB, 100 * GB, inodes_free=0.9)
    calm = situation(run(), run("b", "finished"), run("c", "unknown"), machine=machine(disks=(disk,)))
    assert found(calm) == []
    assert found(Situation(NOW, "box")) == []


def test_a_crash_is_critical_lasting_and_names_the_checkpoint() -> None:
    crashed = run(
        status="crashed",
        status_reason="CUDA out of memory at step 4120",
        checkpoints=(Checkpoint("exp/a/1.pt", 5, 1.0), Checkpoint("exp/a/2.pt", 5, 2.0)),
    )
    (finding,) = found(situation(crashed))
    assert (finding.rule, finding.severity, finding.lasting) == ("run-crashed", "critical", True)
    assert finding.title == "Run exp/a crashed: CUDA out of memory at step 4120"
    assert "smaller batch" in finding.advice and "2.pt" in finding.advice
    assert (finding.project, finding.context, finding.since) == ("exp", "runs", NOW - 60)


def test_a_later_success_of_the_same_group_settles_a_crash() -> None:
    crashed = run(status="crashed", updated=NOW - 5000)
    again = run("exp/b", "finished", started=NOW - 4000)
    elsewhere = run("other/b", "finished", started=NOW - 4000)
    assert [f.severity for f in found(situation(crashed, elsewhere))] == ["critical"]
    (settled,) = found(situation(crashed, again))
    assert settled.severity == "info" and settled.lasting and not settled.actionable


def test_a_crash_is_settled_by_a_try_that_began_after_it() -> None:
    crashed = run(status="crashed", updated=NOW - 5000)
    for seconds, severity in ((0, "critical"), (1, "info")):
        tries = [run(f"exp/{n}", "finished", started=NOW - 5000 + seconds - n) for n in range(3)]
        for order in (tries, tries[::-1]):
            assert [f.severity for f in found(situation(crashed, *order))] == [severity]
    timeless = run("exp/b", "finished", started=None)
    assert [f.severity for f in found(situation(crashed, timeless))] == ["critical"]
    never = replace(crashed, updated=None)
    assert [f.severity for f in found(situation(never, run("exp/b", "finished")))] == ["critical"]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("CUDA out of memory", "ran out of memory"),
        ("torch.OutOfMemoryError", "ran out of memory"),
        ("Killed", "was killed"),
        ("exit code 137", "was killed"),
        ("SIGKILL", "was killed"),
        ("OSError: No space left on device", "disk is full"),
        ("errno ENOSPC", "disk is full"),
        ("Disk quota exceeded", "disk is full"),
        ("KeyError: 'x'", "end of its log"),
    ],
)
def test_the_advice_for_a_crash_fits_its_cause(reason: str, says: str) -> None:
    (finding,) = found(situation(run(status="crashed", status_reason=reason)))
    assert says in finding.advice and "no checkpoint" in finding.advice


def test_a_crash_explains_the_other_troubles_of_its_run() -> None:
    crashed = run(status="crashed")
    signs = (sign("nonfinite", "critical"), sign("diverged", "critical"), sign("spike", points_ago=3))
    (finding,) = found(with_signs(crashed, *signs))
    assert finding.rule == "run-crashed" and len(finding.also) == 3
    assert "train/loss nonfinite" in finding.evidence["also"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("kind", "severity", "rule", "expected"),
    [
        ("nonfinite", "critical", "metric-nonfinite", "critical"),
        ("diverged", "critical", "run-diverged", "critical"),
        ("overfitting", "warning", "run-overfitting", "warning"),
        ("slow", "warning", "run-slow", "warning"),
        ("ranks-apart", "warning", "ranks-apart", "warning"),
    ],
)
def test_signs_become_findings(kind: str, severity: str, rule: str, expected: str) -> None:
    (finding,) = found(with_signs(run(), sign(kind, severity)))
    assert (finding.rule, finding.severity, finding.actionable) == (rule, expected, True)
    assert finding.advice and finding.summary


def test_an_early_stopped_run_that_overfitted_opens_no_task_and_a_finished_one_is_not_slow() -> None:
    (finding,) = found(with_signs(run(status="finished"), sign("overfitting"), sign("slow")))
    assert (finding.rule, finding.severity, finding.actionable) == ("run-overfitting", "info", False)


def test_one_finding_for_what_became_nan_with_or_after_the_training_loss() -> None:
    def nan(tag: str, step: int) -> HealthSign:
        return replace(sign("nonfinite", "critical", tag), first_step=step)

    signs = (
        nan("grad_norm", 40),
        nan("later/loss", 60),
        nan("loss", 40),
        nan("val_loss", 45),
        nan("val/f1", 1),
    )
    found_now = {f.subject: f for f in found(with_signs(run(), *signs))}
    assert set(found_now) == {"loss", "val/f1"}
    held = ["grad_norm nonfinite", "later/loss nonfinite", "val_loss nonfinite"]
    assert found_now["loss"].evidence["also"] == held and found_now["val/f1"].also == ()
    assert len(found_now["loss"].also) == 3 and "3 other metrics" in found_now["loss"].summary
    (alone,) = found(with_signs(run(), replace(nan("loss", 0), first_step=None), nan("lr", 0)))
    assert len(alone.also) == 1, "a step that is not known is the first"


def test_since_does_not_move_while_a_run_goes_on() -> None:
    (running,) = found(with_signs(run(), sign("diverged", "critical")))
    (over,) = found(with_signs(run(status="finished"), sign("diverged", "critical")))
    (known,) = found(with_signs(run(), sign("diverged", "critical", since=NOW - 500.0)))
    assert (running.since, over.since, known.since) == (None, NOW - 60, NOW - 500)


def test_a_plateau_is_no_finding_and_only_the_newest_recent_spike_is() -> None:
    old, new = sign("spike", "info", points_ago=300), sign("spike", "warning", points_ago=2)
    late = replace(new, first_step=40, last_step=44)
    (finding,) = found(with_signs(run(), sign("plateau", "info"), old, late))
    assert (finding.rule, finding.severity, finding.evidence["last_step"]) == ("loss-spike", "warning", 44)
    assert found(with_signs(run(), late, replace(sign("spike", "info", points_ago=900), first_step=50))) == []
    other = sign("spike", "info", "val/loss", points_ago=5)
    spikes = found(with_signs(run(), old, other, late, sign("spike", "info", "no age")))
    assert [(f.subject, f.severity) for f in spikes] == [("train/loss", "warning"), ("val/loss", "info")]


def test_divergence_explains_spikes_of_the_same_run() -> None:
    assert [
        f.rule for f in found(with_signs(run(), sign("diverged", "critical"), sign("spike", points_ago=1)))
    ] == ["run-diverged"]


def test_stalls_by_status_by_sign_and_quiet_ones() -> None:
    assert brief(situation(run(status="stalled", updated=NOW - 1800))) == [
        ("run-stalled", "warning", "exp/a", "")
    ]
    assert brief(situation(run(status="stalled", updated=NOW - 7 * 3600)))[0][1] == "critical"
    assert brief(with_signs(run(status="stalled"), sign("stalled", "critical", "")))[0][1] == "critical"
    assert brief(with_signs(run(), sign("stalled", "info", "")))[0][1] == "info"
    assert found(with_signs(run(status="finished"), sign("stalled", "critical", ""))) == []
    assert brief(situation(run(status="stalled", updated=None)))[0][1] == "warning"


def test_a_regressed_primary_metric_is_critical_a_guard_a_warning() -> None:
    guard = replace(metric(primary=False), name="f1")
    assert [(f.subject, f.severity) for f in found(compared(run(), guard))] == [("f1", "warning")]
    (finding,) = found(compared(run(), metric()))
    assert (finding.subject, finding.severity) == ("roc_auc", "critical")
    assert "−0.03" in finding.summary and "0.0" not in finding.title and finding.context == "models"


def test_the_worst_regression_of_a_run_speaks_for_the_others() -> None:
    guard = replace(metric(primary=False), name="f1")
    (only,) = found(compared(run(), metric(), guard))
    assert only.subject == "roc_auc" and "1 more" in only.summary and len(only.also) == 1


def test_a_regression_says_where_to_look_first() -> None:
    changed = tuple((f"p{n}", 1, 2) for n in range(4))
    (finding,) = found(compared(run(), metric(at=40), hparams=changed))
    assert "differs from the baseline: p0, p1, p2;" in finding.advice
    (finding,) = found(compared(run(), metric(at=40)))
    assert "slices that add most" in finding.advice
    figures = "roc_auc −0.0300 (0.8700 against 0.9000 at step 40, 95% interval −0.0500 to −0.0100)"
    assert finding.summary == f"a worse than champ, {figures}"


@pytest.mark.parametrize("bare", [{"ci": None, "method": "delta"}, {"method": "curve-mad"}])
def test_one_run_a_side_is_a_warning_at_most(bare: dict) -> None:
    (finding,) = found(compared(run(), metric(**bare)))
    assert finding.severity == "warning" and "seeds" in finding.advice


def test_better_equivalent_inconclusive_and_assumed_baselines_open_nothing() -> None:
    for verdict in ("better", "equivalent", "unknown"):
        assert found(compared(run(), metric(verdict, 0.0, ci=None))) == []
    assert found(compared(run(), metric("inconclusive", -0.006, ci=(-0.02, 0.01)))) == []
    sure = metric("inconclusive", -0.004, ci=(-0.007, -0.001))
    assert [f.severity for f in found(compared(run(), sure))] == ["info"]
    (assumed,) = found(compared(run(), metric(), source="assumed: the best finished run"))
    assert assumed.severity == "info" and not assumed.actionable


def test_an_open_regression_clears_only_below_half_the_tolerance() -> None:
    lingering = compared(run(), metric("equivalent", -0.008, ci=(-0.009, 0.001)))
    assert found(lingering) == []
    print_ = found(compared(run(), metric()))[0].fingerprint
    held = found(replace(lingering, open_fingerprints=frozenset({print_})))
    assert [f.fingerprint for f in held] == [print_] and held[0].severity == "critical"
    clear = compared(run(), metric("equivalent", -0.004, ci=(-0.009, 0.001)))
    assert found(replace(clear, open_fingerprints=frozenset({print_}))) == []


def test_a_regressed_model_groups_its_slices() -> None:
    worse = SliceComparison("region = south", 400, "accuracy", 0.9, 0.7, -0.2, None, 0.001, "worse", 0.6)
    (finding,) = found(compared(run(), metric(), slices=(worse,)))
    assert finding.rule == "metric-regressed" and len(finding.also) == 1
    (alone,) = found(compared(run(), metric("equivalent", 0.0), slices=(worse,)))
    assert (alone.rule, alone.subject, alone.severity) == ("slice-regressed", "region = south", "warning")


def test_predictions_are_judged_like_runs() -> None:
    comparison = Comparison("c", "b", "worse", "", (metric(),))
    (finding,) = found(situation(predictions={PredictionsKey("/r", "churn q1"): comparison}))
    assert (finding.scope, finding.run, finding.project, finding.root) == ("churn q1", None, "churn-q1", "/r")


def test_a_drifted_column_is_confirmed_by_two_batches_or_a_great_effect() -> None:
    once = data(trends=(ColumnTrend("income", ("stable", "stable", "drifted"), (0, 0, 0.15)),))
    twice = data(trends=(ColumnTrend("income", ("stable", "warning", "drifted"), (0, 0.05, 0.15)),))

    def only(one: DataSet, *columns: ColumnDrift) -> Finding:
        (finding,) = found(situation(data=(replace(one, latest=report(*columns)),)))
        return finding

    first = only(once, column())
    assert (first.rule, first.severity, first.confirmed, first.since) == (
        "data-drifted", "critical", False, NOW - 1000,
    )  # fmt: skip
    assert only(twice, column()).confirmed and only(twice, column()).since == NOW - 2000
    ever = (ColumnTrend("income", ("drifted",) * 9, (0.15,) * 9),)
    assert only(replace(twice, trends=ever), column()).since == NOW - 3000, "the oldest batch that is known"
    over = (ColumnTrend("income", ("drifted", "stable", "stable"), (0.15, 0, 0)),)
    assert not only(replace(twice, trends=over), column()).confirmed
    young = (ColumnTrend("income", ("drifted",), (0.15,)),)
    assert not only(replace(twice, trends=young), column()).confirmed
    assert not only(replace(twice, trends=()), column(effect=None)).confirmed
    assert only(once, column()).summary == "income: median up (effect 0.15)"
    assert only(once, column(effect=None)).summary == "income: median up"
    assert only(once, column(effect=0.3)).confirmed
    assert only(once, column(verdict="warning")).severity == "warning"
    assert "0.15" not in first.title and first.project == "orders" and first.context == "data"


def test_stable_unknown_and_key_columns_do_not_drift_and_predictions_have_their_own_rule() -> None:
    columns = (
        column("a", "stable"), column("b", "unknown"), column("id", role="key"),
        column("score", role="prediction"),
    )  # fmt: skip
    assert brief(situation(data=(data(latest=report(*columns)),))) == [
        ("prediction-drifted", "critical", "orders", "score")
    ]


def test_more_than_three_drifted_columns_fold_into_one() -> None:
    three = [column(f"c{i}") for i in range(3)]
    assert len(found(situation(data=(data(latest=report(*three)),)))) == 3
    many = [*three, column("x", "warning"), column("y", effect=0.4)]
    (finding,) = found(situation(data=(data(latest=report(*many)),)))
    assert (finding.subject, finding.severity, finding.confirmed) == ("", "critical", True)
    assert len(finding.also) == 5 and finding.title == "Columns of orders drifted"
    assert "c0, c1, c2 and 2 more" in finding.summary


def test_columns_that_moved_only_together() -> None:
    together = Multivariate("forest", 0.7, 0.001, 500, 500, "drifted", (("a", 0.5), ("b", 0.3)))
    still = report(column("a", "stable"), multivariate=together)
    assert brief(situation(data=(data(latest=still),))) == [
        ("data-drifted", "critical", "orders", "all columns together")
    ]
    for verdict in ("stable", "unknown"):
        assert (
            found(situation(data=(data(latest=report(multivariate=replace(together, verdict=verdict))),)))
            == []
        )
    (once,) = found(situation(data=(data(batches=data().batches[:1], latest=still),)))
    (twice,) = found(situation(data=(data(batches=data().batches[:2], latest=still),)))
    assert (once.confirmed, twice.confirmed) == (False, True)
    moved = report(column("a"), multivariate=together)
    assert [f[3] for f in brief(situation(data=(data(latest=moved),)))] == ["a"]


def test_quality_staleness_and_estimated_performance() -> None:
    fault = QualityCheck("missing-values", "warning", "age", "12% missing", "Look at the join.")
    estimate = PerformanceEstimate("b2", "roc_auc", 0.8, None, 0.01, 0.85, 0.95, alert=True)
    assert brief(situation(data=(data(quality=(fault,)),))) == [
        ("data-quality", "warning", "orders", "age missing-values")
    ]
    late = situation(data=(data(late_by=3600.0, expected_every=7200.0),))
    assert brief(late) == [("data-stale", "warning", "orders", "")]
    assert brief(situation(data=(data(late_by=36000.0, expected_every=7200.0),)))[0][1] == "critical"
    (once,) = found(situation(data=(data(estimated=(estimate,)),)))
    assert (once.rule, once.severity, once.confirmed) == ("performance-estimated-drop", "warning", False)
    (twice,) = found(situation(data=(data(estimated=(estimate, estimate)),)))
    assert twice.confirmed
    assert "An estimate from the scores alone" in once.advice and "drifted" not in once.advice
    labelled = replace(estimate, realised=0.7, by_labels=True, usual_low=0.86, usual_high=0.94)
    (real,) = found(situation(data=(data(estimated=(labelled,)),)))
    assert real.confirmed and real.severity == "critical" and "The labels say so" in real.advice
    assert real.summary == "roc_auc is 0.7000 on b2; 0.8600 to 0.9400 is usual"
    assert found(situation(data=(data(estimated=(replace(estimate, alert=False), estimate)),))) == [once]
    assert found(situation(data=(data(estimated=(estimate, replace(estimate, alert=False))),))) == []
    part = replace(estimate, realised=0.8)
    moved = report(column("a", "drifted"), column("b", "warning"))
    looks = [found(situation(data=(data(estimated=(e,), latest=moved),))) for e in (part, labelled)]
    both = [f.advice for look in looks for f in look if f.rule == once.rule]
    assert "labels for more rows" in both[0] and "meanwhile look at the drifted columns (a)." in both[0]
    assert "labels for some rows" in once.advice and "Look at the drifted columns (a);" in both[1]
    assert "no column drifted" in real.advice
    rose = replace(labelled, alert=False, better=True)
    assert found(situation(data=(data(estimated=(rose,)),))) == []


@pytest.mark.parametrize(
    ("used", "free", "severity"),
    [(800, 200, None), (910, 90, "warning"), (960, 40, "critical"), (85, 15, "warning"), (17, 3, "warning")],
)
def test_disks_by_share_and_by_size(used: int, free: int, severity: str | None) -> None:
    disk = Disk("/data", used * GB, free * GB)
    got = [f.severity for f in found(situation(machine=machine(disks=(disk,))))]
    if (used, free) == (17, 3):
        severity = "critical"
    assert got == ([severity] if severity else [])


def test_an_open_disk_finding_clears_at_twelve_percent() -> None:
    low = situation(machine=machine(disks=(Disk("/", 910 * GB, 90 * GB),)))
    print_ = frozenset({found(low)[0].fingerprint})
    eleven = situation(machine=machine(disks=(Disk("/", 890 * GB, 110 * GB),)))
    assert found(eleven) == []
    assert len(found(replace(eleven, open_fingerprints=print_))) == 1
    thirteen = situation(machine=machine(disks=(Disk("/", 870 * GB, 130 * GB),)), open_fingerprints=print_)
    assert found(thirteen) == []


def test_inodes_and_the_next_checkpoint() -> None:
    assert brief(situation(machine=machine(disks=(Disk("/", 1, 900 * GB, inodes_free=0.02),)))) == [
        ("disk-low", "warning", "box", "/ inodes")
    ]
    big = run(checkpoints=(Checkpoint("exp/a/1.pt", 300 * GB, 1.0),))
    disks = (Disk("/", 100 * GB, 900 * GB), Disk("/r", 600 * GB, 400 * GB))
    assert brief(situation(big, machine=machine(disks=disks))) == [
        ("disk-low", "critical", "exp/a", "next checkpoint")
    ]
    assert found(situation(replace(big, status="finished"), machine=machine(disks=disks))) == []


def test_a_disk_that_is_small_anyway_is_judged_by_its_share_alone() -> None:
    assert found(situation(machine=machine(disks=(Disk("/boot", 2 * GB, 3 * GB, inodes_free=0.9),)))) == []
    [low] = found(situation(machine=machine(disks=(Disk("/", 960 * GB, 40 * GB, inodes_free=0.9),))))
    assert low.rule == "disk-low" and low.evidence["free_percent"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("hours", "severity"), [(10, "critical"), (17, "critical"), (20, "warning"), (30, None)]
)
def test_a_disk_that_is_full_before_the_morning_is_critical(hours: float, severity: str | None) -> None:
    disk = Disk("/", 500 * GB, 500 * GB, full_in=hours * 3600)
    assert [f.severity for f in found(situation(machine=machine(disks=(disk,))))] == (
        [severity] if severity else []
    )


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


def test_memory_pressure_and_kills() -> None:
    assert brief(situation(machine=machine(memory_used=62 * GB))) == [
        ("memory-low", "warning", "box", "memory")
    ]
    assert brief(situation(machine=machine(memory_used=63.5 * GB)))[0][1] == "critical"
    waits = machine(pressure=(("memory", 25.0), ("io", 30.0), ("cpu", 99.0)))
    assert brief(situation(machine=waits)) == [("memory-low", "warning", "box", "memory pressure")]
    gone = run(status="unknown", processes=(Process(7, "box", None, False),))
    (killed,) = found(situation(gone, machine=machine(oom_kills=1)))
    assert (killed.rule, killed.severity, killed.lasting) == ("out-of-memory-kill", "critical", True)
    assert "exp/a" in killed.title


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
    young = situation(run(), unreadable={"/r": NOW - 500})
    assert found(young) == []
    part = situation(run(status="crashed"), run("b", "crashed"), unreadable={"/r/exp": NOW - 700})
    assert {(f[0], f[2]) for f in brief(part)} == {("source-unreadable", "exp"), ("run-crashed", "b")}


def test_names_from_disk_are_shown_safely_everywhere() -> None:
    evil = "a\x1b[2Jb"
    disk = Disk(f"/{evil}", 960 * GB, 40 * GB)
    one = run(evil, "crashed", status_reason=evil)
    other = run("x" + evil)
    at = situation(
        one,
        other,
        health={other.key: (replace(sign("nonfinite", "critical", evil), summary="s"),)},
        machine=machine(disks=(disk,)),
        data=(data(latest=report(column(evil)), quality=(QualityCheck("c", "warning", evil, evil, evil),)),),
    )
    at = replace(at, comparisons={RunKey("/r", evil): Comparison(evil, evil, "worse", "", (metric(),))})
    for finding in found(at):
        assert "\x1b" not in finding.title + finding.summary + finding.advice + finding.project, finding


def test_a_regression_calls_both_runs_by_their_names() -> None:
    one, other = run("0/46a48e8a", name="deep tree"), run("0/54bfd36e", name="plain tree")
    comparison = Comparison(one.id, other.id, "worse", "", (metric(),))
    (finding,) = found(situation(one, other, comparisons={one.key: comparison}))
    assert finding.summary.startswith("deep tree worse than plain tree, ")
    assert finding.title == "roc_auc of deep tree regressed against plain tree"
    twin = replace(other, name="deep tree")
    (finding,) = found(situation(one, twin, comparisons={one.key: comparison}))
    assert finding.summary.startswith("46a48e8a worse than 54bfd36e, ")


def test_many_looks_at_a_run_that_trains_are_not_as_many_chances() -> None:
    tag = Metric("roc_auc", 0.87, 59, None, 0.9, 30, 0.5, 0.9, 60, "max", "csv")

    def regressed(p_adjusted: float, status: str, opened: frozenset[str] = frozenset()) -> Finding:
        judged = replace(metric(), p_adjusted=p_adjusted)
        at = compared(replace(run(status=status), metrics={"roc_auc": tag}), judged)
        return next(f for f in found(replace(at, open_fingerprints=opened)) if f.rule == "metric-regressed")

    first = regressed(0.01, "running")
    assert (first.severity, first.actionable) == ("info", False)
    for sure in (regressed(0.0001, "running"), regressed(0.01, "finished")):
        assert (sure.severity, sure.actionable) == ("critical", True)
    stays = regressed(0.01, "running", frozenset({first.fingerprint}))
    assert stays.severity == "critical", "a task that is open does not come and go"
