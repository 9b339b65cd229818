"""Findings about columns whose distribution moved: features and predictions alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runwatch.domain.drift import ColumnDrift, DataSet, Role
from runwatch.domain.finding import Finding, Severity
from runwatch.rules.engine.findings import data_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import number as shown

_SEVERITY: Mapping[str, Severity] = {"warning": "warning", "drifted": "critical"}


def drifted_columns(
    data: DataSet, roles: frozenset[Role], rule: str, options: Mapping[str, object], title: str, advice: str
) -> Iterator[Finding]:
    """A finding for each column of those roles that moved in the newest batch. It is confirmed, and so may
    become a task, once two batches in a row show it, or at once from ``at_once`` of effect on (drift.md)."""
    for column in data.latest.columns if data.latest is not None else ():
        if column.role not in roles or column.verdict not in _SEVERITY:
            continue
        yield data_finding(
            data,
            rule,
            _SEVERITY[column.verdict],
            _summary(column),
            title.format(column=safe(column.name), data=safe(data.name)),
            advice,
            subject=column.name,
            since=_since(data, column.name),
            evidence=_evidence(column),
            confirmed=_confirmed(data, column, number(options, "at_once")),
        )


def _summary(column: ColumnDrift) -> str:
    what = safe(column.sentence or column.reason, 200)
    size = "" if column.effect is None else f" (effect {shown(column.effect, 2)})"
    return f"{safe(column.name)}: {what}{size}"


def _confirmed(data: DataSet, column: ColumnDrift, at_once: float) -> bool:
    if column.effect is not None and column.effect >= at_once:
        return True
    trend = next((trend for trend in data.trends if trend.name == column.name), None)
    verdicts = trend.verdicts if trend is not None else ()
    return len(verdicts) >= 2 and all(verdict in _SEVERITY for verdict in verdicts[-2:])


def _since(data: DataSet, name: str) -> float | None:
    """When the batch arrived in which the present movement began."""
    trend = next((trend for trend in data.trends if trend.name == name), None)
    if trend is None or not data.batches:
        return data.batches[-1].when if data.batches else None
    moved = 0
    for verdict in reversed(trend.verdicts):
        if verdict not in _SEVERITY:
            break
        moved += 1
    return data.batches[-min(max(moved, 1), len(data.batches))].when


def _evidence(column: ColumnDrift) -> dict[str, object]:
    return {
        "effect": column.effect,
        "p_adjusted": column.p_adjusted,
        "psi": column.measures.get("psi"),
        "missing_reference": column.missing_reference,
        "missing_current": column.missing_current,
        "new_categories": list(column.new_categories[:10]),
        "reference_n": column.reference_n,
        "current_n": column.current_n,
        "reason": column.reason,
    }
