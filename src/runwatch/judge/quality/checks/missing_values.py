"""More missing values than the reference has, or, without one, more than half."""

from __future__ import annotations

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import ColumnProfile
from runwatch.judge.drift.column_pair import joint_design
from runwatch.judge.drift.evidence import shares_p
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent

NAME = "missing-values"
LEVELS = (0.02, 0.10)
ALPHA = 0.01


def check(case: QualityCase) -> list[QualityCheck]:
    columns = max(len(case.current.grid.columns), 1)
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if column.role == "target" and before is not None and column.name != "y":
            continue  # labels come late; a y may be a coordinate
        worst = _alone(now) if before is None or not before.rows else _risen(before, now, columns)
        if worst is not None:
            severity, summary = worst
            evidence = {"missing": now.missing, "rows": now.rows, "nan": now.nan}
            advice = "find the source that stopped filling it, or allow it in [data.expect]"
            out.append(
                QualityCheck(
                    NAME,
                    severity=severity,
                    column=column.name,
                    summary=summary,
                    advice=advice,
                    evidence=evidence,
                )
            )
    return out


def _alone(now: ColumnProfile) -> tuple[Severity, str] | None:
    share = now.missing / now.rows
    if share <= 0.5:
        return None
    what = (
        "every value is missing" if now.missing == now.rows else f"{percent(share)} of the values are missing"
    )
    return "warning", what


def _risen(before: ColumnProfile, now: ColumnProfile, columns: int) -> tuple[Severity, str] | None:
    old, new = before.missing / before.rows, now.missing / now.rows
    design = joint_design(before.missing_design, before.rows, now.missing_design, now.rows)
    p = shares_p(before.missing, before.rows, now.missing, now.rows, design) * columns
    if new - old < LEVELS[0] or p > ALPHA:
        return None
    severity: Severity = "critical" if new - old >= LEVELS[1] else "warning"
    return severity, f"missing went from {percent(old, 1)} to {percent(new, 1)}"
