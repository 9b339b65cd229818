"""The answer of a monitoring plugin: a first line, performance data, details, and an exit code.

Conventions: https://www.monitoring-plugins.org/doc/guidelines.html; the text file is Prometheus' exposition
format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from runwatch.domain.finding import Finding
from runwatch.domain.run import Run
from runwatch.domain.situation import Snapshot
from runwatch.show.findings import counted, finding_json, in_order
from runwatch.store.snapshot_facts import finding_facts
from runwatch.text.jsonable import SCHEMA, hparams
from runwatch.text.safe import run_name, safe
from runwatch.text.units import duration

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
FAIL_ON = ("info", "warning", "critical", "never")
_WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", UNKNOWN: "UNKNOWN"}
_STATES = ("running", "finished", "crashed", "stalled", "unknown")
_MORNING = 9
_WIDTH = 200


class CheckResult(msgspec.Struct, frozen=True):
    """``worst``: ok, warning, critical or unknown, whatever ``--fail-on`` says; ``code``: the exit code;
    ``findings``: kept ones, in order."""

    worst: str
    code: int
    findings: Sequence[Mapping[str, Any]]
    snapshot: Snapshot
    open_tasks: int


def judge(snapshot: Snapshot, fail_on: str = "warning", tonight: bool = False) -> CheckResult:
    """All that holds now. ``tonight``: only what can't wait until nine in the morning: critical findings
    (a disk that fills before then is one) and runs that end, or whose time is up, before then."""
    findings = _tonight(snapshot) if tonight else list(snapshot.findings)
    kept = in_order([finding_facts(finding) for finding in findings])
    severities = {finding["severity"] for finding in kept}
    if "critical" in severities:
        worst = "critical"
    elif "warning" in severities:
        worst = "warning"
    else:
        worst = "ok" if _something_was_read(snapshot) else "unknown"
    opened = {t.file: sum(task.state == "open" for task in t.tasks) for t in snapshot.tasks.values()}
    return CheckResult(worst, _code(worst, severities, fail_on), kept, snapshot, sum(opened.values()))


def text(check: CheckResult) -> list[str]:
    """The plugin's output: one line with performance data, then a line a finding."""
    situation = check.snapshot.situation
    runs = Counter(run.status for run in situation.runs)
    severe = Counter(finding["severity"] for finding in check.findings)
    numbers = [
        f"runs={len(situation.runs)};;;0",
        f"running={runs['running']};;;0",
        f"crashed={runs['crashed']};;0;0",
        f"stalled={runs['stalled']};;;0",
        f"critical={severe['critical']};;0;0",
        f"warning={severe['warning']};0;;0",
        f"open={check.open_tasks};;;0",
    ]
    lines = [f"RUNWATCH {_WORDS[check.code]} - {_plain(_said(check))} | {' '.join(numbers)}"]
    lines += [_detail(finding, len(situation.roots) > 1) for finding in check.findings]
    return lines + [_problem_line(root, problem) for root, problem in _problems(check.snapshot)]


def as_json(check: CheckResult) -> dict[str, Any]:
    """``check --json``."""
    now = check.snapshot.situation.now
    counts = Counter(finding["severity"] for finding in check.findings)
    return {
        "schema": SCHEMA,
        "worst": check.worst,
        "counts": {severity: counts[severity] for severity in ("critical", "warning", "info")},
        "findings": [finding_json(finding, now) for finding in check.findings],
        "problems": [
            {
                "root": run_name(root),
                "file": run_name(problem.file),
                "where": problem.where,
                "message": hparams(problem.message),
                "hint": hparams(problem.hint),
            }
            for root, problem in _problems(check.snapshot)
        ],
    }


