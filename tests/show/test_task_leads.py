"""Enter on a task opens what it is about, also where data and predictions bear one name."""

from __future__ import annotations

from runwatch.domain.comparison import Comparison, PredictionsKey
from runwatch.domain.drift import ColumnDrift, DataSet, DriftReport
from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation, Snapshot
from runwatch.domain.task import Task, TaskList
from runwatch.show.screen.destinations import Destination, ShowColumn, ShowComparison
from runwatch.show.screen.drift import ColumnKey
from runwatch.show.screen.task import leads_to
from runwatch.show.screen.tasks import TaskKey

COLUMN = ColumnDrift("age", "numeric", "drifted", "moved", "ks")
REPORT = DriftReport("drifted", 1.0, 1, 10, 1, 10, (COLUMN,))
PREDICTIONS = PredictionsKey("/r", "screening")
DATA = DataSet("screening", "/r", "ref", (), (), REPORT)


def _leads(rule: str, subject: str, context: str) -> Destination | None:
    finding = Finding(rule, "critical", "screening", subject, "s", "t", "a", root="/r", context=context)  # type: ignore[arg-type]
    print_ = finding.fingerprint
    task = Task(
        print_, "t", "t", "A", False, None, None, None, None, (), (), source="rule", fingerprint=print_
    )
    situation = Situation(
        now=0.0,
        host="h",
        roots=("/r",),
        data=(DATA,),
        predictions={PREDICTIONS: Comparison("b", "a", "worse", "", ())},
    )
    snapshot = Snapshot(1, situation, (finding,), {"/r": TaskList("todo.txt", (task,))})
    return leads_to(snapshot, TaskKey("/r", print_))


def test_a_models_task_opens_the_comparison_and_a_datas_the_column() -> None:
    assert _leads("metric-regressed", "roc_auc", "models") == ShowComparison(PREDICTIONS)
    assert _leads("data-drifted", "age", "data") == ShowColumn(ColumnKey("/r", "screening", "age"))
