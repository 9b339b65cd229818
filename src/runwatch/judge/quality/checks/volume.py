"""Batches that are half-empty, double, or empty, and a source that is late by its own rhythm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.judge.quality.arrivals import expected_every, late_by
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import duration

NAME = "volume"
_KNOWN = 4


def check(case: QualityCase) -> list[QualityCheck]:
    return [*_size(case), *_late(case)]


def _size(case: QualityCase) -> list[QualityCheck]:
    rows = case.current.rows
    if rows == 0:
        advice = "check whether the job that writes it failed"
        return [_found("critical", "the data has no rows", advice, {"rows": 0})]
    past = [one.profile.rows for one in case.history[-20:]]
    if len(past) < _KNOWN:
        return []
    usual = float(np.median(past))
    evidence = {"rows": rows, "usual": usual}
    held = f"{rows:,} rows, usually {usual:,.0f}"
    if rows < 0.5 * usual and rows < min(past):
        advice = "check whether a source or a partition is missing"
        severity: Severity = "critical" if rows < 0.1 * usual else "warning"
        return [_found(severity, f"half-empty: {held}", advice, evidence)]
    if rows > 1.9 * usual and rows > max(past):
        advice = "check whether data was loaded twice"
        return [_found("warning", f"about double: {held}", advice, evidence)]
    return []


def _late(case: QualityCase) -> list[QualityCheck]:
    if case.now is None:
        return []
    times = [one.when for one in case.history if one.when is not None]
    times += [case.arrived] if case.arrived is not None else []
    late = late_by(times, case.now, case.every)
    every = case.every or expected_every(times)
    if not late or not every:
        return []
    summary = f"overdue by {duration(late)} (expected every {duration(every)})"
    severity: Severity = "critical" if late > 3 * every else "warning"
    advice = "check whether the job that delivers it still runs"
    return [_found(severity, summary, advice, {"late_by": late, "every": every})]


def _found(severity: Severity, summary: str, advice: str, evidence: Mapping[str, object]) -> QualityCheck:
    """Of the whole table."""
    return QualityCheck(NAME, severity=severity, column="", summary=summary, advice=advice, evidence=evidence)
