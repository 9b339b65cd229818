"""What is kept of a snapshot, so that ``status`` and ``brief`` can answer without reading a run.

Facts are plain JSON values. Imports nothing heavy: a tmux status line pays for every import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from runwatch.domain.address import host_of
from runwatch.domain.borders import JsonDict
from runwatch.text.jsonable import finite, plain
from runwatch.text.jsonable import text as _text

if TYPE_CHECKING:
    from datetime import date

    from runwatch.domain.drift import DataSet
    from runwatch.domain.finding import Finding
    from runwatch.domain.run import Run
    from runwatch.domain.situation import Snapshot
    from runwatch.domain.task import Task, TaskList

VERSION = 1
_RECENT = 8 * 86400.0
_MOST_RUNS, _MOST_FINDINGS, _MOST_TASKS = 500, 300, 200

Facts = JsonDict


class SnapshotFacts(NamedTuple):
    """The facts kept last: when (seconds since the epoch) and the seconds between two such moments."""

    at: float
    beat: float
    facts: Facts


def facts(snapshot: Snapshot, today: date) -> Facts:
    """What is kept of a snapshot: counts of all runs, recent runs, findings (worst first), tasks, data sets
    and disks. Bounded: 500 runs, 300 findings, 200 open tasks."""
    from runwatch.domain.finding import urgency

    situation = snapshot.situation
    findings = sorted(snapshot.findings, key=urgency)
    return {
        "version": VERSION,
        "now": situation.now,
        "host": _text(situation.host),
        "roots": [_text(root) for root in situation.roots],
        "looked": snapshot.looked,
        **_counts(situation.runs, findings, snapshot.tasks, len(situation.problems), today),
        "runs": [run_facts(run) for run in _recent(situation.runs, situation.now)],
        "findings": [finding_facts(finding) for finding in findings[:_MOST_FINDINGS]],
        "data": [_data_facts(data) for data in situation.data],
        "disks": [
            {"mount": _text(d.mount), "percent": d.percent, "free": d.free, "full_in": finite(d.full_in)}
            for d in (situation.machine.disks if situation.machine else ())
        ],
        "marks": [_text(mark) for mark in snapshot.watch.marks],
        "trouble": _text(snapshot.watch.trouble),
        "by_root": {_text(root): _root_facts(snapshot, root, today) for root in situation.roots},
    }


def _root_facts(snapshot: Snapshot, root: str, today: date) -> Facts:
    """The counts of one root; what belongs to the machine is counted with the first."""
    from runwatch.domain.finding import of_root

    situation = snapshot.situation
    runs = [run for run in situation.runs if run.root == root]
    listed = {root: snapshot.tasks[root]} if root in snapshot.tasks else {}
    problems = len(situation.problems) if root == situation.roots[0] else 0
    return _counts(runs, of_root(snapshot.findings, root, situation.roots), listed, problems, today)


def _counts(
    runs: Sequence[Run],
    findings: Sequence[Finding],
    tasks: Mapping[str, TaskList],
    problems: int,
    today: date,
) -> Facts:
    from runwatch.domain.finding import WORST_FIRST

    states = [run.status for run in runs]
    severities: list[str] = [finding.severity for finding in findings]
    return {
        "run_counts": {status: states.count(status) for status in dict.fromkeys(states)},
        "finding_counts": {severity: severities.count(severity) for severity in WORST_FIRST},
        "tasks": tasks_facts(tasks, today),
        "problems": problems + sum(len(run.problems) for run in runs),
    }


def run_facts(run: Run) -> Facts:
    """One run, as kept."""
    return {
        "host": host_of(run.root),
        "root": _text(run.root),
        "id": _text(run.id),
        "name": _text(run.name),
        "group": _text(run.group),
        "status": run.status,
        "reason": _text(run.status_reason),
        "started": finite(run.started),
        "updated": finite(run.updated),
        "step": run.step,
        "fraction": finite(run.progress.fraction),
        "eta": [finite(value) for value in run.progress.eta] if run.progress.eta else None,
    }


def finding_facts(finding: Finding) -> Facts:
    """One finding, every field, as JSON values (a non-finite number is null, its words beside it)."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "subject": _text(finding.place),
        "run": _text(finding.run.id) if finding.run else None,
        "host": host_of(finding.root),
        "root": _text(finding.root),
        "summary": _text(finding.summary),
        "evidence": plain(finding.evidence),
        "advice": _text(finding.advice),
        "since": finite(finding.since),
        "first_seen": finite(finding.first_seen),
        "last_seen": finite(finding.last_seen),
        "fingerprint": finding.fingerprint,
        "words": list(finding.words),
        "topic": finding.topic,
        "plain": finding.plain,
    }


def tasks_facts(lists: Mapping[str, TaskList], today: date) -> Facts:
    """The to-do files of all roots together; a file that several roots share counts once."""
    files = {listed.file: listed for listed in lists.values()}
    hosts = {id(task): host_of(root) for root, listed in lists.items() for task in listed.tasks}
    tasks = [task for listed in files.values() for task in listed.tasks]
    still = [task for task in tasks if task.state == "open"]
    still.sort(key=lambda task: (task.priority or "~", str(task.due or "~")))
    return {
        "file": _text(" ".join(files)),
        "open": len(still),
        "overdue": sum(task.due is not None and task.due < today for task in still),
        "due_today": sum(task.due == today for task in still),
        "snoozed": sum(task.state == "snoozed" for task in tasks),
        "critical": sum(task.priority == "A" and task.source == "rule" for task in still),
        "done_today": sum(listed.done_on(today) for listed in files.values()),
        "beyond": sum(listed.beyond for listed in lists.values()),
        "older": sum(listed.older for listed in lists.values()),
        "notices": sorted({_text(listed.notice) for listed in files.values() if listed.notice}),
        "lines": [_task_facts(task, hosts[id(task)]) for task in still[:_MOST_TASKS]],
    }


def _recent(runs: Sequence[Run], now: float) -> list[Run]:
    def wanted(run: Run) -> bool:
        return run.status in ("running", "stalled") or (run.updated or 0.0) > now - _RECENT

    newest = sorted(filter(wanted, runs), key=lambda run: (run.status != "running", -(run.updated or 0.0)))
    return newest[:_MOST_RUNS]


def _data_facts(data: DataSet) -> Facts:
    report = data.latest
    return {
        "name": _text(data.name),
        "host": host_of(data.root),
        "root": _text(data.root),
        "verdict": report.verdict if report else "unknown",
        "columns": [
            {"name": _text(c.name), "verdict": c.verdict, "sentence": _text(c.sentence or c.reason)}
            for c in (report.columns if report else ())
            if c.verdict in ("warning", "drifted")
        ][:20],
        "late_by": finite(data.late_by),
    }


def _task_facts(task: Task, host: str | None) -> Facts:
    return {
        "host": host,
        "id": _text(task.id),
        "text": _text(task.text),
        "priority": task.priority,
        "due": task.due.isoformat() if task.due else None,
        "who": _text(task.tags.get("who", "")),
    }
