"""What is found in runs and in models: on its condition and on nothing else, with what to do first."""

from __future__ import annotations

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
from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.machine import Disk
from runwatch.domain.run import Checkpoint, Metric, RunKey
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
    timeless = [run(f"exp/{n}", "finished", started=None) for n in range(2)]
    assert [f.severity for f in found(situation(crashed, *timeless))] == ["critical"]
    (settled,) = found(situation(crashed, *timeless, run("exp/9", "finished", started=NOW - 4999)))
    assert settled.severity == "info"
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
    first = found(with_signs(run(), nan("val_loss", 30), nan("loss", 40)))
    assert sorted(f.subject for f in first) == ["loss", "val_loss"], "what was there before has its own cause"
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


@pytest.mark.parametrize("bare", [{"ci": None, "method": None}, {"method": "curve-mad"}])
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


def test_a_regressed_model_groups_its_slices() -> None:
    worse = SliceComparison("region = south", 400, "accuracy", 0.9, 0.7, -0.2, None, 0.001, "worse", 0.6)
    (finding,) = found(compared(run(), metric(), slices=(worse,)))
    assert finding.rule == "metric-regressed" and len(finding.also) == 1
    (alone,) = found(compared(run(), metric("equivalent", 0.0), slices=(worse,)))
    assert (alone.rule, alone.subject, alone.severity) == ("slice-regressed", "region = south", "warning")
    assert alone.summary == "region = south: accuracy −0.200 over 400 rows, 60% of the whole loss"
    (bare,) = found(compared(run(), slices=(replace(worse, contribution=None),)))
    assert bare.summary == "region = south: accuracy −0.200 over 400 rows"
    (assumed,) = found(compared(run(), source="assumed: the best finished run", slices=(worse,)))
    assert assumed.severity == "info"


def test_predictions_are_judged_like_runs() -> None:
    comparison = Comparison("c", "b", "worse", "", (metric(),))
    (finding,) = found(situation(predictions={PredictionsKey("/r", "churn q1"): comparison}))
    assert (finding.scope, finding.run, finding.project, finding.root) == ("churn q1", None, "churn-q1", "/r")


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
