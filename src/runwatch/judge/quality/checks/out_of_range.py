"""Values beyond the reference's range by more than its own width allows for, and infinite ones."""

from __future__ import annotations

import math

from runwatch.domain.drift import QualityCheck
from runwatch.domain.profile import ColumnGrid, ColumnProfile
from runwatch.judge.drift.column_pair import quantile
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import number

NAME = "out-of-range"
_WIDTHS = 1.0
_MEANING_SIGN = "a value below zero where the reference has none"


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if column.kind not in ("numeric", "constant") or column.edges is None or column.role == "key":
            continue
        infinite = now.neg_inf + now.pos_inf
        if infinite and not (before and before.neg_inf + before.pos_inf):
            summary = f"{infinite:,} values are infinite"
            advice = "look for a division by zero or a logarithm of zero"
            out.append(
                QualityCheck(
                    NAME,
                    severity="critical",
                    column=column.name,
                    summary=summary,
                    advice=advice,
                    evidence={"values": infinite},
                )
            )
        if before is not None and before.n:
            out.extend(_beyond(column, before, now))
    return out


def _beyond(column: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> list[QualityCheck]:
    """Past the range by more than its width; or below zero where the reference never is."""
    if not math.isfinite(before.low) or not math.isfinite(now.low) or column.kind == "constant":
        return []
    core = quantile(column, before, 0.01), quantile(column, before, 0.99)
    width = before.high - before.low
    if core[0] is not None and core[1] is not None and core[1] > core[0]:
        width = min(width, 10 * (core[1] - core[0]))
    faults: list[str] = []
    if now.high > before.high + _WIDTHS * width:
        faults.append(f"up to {number(now.high)}")
    if now.low < before.low - _WIDTHS * width or (now.low < 0 <= before.low):
        faults.append(f"down to {number(now.low)}")
    if not faults:
        return []
    held = f"the reference's {number(before.low)} to {number(before.high)}"
    evidence = {"low": now.low, "high": now.high, "reference": [before.low, before.high]}
    advice = "look at these rows; say what is allowed in [data.expect]"
    summary = f"values {' and '.join(faults)}, outside {held}"
    return [
        QualityCheck(
            NAME, severity="warning", column=column.name, summary=summary, advice=advice, evidence=evidence
        )
    ]
