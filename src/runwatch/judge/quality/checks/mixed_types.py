"""Values that are not of their column's type, and numbers kept as text."""

from __future__ import annotations

import re

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent

NAME = "mixed-types"
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")
_SHOWN = 5
_MOSTLY = 0.9


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if now.invalid and not (before and before.invalid):
            out.append(_invalid(case, column.name, now.invalid, now.rows))
        elif column.words is not None or column.kind == "text":
            out.extend(_half_numbers(case, column.name))
    if case.current.skipped:
        summary = f"{case.current.skipped:,} lines are not rows and were left out"
        advice = "look for stray separators, quotes or cut lines"
        out.append(
            QualityCheck(
                NAME,
                severity="warning",
                column="",
                summary=summary,
                advice=advice,
                evidence={"lines": case.current.skipped},
            )
        )
    return out


def _invalid(case: QualityCase, name: str, count: int, rows: int) -> QualityCheck:
    severity: Severity = "critical" if count >= 0.1 * rows else "warning"
    samples = tuple(dict.fromkeys(v for v in _strings(case, name) if not _NUMBER.fullmatch(v)))[:_SHOWN]
    summary = f"{count:,} values ({percent(count / rows, 1)}) are not of the column's type"
    advice = "repair them at the source, or turn them into missing values"
    return QualityCheck(
        NAME,
        severity=severity,
        column=name,
        summary=summary,
        advice=advice,
        evidence={"values": count},
        samples=samples,
    )


def _half_numbers(case: QualityCase, name: str) -> list[QualityCheck]:
    """Text in which most values, but not all, are numbers."""
    values = _strings(case, name)
    if len(values) < 20:
        return []
    odd = [value for value in values if not _NUMBER.fullmatch(value)]
    share = 1 - len(odd) / len(values)
    if share < _MOSTLY:
        return []
    commas = tuple(dict.fromkeys(value for value in values if "," in value))[:_SHOWN]
    if not odd and commas:
        summary = "every value is a number with a decimal comma, kept as text"
        advice = "write decimal points, or declare the column's kind"
        return [
            QualityCheck(
                NAME,
                severity="warning",
                column=name,
                summary=summary,
                advice=advice,
                evidence={},
                samples=commas,
            )
        ]
    if not odd:
        return []
    summary = f"{percent(share)} of the values are numbers, the rest are text"
    advice = "keep numbers as numbers: the rest is most likely a broken missing-value mark"
    samples = tuple(dict.fromkeys(odd))[:_SHOWN]
    return [
        QualityCheck(
            NAME,
            severity="warning",
            column=name,
            summary=summary,
            advice=advice,
            evidence={"share": share},
            samples=samples,
        )
    ]


def _strings(case: QualityCase, name: str) -> list[str]:
    values = case.sample.get(name)
    return [] if values is None or values.dtype != object else [v for v in values if isinstance(v, str)]
