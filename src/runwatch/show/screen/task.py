"""One task in full: its line, and the finding that it stands for; and where it leads."""

from __future__ import annotations

import re

from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.drift import DataSet
from runwatch.domain.finding import Finding
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import Task
from runwatch.show.screen.destinations import Destination, ShowColumn, ShowComparison, ShowPlace, ShowRun
from runwatch.show.screen.drift import ColumnKey, data_set
from runwatch.show.screen.findings import FACTS, fact, facts_of
from runwatch.show.screen.tasks import TaskKey
from runwatch.show.screen.view import TableView, text

_MARK = re.compile(r"(?:^|\s)[+@]\S+")


def find(snapshot: Snapshot, key: TaskKey) -> Task | None:
    """The task of this key."""
    listed = snapshot.tasks.get(key.root)
    return next((task for task in listed.tasks if task.id == key.id), None) if listed else None


def finding_of(snapshot: Snapshot, key: TaskKey) -> Finding | None:
    """The finding that opened the task, while it holds."""
    task = find(snapshot, key)
    if task is None or task.fingerprint is None:
        return None
    return next((f for f in snapshot.findings if f.fingerprint == task.fingerprint), None)


def leads_to(snapshot: Snapshot, key: TaskKey) -> Destination | None:
    """The run, column or comparison that a task is about, as far as its finding tells."""
    finding = finding_of(snapshot, key)
    return subject_of(snapshot, finding) if finding is not None else None


def subject_of(snapshot: Snapshot, finding: Finding) -> Destination | None:
    """The run, column or comparison that a finding is about, where that can be shown."""
    if finding.context == "models" and finding.run is not None:
        return ShowComparison(finding.run)
    if finding.run is not None and snapshot.situation.run(finding.run):
        return ShowRun(finding.run)
    named = PredictionsKey(finding.root, finding.scope)
    if finding.context == "models" and named in snapshot.situation.predictions:
        return ShowComparison(named)
    if (data := data_set(snapshot, finding.root, finding.scope)) is not None:
        return _column(data, finding)
    run = RunKey(finding.root, finding.scope)
    if snapshot.situation.run(run):
        return ShowRun(run)
    return ShowPlace("machine") if finding.context == "host" else None


def _column(data: DataSet, finding: Finding) -> Destination | None:
    names = [column.name for column in data.latest.columns] if data.latest else []
    subjects = [finding.subject, *finding.also]
    subject = next((column for column in subjects if column in names), names[0] if names else None)
    return ShowColumn(ColumnKey(data.root, data.name, subject)) if subject is not None else None


def task_table(snapshot: Snapshot, key: TaskKey, now: float) -> TableView:
    """The task and its finding as facts."""
    task = find(snapshot, key)
    if task is None:
        return TableView(FACTS, (), (text("this task is no longer in the file", "muted"),))
    rows = [fact("task", text(task.text, "strong")), fact("line", text(task.line, "muted"))]
    if task.due:
        rows.append(fact("due", text(f"{task.due:%A %Y-%m-%d}")))
    if task.created:
        rows.append(fact("since", text(f"{task.created:%Y-%m-%d}")))
    finding = finding_of(snapshot, key)
    if finding is None:
        return TableView(FACTS, tuple(rows))
    return TableView(FACTS, (*rows, *facts_of(finding, now)))


def marks(snapshot: Snapshot) -> tuple[str, ...]:
    """Every +project and @context in use, for completion; names of run groups and data sets as projects."""
    seen: dict[str, None] = {}
    for listed in snapshot.tasks.values():
        for task in listed.tasks:
            for mark in _MARK.findall(task.line):
                seen[mark.strip()] = None
    for data in snapshot.situation.data:
        seen["+" + data.name.replace(" ", "-")] = None
    for context in ("runs", "data", "models", "host", "plan"):
        seen["@" + context] = None
    return tuple(sorted(seen))
