"""Hand-made situations for the tests of the rules."""

from __future__ import annotations

from datetime import datetime

from runwatch.domain.comparison import Baseline, Comparison, MetricComparison
from runwatch.domain.drift import Batch, ColumnDrift, DataSet, DriftReport, Multivariate
from runwatch.domain.finding import Finding
from runwatch.domain.health import HealthSign
from runwatch.domain.machine import Machine
from runwatch.domain.run import Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.evaluation import evaluate_all
from runwatch.rules.engine.registry import load_rules

NOW = datetime(2026, 11, 25, 18, 0).timestamp()
GB = 10**9
RULES, _ = load_rules()


def run(run_id: str = "exp/a", status: str = "running", **more: object) -> Run:
    fields: dict = {"status_reason": "", "started": NOW - 9000, "updated": NOW - 60, **more}
    return Run("/r", run_id, ("csv",), status, step=10, epoch=None, metrics={}, **fields)  # type: ignore[arg-type]


def situation(*runs: Run, **more: object) -> Situation:
    return Situation(NOW, "box", roots=("/r",), runs=runs, **more)  # type: ignore[arg-type]


def found(at: Situation) -> list[Finding]:
    evaluated = evaluate_all(at, RULES)
    assert evaluated.problems == ()
    return list(evaluated.findings)


def brief(at: Situation) -> list[tuple[str, str, str, str]]:
    return [(f.rule, f.severity, f.scope, f.subject) for f in found(at)]


def sign(kind: str, severity: str = "warning", tag: str = "train/loss", **evidence: object) -> HealthSign:
    return HealthSign(kind, severity, tag, 5, 9, f"{tag} {kind}", evidence)  # type: ignore[arg-type]


def with_signs(one: Run, *signs: HealthSign, **more: object) -> Situation:
    return situation(one, health={one.key: signs}, **more)


def machine(**more: object) -> Machine:
    fields: dict = {"memory_used": 10 * GB, "memory_total": 64 * GB, "disks": (), **more}
    return Machine("box", 8, (1.0, 1.0, 1.0), 0.1, in_container=False, **fields)


def data(**more: object) -> DataSet:
    batches = tuple(Batch(f"b{i}.csv", 1000, NOW - 1000 * (3 - i)) for i in range(3))
    fields: dict = {"batches": batches, "trends": (), "latest": None, **more}
    return DataSet("orders", "/r", "ref.csv", **fields)


def column(
    name: str = "income", verdict: str = "drifted", effect: float = 0.15, **more: object
) -> ColumnDrift:
    return ColumnDrift(name, "numeric", verdict, "", "ks", effect=effect, sentence="median up", **more)  # type: ignore[arg-type]


def report(*columns: ColumnDrift, multivariate: Multivariate | None = None) -> DriftReport:
    return DriftReport("drifted", None, 1, 1000, 1, 1000, columns, multivariate)


def metric(verdict: str = "worse", delta: float = -0.03, **more: object) -> MetricComparison:
    fields: dict = {"ci": (-0.05, -0.01), "method": "delong", "tolerance": 0.01, "primary": True, **more}
    return MetricComparison("roc_auc", "max", 0.9, 0.9 + delta, delta, verdict, "", **fields)  # type: ignore[arg-type]


def compared(
    one: Run, *metrics: MetricComparison, source: str = "runwatch.toml", **more: object
) -> Situation:
    comparison = Comparison("exp/a", "champ", "worse", "", metrics, **more)  # type: ignore[arg-type]
    baselines = {
        "/r": Baseline(
            "run", "champ", source, origin="assumed" if source.startswith("assumed") else "configured"
        )
    }
    return situation(one, comparisons={one.key: comparison}, baselines=baselines)
