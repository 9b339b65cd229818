"""Columns that vanished, came new, or share a name."""

from __future__ import annotations

from runwatch.domain.drift import QualityCheck
from runwatch.domain.profile import DUPLICATE
from runwatch.judge.quality.case import QualityCase

NAME = "schema-change"


def check(case: QualityCase) -> list[QualityCheck]:
    current = {name for name, _ in case.current.schema}
    twice = {name for name, type_ in case.current.schema if type_ == DUPLICATE}
    out = [_twice(name) for name in sorted(twice | set(case.current.grid.duplicates))]
    if case.reference is None or not case.current.rows:
        return out
    known = {name for name, _ in case.reference.schema}
    fresh = sorted(current - known)
    for index, column in enumerate(case.current.grid.columns):
        if column.name in twice:
            continue
        if case.current.column(index).rows == 0 and column.role != "target":
            out.append(_gone(column.name, fresh))
        elif 0 < case.current.column(index).rows < case.current.rows:
            out.append(_partly(column.name, case.current.column(index).rows, case.current.rows))
    out.extend(_new(name) for name in fresh)
    return out


def _gone(name: str, fresh: list[str]) -> QualityCheck:
    like = next((other for other in fresh if _plain(other) == _plain(name)), None)
    hint = f"it looks renamed to {like!r}: rename it back, or take a new reference" if like else ""
    return QualityCheck(
        NAME,
        severity="critical",
        column=name,
        summary="the column is gone",
        advice=hint or "restore the column at its source, or take a new reference",
        evidence={"renamed_to": like},
    )


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _partly(name: str, rows: int, total: int) -> QualityCheck:
    evidence = {"rows": rows, "total": total}
    summary = f"the column is in only {rows:,} of {total:,} rows' files"
    return QualityCheck(
        NAME,
        severity="warning",
        column=name,
        summary=summary,
        advice="write all files with the same columns",
        evidence=evidence,
    )


def _new(name: str) -> QualityCheck:
    advice = "nothing to do if this is intended; take a new reference to have it watched"
    return QualityCheck(NAME, severity="info", column=name, summary="the column is new", advice=advice)


def _twice(name: str) -> QualityCheck:
    summary = "the name occurs more than once, so the column is not judged"
    return QualityCheck(
        NAME, severity="warning", column=name, summary=summary, advice="give every column its own name"
    )
