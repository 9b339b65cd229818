"""All that holds now and the exit code that says the worst; its forms are in ``show/text``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.finding import WORST_FIRST, Finding
from runwatch.domain.run import Problem, Run
from runwatch.domain.situation import Snapshot
from runwatch.show.ci import CiCase, CiReport, CiTable, Level, exit_code
from runwatch.show.findings import counted, finding_json, in_order
from runwatch.show.runs import host_json, problem_json
from runwatch.store.snapshot_facts import finding_facts
from runwatch.text.jsonable import SCHEMA, fields, hparams
from runwatch.text.safe import run_name
from runwatch.text.units import duration

OK, UNKNOWN = 0, 3
CODES = {"ok": OK, "warning": 1, "critical": 2, "unknown": UNKNOWN}
_MORNING = 9


class CheckResult(msgspec.Struct, frozen=True):
    """What ``runwatch check`` answers."""

    worst: Level
    """Whatever ``--fail-on`` says."""
    code: int
    """The exit code."""
    findings: Sequence[JsonMapping]
    """Kept ones, in order."""
    snapshot: Snapshot
    open_tasks: int


def judge(snapshot: Snapshot, fail_on: str = "warning", tonight: bool = False) -> CheckResult:
    """All that holds now. ``tonight``: only what cannot wait until nine in the morning: critical findings
    (a disk that fills before then is one) and runs that end, or whose time is up, before then."""
    findings = _tonight(snapshot) if tonight else list(snapshot.findings)
    facts = in_order([finding_facts(finding) for finding in findings])
    severities = {finding["severity"] for finding in facts}
    worst = _worst(severities, _something_was_read(snapshot) and not _missing(snapshot))
    opened = {t.file: sum(task.state == "open" for task in t.tasks) for t in snapshot.tasks.values()}
    code = exit_code("info" if worst == "ok" and "info" in severities else worst, fail_on)
    if code == OK and fail_on != "never" and _missing(snapshot):
        code = UNKNOWN
    return CheckResult(worst, code=code, findings=facts, snapshot=snapshot, open_tasks=sum(opened.values()))


def as_json(check: CheckResult) -> JsonDict:
    """``check --json``."""
    now = check.snapshot.situation.now
    counts = Counter(finding["severity"] for finding in check.findings)
    return {
        "schema": SCHEMA,
        "worst": check.worst,
        "counts": {severity: counts[severity] for severity in WORST_FIRST},
        "hosts": [host_json(link) for link in check.snapshot.watch.hosts],
        "findings": [finding_json(finding, now) for finding in check.findings],
        "problems": [
            {"root": run_name(root), **problem_json(problem)} for root, problem in problems_of(check.snapshot)
        ],
        "not_judged": [
            {"file": run_name(p.file), **fields(p, "message hint")} for p in check.snapshot.overlooked
        ],
    }


def unknown_json(reason: str) -> dict[str, object]:
    """``check --json`` of a check that could not be made."""
    counts = dict.fromkeys(WORST_FIRST, 0)
    return {
        "schema": SCHEMA,
        "worst": "unknown",
        "counts": counts,
        "findings": [],
        "problems": [],
        "not_judged": [],
        "error": hparams(reason),
    }


def of_root(check: CheckResult, root: str) -> list[JsonMapping]:
    """The findings of a root; the machine's belong to the first of all."""
    roots = check.snapshot.situation.roots
    homeless = bool(roots) and root == roots[0]
    return [f for f in check.findings if f["root"] == root or (homeless and f["root"] not in roots)]


def level_of(check: CheckResult, root: str) -> str:
    """The worst of one root: a key of ``CODES``."""
    severities = {f["severity"] for f in of_root(check, root)}
    situation = check.snapshot.situation
    read = any(run.root == root for run in situation.runs) or any(d.root == root for d in situation.data)
    read = read or any(key.root == root for key in situation.predictions)
    return _worst(severities, read or bool(severities))