def prometheus(check: CheckResult) -> str:
    """The same as gauges. No run is named: one label value a run would be one time series a run."""
    situation = check.snapshot.situation
    states: Counter[str] = Counter(run.status for run in situation.runs)
    found = Counter((finding["rule"], finding["severity"]) for finding in check.findings)
    lines = [
        "# HELP runwatch_findings Findings that hold now, by rule and severity.",
        "# TYPE runwatch_findings gauge",
        *(
            f'runwatch_findings{{kind="{_label(rule)}",severity="{severity}"}} {count}'
            for (rule, severity), count in sorted(found.items())
        ),
        "# HELP runwatch_runs Runs by state.",
        "# TYPE runwatch_runs gauge",
        *(f'runwatch_runs{{state="{state}"}} {states[state]}' for state in _STATES),
        "# HELP runwatch_tasks_open Tasks that are to do now.",
        "# TYPE runwatch_tasks_open gauge",
        f"runwatch_tasks_open {check.open_tasks}",
        "# HELP runwatch_last_check_timestamp_seconds When this was found.",
        "# TYPE runwatch_last_check_timestamp_seconds gauge",
        f"runwatch_last_check_timestamp_seconds {situation.now:.3f}",
    ]
    return "\n".join(lines) + "\n"


def _code(worst: str, severities: set[str], fail_on: str) -> int:
    if worst == "unknown":
        return UNKNOWN
    if fail_on == "never":
        return OK
    if worst == "critical":
        return CRITICAL
    if worst == "warning":
        return OK if fail_on == "critical" else WARNING
    return WARNING if fail_on == "info" and "info" in severities else OK


def _something_was_read(snapshot: Snapshot) -> bool:
    situation = snapshot.situation
    return bool(situation.runs or situation.data or situation.predictions or snapshot.findings)


def _said(check: CheckResult) -> str:
    said = counted(f for f in check.findings if f["severity"] != "info")
    if said:
        return said
    if check.worst == "unknown":
        return "no run, no data and no predictions could be read"
    infos = len(check.findings)
    return f"nothing to do{f', {infos} for information' if infos else ''}"


def _detail(finding: Mapping[str, Any], several_roots: bool) -> str:
    where = f"{finding['root']} · " if several_roots and finding["run"] else ""
    words = (
        f"{finding['severity'].upper()} {finding['rule']} {where}{finding['subject']}: {finding['summary']}"
    )
    return _plain(f"{words}; {finding['advice']}" if finding["advice"] else words)


def _problem_line(root: str, problem: Any) -> str:
    where = f" {problem.where}" if problem.where else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return _plain(f"PROBLEM {problem.file}{where}: {problem.message}{hint}")


def _problems(snapshot: Snapshot) -> list[tuple[str, Any]]:
    situation = snapshot.situation
    first = situation.roots[0] if situation.roots else ""
    found = [(first, problem) for problem in situation.problems]
    found += [(run.root, problem) for run in situation.runs for problem in run.problems]
    return found + [(data.root, problem) for data in situation.data for problem in data.problems]


def _plain(words: str) -> str:
    """Text that a plugin may print: ``|`` would begin performance data."""
    return safe(words, _WIDTH).replace("|", "¦")


def _label(value: str) -> str:
    return safe(value).replace("\\", "\\\\").replace('"', '\\"')


def _tonight(snapshot: Snapshot) -> list[Finding]:
    situation = snapshot.situation
    left = _until_morning(situation.now)
    found = [finding for finding in snapshot.findings if finding.severity == "critical"]
    for run in situation.runs:
        if run.status != "running":
            continue
        eta, budget = run.progress.eta, run.progress.budget_ends
        if budget is not None and situation.now < budget <= situation.now + left:
            found.append(_ending(run, budget - situation.now, "runs out of its time"))
        elif eta is not None and eta[0] <= left:
            found.append(_ending(run, eta[0], "ends"))
    return found


def _ending(run: Run, seconds: float, how: str) -> Finding:
    return Finding(
        rule="run-ends",
        severity="warning",
        scope=run.id,
        subject="",
        summary=f"{run.id} {how} in {duration(seconds)}, before nine",
        title=f"{run.id} {how} before nine",
        advice="queue what comes next, or let the machine rest",
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
