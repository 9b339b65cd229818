"""Hand-made findings and a clock for the tests of the tasks."""

from __future__ import annotations

from datetime import date, timedelta

from runwatch.domain.finding import Finding

NOW = 1_790_000_000.0
TODAY = date(2026, 9, 21)
DAY = 86400.0


def finding(scope: str = "exp-1", severity: str = "warning", **changes: object) -> Finding:
    values = {
        "rule": "metric-regressed",
        "subject": "val/auc",
        "summary": f"{scope}: val/auc 0.81, was 0.84",
        "title": f"val/auc of {scope} regressed",
        "advice": "look",
        "project": scope,
    } | changes
    return Finding(severity=severity, scope=scope, **values)


def day(offset: float) -> date:
    return TODAY + timedelta(days=int(offset // DAY))