def report(check: CheckResult) -> CiReport:
    """The check for a build server: a case a finding, and one for each rule that found nothing is not
    made."""
    several = len(check.snapshot.situation.roots) > 1
    cases = [
        CiCase(
            name=subject_text(f, several),
            level=f["severity"],
            message=f["summary"],
            detail="; ".join(filter(None, (f["summary"], f["advice"]))),
            group=f["rule"],
        )
        for f in check.findings
    ]
    rows = [
        (f["severity"], f["rule"], *([f["root"]] if several else []), f["subject"], f["summary"], f["advice"])
        for f in check.findings
    ]
    headers = ("severity", "rule", *(["root"] if several else []), "what", "found", "do")
    return CiReport(
        title="check",
        level=check.worst,
        verdict=f"{check.worst}: {one_line(check)}",
        reason=", ".join(check.snapshot.situation.roots),
        cases=cases,
        tables=[CiTable("", headers, rows)] if rows else [],
        notes=[f"could not be read: {p.file}: {p.message}" for _, p in problems_of(check.snapshot)[:20]],
        legend="critical: now. warning: soon. info: good to know." if rows else "",
    )


def subject_text(finding: JsonMapping, several_roots: bool) -> str:
    """What a finding is about; beside other roots with its own."""
    prefix = f"{finding['root']} · " if several_roots and finding["root"] else ""
    return f"{prefix}{finding['subject']}"


def _worst(severities: Collection[str], read: bool) -> Level:
    if "critical" in severities:
        return "critical"
    return "warning" if "warning" in severities else "ok" if read else "unknown"


def _something_was_read(snapshot: Snapshot) -> bool:
    situation = snapshot.situation
    return bool(situation.runs or situation.data or situation.predictions or snapshot.findings)


def _missing(snapshot: Snapshot) -> list[str]:
    """The machines that did not answer."""
    return [link.name for link in snapshot.watch.hosts if link.message]


def one_line(check: CheckResult) -> str:
    counts = counted(f for f in check.findings if f["severity"] != "info")
    missing = _missing(check.snapshot)
    if missing:
        return "; ".join(filter(None, [counts, f"no answer from: {', '.join(missing)}"]))
    if counts:
        return counts
    if check.worst == "unknown":
        return "no run, no data and no predictions could be read"
    infos = len(check.findings)
    return f"nothing to do{f', {infos} for information' if infos else ''}"


def problems_of(snapshot: Snapshot) -> list[tuple[str, Problem]]:
    situation = snapshot.situation
    first = situation.roots[0] if situation.roots else ""
    problems = [(first, problem) for problem in situation.problems]
    problems += [(run.root, problem) for run in situation.runs for problem in run.problems]
    return problems + [(data.root, problem) for data in situation.data for problem in data.problems]


def _tonight(snapshot: Snapshot) -> list[Finding]:
    situation = snapshot.situation
    left = _until_morning(situation.now)
    findings = [finding for finding in snapshot.findings if finding.severity == "critical"]
    for run in situation.runs:
        if run.status != "running":
            continue
        eta, budget = run.progress.eta, run.progress.budget_ends
        if budget is not None and situation.now < budget <= situation.now + left:
            findings.append(_ending(run, budget - situation.now, "reaches its time limit"))
        elif eta is not None and eta[0] <= left:
            findings.append(_ending(run, eta[0], "ends"))
    return findings


def _ending(run: Run, seconds: float, how: str) -> Finding:
    return Finding(
        rule="run-ends",
        severity="warning",
        scope=run.id,
        subject="",
        summary=f"{run.id} {how} in {duration(seconds)}, before nine",
        title=f"{run.id} {how} before nine",
        advice="queue the next job, or leave the machine idle",
        evidence={"seconds_left": seconds},
        root=run.root,
        run=run.key,
    )


def _until_morning(now: float) -> float:
    """Seconds until the next nine o'clock, local time."""
    at = datetime.fromtimestamp(now)
    nine = at.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    if nine <= at:
        nine += timedelta(days=1)
    return nine.timestamp() - now
