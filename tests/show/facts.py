"""A hand-made snapshot for the tests of what is shown."""

from __future__ import annotations

from datetime import date, datetime

from runwatch.domain.comparison import Baseline, Comparison, MetricComparison
from runwatch.domain.drift import Batch, ColumnDrift, ColumnTrend, DataSet, DriftReport
from runwatch.domain.finding import Finding
from runwatch.domain.machine import Disk, Machine
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.points import Points
from runwatch.domain.run import Metric, Problem, Progress, Run, RunKey
from runwatch.domain.situation import Situation, Snapshot
from runwatch.domain.task import TaskList
from runwatch.rules.engine.registry import load_rules, traits_of
from runwatch.store.snapshot_facts import Facts, facts
from runwatch.tasks.todotxt import parse_all

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 22, 0).timestamp()
HOUR, DAY = 3600.0, 86400.0
NASTY = "</title><script>x\x1b]52;c;\x07|[/b]`*"
TRAITS = {rule.NAME: traits_of(rule) for rule in load_rules()[0]}


def run(id_: str, status: str = "running", updated: float = -60.0, started: float = -HOUR, **changes) -> Run:
    values = {
        "root": "/runs",
        "formats": ("csv",),
        "status_reason": f"why {id_}",
        "step": 120,
        "epoch": None,
        "metrics": {"val/loss": metric("val/loss")},
    } | changes
    return with_main_metric(
        Run(id=id_, status=status, updated=NOW + updated, started=NOW + started, **values)
    )


def metric(tag: str) -> Metric:
    return Metric(tag, 0.3, 120, None, 0.2, 90, 0.2, 0.9, 120, "min", "csv")


def finding(
    rule: str = "metric-regressed", severity: str = "warning", scope: str = "a", **changes
) -> Finding:
    values = {
        "subject": "val/auc",
        "summary": f"{scope}: val/auc 0.81, was 0.84",
        "title": "t",
        "advice": "look at it",
        "root": "/runs",
        "run": RunKey("/runs", scope),
    } | changes
    if rule in TRAITS:
        traits = TRAITS[rule]
        values = {"words": traits.words, "topic": traits.topic, "plain": traits.plain, **values}
    return Finding(rule=rule, severity=severity, scope=scope, **values)


def drifting(name: str = "orders") -> DataSet:
    column = ColumnDrift("age", "numeric", "drifted", "ks", "ks", sentence="age moved up by 4 years")
    batches = tuple(Batch(f"2026-11-{n:02}.csv", 100, NOW) for n in range(1, 4))
    report = DriftReport("drifted", 0.5, 1, 100, 3, 300, (column,), batches=batches)
    trends = (ColumnTrend("age", ("stable", "warning", "drifted"), (0.0, 0.05, 0.3)),)
    return DataSet(name, "/runs", "ref.csv", batches, trends, report)


def snapshot(
    runs=(), findings=(), lines=(), data=(), looked=None, disks=(), problems=(), **changes
) -> Snapshot:
    machine = Machine("host", 2, None, None, 1, 2, False, tuple(disks)) if disks else None
    situation = Situation(
        now=NOW,
        host="host",
        roots=("/runs",),
        runs=tuple(runs),
        data=tuple(data),
        machine=machine,
        problems=tuple(problems),
        **changes,
    )
    listed = TaskList("/runs/todo.txt", parse_all(lines, TODAY))
    return Snapshot(1, situation, tuple(findings), {"/runs": listed}, looked=looked)


def kept_facts(**parts) -> Facts:
    return facts(snapshot(**parts), TODAY)


def compared(verdict: str = "worse") -> Comparison:
    primary = MetricComparison("val/loss", "min", 0.2, 0.3, 0.1, verdict, "", primary=True)
    return Comparison("a", "base", verdict, "", (primary,))


class Look:
    """A finished look with the same curve for every tag."""

    def __init__(self, made: Snapshot) -> None:
        self.snapshot = made

    def series(self, key: RunKey, tag: str) -> Points:
        return Points.of(range(1000), [1 / (1 + n) if n % 100 else float("nan") for n in range(1000)])


BASELINE = Baseline("run", "base", "pinned")
FULL_DISK = Disk("/data", 95, 5, full_in=5 * HOUR)
PROBLEM = Problem("a|b.csv", "line 3", "cut short", "wait")
SLOW = Progress(fraction=0.5, eta=(2 * HOUR, HOUR, 3 * HOUR))
