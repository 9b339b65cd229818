"""A median more than ten times larger or smaller: metres for kilometres, cents for euros."""

from __future__ import annotations

from runwatch.domain.drift import QualityCheck
from runwatch.judge.drift.column_pair import ColumnPair, times_apart
from runwatch.judge.drift.evidence import unit_factor
from runwatch.judge.drift.measures import ks
from runwatch.judge.drift.p_values import ks_p_value
from runwatch.judge.quality.case import QualityCase

NAME = "unit-change"
_SURE = 1e-4


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if before is None or column.edges is None or column.role == "key":
            continue
        factor = unit_factor(column, before, now)
        pair = ColumnPair(column, before, now)
        if factor is None or ks_p_value(ks.distance(pair), pair.n, pair.m) > _SURE:
            continue
        way = "larger" if factor > 1 else "smaller"
        message, apart = times_apart(column, before, now)
        summary = f"{message} {way} than the reference's"
        advice = f"check the unit at the source{_guess(apart)}"
        out.append(
            QualityCheck(
                NAME,
                severity="critical",
                column=column.name,
                summary=summary,
                advice=advice,
                evidence={"factor": factor},
            )
        )
    return out


def _guess(times: float) -> str:
    """A common factor near this one."""
    for known in (10, 12, 24, 60, 100, 1000, 3600, 86400, 1e6, 1e9):
        if abs(times / known - 1) < 0.15:
            return f", perhaps a factor of {known:,.0f}"
    return ""
