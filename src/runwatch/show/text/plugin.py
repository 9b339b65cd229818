"""A monitoring plugin's output (Nagios, Icinga, Checkmk's local checks).

Conventions: https://www.monitoring-plugins.org/doc/guidelines.html."""

from __future__ import annotations

from collections import Counter

from runwatch.domain.borders import JsonMapping
from runwatch.domain.run import Problem
from runwatch.domain.situation import Snapshot
from runwatch.show.check import CODES, CheckResult, one_line, problems_of, subject_text
from runwatch.text.safe import safe

_WORDS = {code: word.upper() for word, code in CODES.items()}
_WIDTH = 200


def text(check: CheckResult) -> list[str]:
    """One line with performance data, then a line a finding."""
    situation = check.snapshot.situation
    lines = [f"RUNWATCH {_WORDS[check.code]} - {_plain(one_line(check))} | {' '.join(_numbers(check))}"]
    lines += [_detail(finding, len(situation.roots) > 1) for finding in check.findings]
    lines += [_problem_line(problem) for _, problem in problems_of(check.snapshot)]
    return lines + [_problem_line(problem, "NOT JUDGED") for problem in check.snapshot.overlooked]


def unknown(reason: str) -> str:
    """The line of a check that could not be made."""
    return f"RUNWATCH UNKNOWN - {_plain(' '.join(reason.split()))}"


def perfdata(label: str, value: float, unit: str = "", warn: str = "", crit: str = "", most: str = "") -> str:
    """``'label'=value[unit];[warn];[crit];[min];[max]`` with ``min`` 0. A label may hold anything but "=", a
    quote in it is doubled."""
    name = safe(label).replace("=", "-").replace("'", "''").replace("|", "¦")
    quoted = name if name.isascii() and name.replace("_", "").isalnum() else f"'{name}'"
    return f"{quoted}={value:.10g}{unit};{warn};{crit};0;{most}".rstrip(";")


def _numbers(check: CheckResult) -> list[str]:
    situation = check.snapshot.situation
    runs = Counter(run.status for run in situation.runs)
    severe = Counter(finding["severity"] for finding in check.findings)
    numbers = [
        perfdata("runs", len(situation.runs)),
        perfdata("running", runs["running"]),
        perfdata("crashed", runs["crashed"], crit="0"),
        perfdata("stalled", runs["stalled"]),
        perfdata("critical", severe["critical"], crit="0"),
        perfdata("warning", severe["warning"], warn="0"),
        perfdata("open", check.open_tasks),
    ]
    return numbers + _disks(check.snapshot)


def _disks(snapshot: Snapshot) -> list[str]:
    machine = snapshot.situation.machine
    return [
        perfdata(f"disk {d.mount}", round(d.percent, 1), "%", most="100")
        for d in (machine.disks if machine else ())
    ]


def _detail(finding: JsonMapping, several_roots: bool) -> str:
    subject = subject_text(finding, several_roots)
    last, summary = subject.rpartition(" · ")[2], str(finding["summary"])
    prefix = next((start for start in (f"{last}: ", f"{last} ") if summary.startswith(start)), "")
    words = f"{finding['severity'].upper()} {finding['rule']} {subject}: {summary.removeprefix(prefix)}"
    return _plain(f"{words}; {finding['advice']}" if finding["advice"] else words)


def _problem_line(problem: Problem, word: str = "PROBLEM") -> str:
    where = f" {problem.where}" if problem.where else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return _plain(f"{word} {problem.file}{where}: {problem.message}{hint}")


def _plain(words: str) -> str:
    """Text that a plugin may print: ``|`` would begin performance data."""
    return safe(words, _WIDTH).replace("|", "¦")
