"""Quality faults for the command line: JSON findings and text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast

from runwatch.domain.borders import JsonDict
from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import fingerprint
from runwatch.domain.run import Problem
from runwatch.show.ci import CiCase, CiReport, CiTable, Level
from runwatch.show.runs import problem_json
from runwatch.text import units
from runwatch.text.jsonable import SCHEMA, fields, plain, text
from runwatch.text.safe import safe
from runwatch.text.signs import SEVERITY_SIGNS

RULE = "data-quality"


def quality_json(
    verdict: str,
    faults: Sequence[QualityCheck],
    name: str,
    now: float,
    rows: int,
    problems: Sequence[Problem] = (),
) -> JsonDict:
    """``quality --json``: every fault as a finding of the rule ``data-quality``, seen at ``now``."""
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "rows": rows,
        "findings": [_finding(fault, name, now) for fault in faults],
        "problems": [problem_json(problem) for problem in problems],
    }


def _finding(fault: QualityCheck, name: str, now: float) -> JsonDict:
    subject = fault.column or "the table"
    return {
        "rule": RULE,
        **fields(fault, "check column severity"),
        "subject": text(f"{name} · {subject}"),
        "run": None,
        **fields(fault, "summary"),
        "evidence": {**plain(fault.evidence), "samples": plain(fault.samples)},
        **fields(fault, "advice"),
        "first_seen": units.iso(now),
        "last_seen": units.iso(now),
        "fingerprint": fingerprint(RULE, name, f"{fault.check} {fault.column}"),
    }


def _message(verdict: str, faults: Sequence[QualityCheck]) -> str:
    return f"{verdict}: {units.plural(len(faults), 'finding') if faults else 'nothing to report'}"


def quality_report(verdict: str, faults: Sequence[QualityCheck], rows: int, data: str) -> CiReport:
    """The same for a build server: a case a fault."""
    cases = [
        CiCase(
            name=fault.column or "the table",
            level=fault.severity,
            message=fault.summary,
            detail=f"{fault.summary}; {fault.advice}",
            group=fault.check,
            file=data if os.path.isfile(data) and not os.path.isabs(data) else "",
        )
        for fault in faults
    ]
    table = CiTable(
        "",
        ("severity", "check", "column", "found", "do"),
        [
            (f"{SEVERITY_SIGNS[f.severity]} {f.severity}", f.check, f.column, f.summary, f.advice)
            for f in faults
        ],
    )
    return CiReport(
        title="quality",
        level=cast(Level, verdict),
        verdict=_message(verdict, faults),
        reason=f"{data}, {rows:,} rows",
        cases=cases,
        tables=[table] if faults else [],
    )


def quality_text(
    verdict: str, faults: Sequence[QualityCheck], rows: int, columns: int, guesses: Sequence[str] = ()
) -> str:
    """For people: the verdict, then one line a fault with samples and advice."""
    shape = f"{rows:,} rows, {units.plural(columns, 'column')}"
    lines = [f"{_message(verdict, faults)} ({shape})"]
    for fault in faults:
        where = f"{safe(fault.column, 32)}: " if fault.column else ""
        lines.append(f"  {SEVERITY_SIGNS[fault.severity]} {fault.check}: {where}{safe(fault.summary)}")
        if fault.samples:
            lines.append(f"      such as {', '.join(repr(safe(value, 40)) for value in fault.samples)}")
        lines.append(f"      {safe(fault.advice)}")
    lines.extend(safe(guess) for guess in guesses)
    return "\n".join(lines)
