"""Columns with a single value, where the reference had several."""

from __future__ import annotations

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import ColumnGrid, ColumnProfile
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import number

NAME = "constant"
_ENOUGH = 20


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if now.n < _ENOUGH or not column.bins or not _single(column, now):
            continue
        if before is not None and (not before.n or _single(column, before)):
            continue
        shown = _value(column, now)
        advice = (
            "check whether its source broke" if before is not None else "drop it: it carries no information"
        )
        summary = "every value is the same" + (f": {shown}" if shown else "")
        severity: Severity = "info" if before is None else "warning"
        samples = (shown,) if shown else ()
        out.append(
            QualityCheck(
                NAME,
                severity=severity,
                column=column.name,
                summary=summary,
                advice=advice,
                evidence={"rows": now.n},
                samples=samples,
            )
        )
    return out


def _single(column: ColumnGrid, profile: ColumnProfile) -> bool:
    if column.words is not None:
        kinds = int((profile.counts[:-1] > 0).sum()) + len(profile.others)
        return kinds == 1
    if column.shaped:
        return False
    return profile.low == profile.high and not profile.neg_inf and not profile.pos_inf


def _value(column: ColumnGrid, profile: ColumnProfile) -> str:
    if column.kind == "datetime":
        return ""
    if column.words is None:
        return number(profile.low)
    used = np.flatnonzero(profile.counts[:-1])
    return column.words[int(used[0])] if len(used) else next(iter(profile.others), "")
