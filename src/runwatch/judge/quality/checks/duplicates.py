"""Rows that repeat an earlier row more often than they do by nature, and keys that are not unique."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import ColumnGrid, Floats, RowFacts
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent

NAME = "duplicates"
LEVELS = (0.01, 0.10)
_NARROW = 3
_SURE = 4.0
_NEVER_BY_CHANCE = 100.0
_CONTINUOUS = 1000.0


def check(case: QualityCase) -> list[QualityCheck]:
    facts = case.facts
    if facts is None or not facts.rows:
        return []
    out = _rows(case, facts)
    for key, count in facts.duplicate_keys.items():
        if count:
            summary = f"{count:,} rows have a key that occurred before"
            advice = "keep one row per key, or name the right key column"
            samples = facts.repeated.get(key, ())
            out.append(
                QualityCheck(
                    NAME,
                    severity="critical",
                    column=key,
                    summary=summary,
                    advice=advice,
                    evidence={"rows": count},
                    samples=samples,
                )
            )
    return out


def _rows(case: QualityCase, facts: RowFacts) -> list[QualityCheck]:
    combinations = _combinations(case)
    if case.reference_facts is not None and case.reference_facts.occurring:
        usual = expected_repeats(case.reference_facts, facts.rows)
    else:
        usual = facts.rows - combinations * -math.expm1(-facts.rows / combinations)
    excess = (facts.duplicate_rows - usual) / facts.rows
    if len(case.current.grid.columns) <= _NARROW or excess < LEVELS[0]:
        return []
    if facts.duplicate_rows - usual < _SURE * math.sqrt(usual + 1):
        return []
    compared = case.reference_facts is not None or combinations > _NEVER_BY_CHANCE * facts.rows
    severity: Severity = "critical" if excess >= LEVELS[1] and compared else "warning"
    share = percent(facts.duplicate_rows / facts.rows, 1)
    summary = f"{facts.duplicate_rows:,} of {facts.rows:,} rows ({share}) repeat an earlier one"
    if case.reference_facts is not None and usual >= 1:
        summary += f"; the reference's rows would give {percent(max(usual, 0) / facts.rows, 1)}"
    advice = "look for a file that was loaded twice, or a join that multiplies rows"
    return [
        QualityCheck(
            NAME,
            severity=severity,
            column="",
            summary=summary,
            advice=advice,
            evidence={"rows": facts.duplicate_rows},
        )
    ]


def _combinations(case: QualityCase) -> float:
    """How many different rows the columns can make, as far as their own counts tell: one over the chance that
    two rows agree, were the columns independent."""
    chance = 1.0
    for column, _, now in case.columns():
        total = float(now.counts.sum())
        if column.bins and total:
            chance *= float(((now.counts / total) ** 2 / _values_in(column)).sum())
    return 1.0 / max(chance, 1e-300)


def _values_in(column: ColumnGrid) -> Floats:
    """About how many values each bin of a column holds: one in a word's or an exact value's, and where edges
    are too close for doubles."""
    values = np.ones(column.bins)
    edges = column.edges
    if edges is None or len(edges) < 2:
        return values
    if edges.dtype.kind == "f":
        values[1:-1] = np.where(column.singleton[1:-1], 1.0, _CONTINUOUS)
    else:
        values[1:-1] = np.maximum(np.diff(edges.astype(np.float64)), 1.0)
    values[0] = values[-1] = values[1:-1].max()
    return values


def expected_repeats(facts: RowFacts, rows: int) -> float:
    """How many of ``rows`` rows repeat an earlier one when they come as the reference's do: rarefaction for
    as many rows or fewer (Hurlbert 1971), beyond them extrapolation (Chao et al. 2014)."""
    n = facts.rows
    different = sum(many for _, many in facts.occurring)
    if rows <= n:
        seen = sum(many * (1 - _none_of(n, times, rows)) for times, many in facts.occurring)
        return rows - seen
    once, twice = (dict(facts.occurring).get(times, 0) for times in (1, 2))
    unseen = once * (once - 1) / (2 * (twice + 1))
    if not unseen:
        return rows - different
    met = math.log1p(-once / (n * unseen + once))
    return rows - different + unseen * math.expm1((rows - n) * met)


def _none_of(n: int, times: int, rows: int) -> float:
    """The chance that a row which occurs ``times`` times among ``n`` is not among ``rows`` of them."""
    if n - times < rows:
        return 0.0
    log = math.lgamma(n - times + 1) + math.lgamma(n - rows + 1) - math.lgamma(n - times - rows + 1)
    return math.exp(log - math.lgamma(n + 1))
