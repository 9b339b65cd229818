"""Rows that repeat an earlier row, and keys that are not unique."""

from __future__ import annotations

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent

NAME = "duplicates"
LEVELS = (0.01, 0.10)
_NARROW = 3


def check(case: QualityCase) -> list[QualityCheck]:
    facts = case.facts
    if facts is None or not facts.rows:
        return []
    out: list[QualityCheck] = []
    share = facts.duplicate_rows / facts.rows
    wide = len(case.current.grid.columns) > _NARROW
    if wide and share >= LEVELS[0]:
        severity: Severity = "critical" if share >= LEVELS[1] else "warning"
        summary = (
            f"{facts.duplicate_rows:,} of {facts.rows:,} rows ({percent(share, 1)}) repeat an earlier one"
        )
        advice = "look for a file that was loaded twice, or a join that multiplies rows"
        out.append(QualityCheck(NAME, severity, "", summary, advice, {"rows": facts.duplicate_rows}))
    for key, count in facts.duplicate_keys.items():
        if count:
            summary = f"{count:,} rows have a key that occurred before"
            advice = "keep one row a key, or name the right key column"
            samples = facts.repeated.get(key, ())
            out.append(QualityCheck(NAME, "critical", key, summary, advice, {"rows": count}, samples))
    return out
