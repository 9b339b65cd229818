"""Categories that the reference has not, and frequent ones that are gone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import MAX_OTHERS, ColumnGrid, ColumnProfile, DriftOptions
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.evidence import new_categories, rare_values
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import number, percent, plural

NAME = "categories"
LEVELS = (0.01, 0.05)
_SURE = 1e-4
_SHOWN = 5
_MOST_CODES, _LEAST_ROWS, _OFTEN = 50, 200, 0.2


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if before is None or not before.n or not now.n:
            continue
        if column.words is None:
            out.extend(_new_codes(case, column, before, now))
            continue
        out.extend(_new(column, before, now))
        out.extend(_vanished(column, before, now))
    return out


def _new(column: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> list[QualityCheck]:
    pair = ColumnPair(column, before, now)
    test, fresh = new_categories(pair, DriftOptions()), pair.fresh(now)
    closed = not rare_values(pair)[0]
    if column.foreign and fresh > now.n / 2:
        return []  # other users, not other categories
    if not fresh or (not closed and (test.p_value > _SURE or test.effect < LEVELS[0])):
        return []
    share = fresh / now.n
    usual = share - test.effect
    severity: Severity = (
        "critical" if test.effect >= LEVELS[1] else "warning" if test.effect >= LEVELS[0] else "info"
    )
    names = tuple(w for w, _ in sorted(now.others.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN])
    many = " or more" if len(now.others) == MAX_OTHERS else ""
    message = f"{len(now.others)}{many} {'new category' if len(now.others) == 1 else 'new categories'}"
    summary = f"{message} in {percent(share, 1)} of the rows"
    if usual >= 0.001:
        summary += f"; its many rare values would give {percent(usual, 1)}"
    advice = "map them to known ones, or take a new reference; the model has never seen them"
    return [
        QualityCheck(
            NAME,
            severity=severity,
            column=column.name,
            summary=summary,
            advice=advice,
            evidence={"share": share},
            samples=names,
        )
    ]


def _new_codes(
    case: QualityCase, column: ColumnGrid, before: ColumnProfile, now: ColumnProfile
) -> list[QualityCheck]:
    """Values outside a closed set of whole numbers: each met often in the reference, none in between."""
    known = _closed(column, before)
    if known is None:
        return []
    inside = int(now.counts[known].sum())
    share = (now.n - inside) / now.n
    if now.n == inside or now.neg_inf or now.pos_inf:
        return []
    values = case.sample.get(column.name)
    edges = column.edges
    assert edges is not None
    odd: list[float] = []
    if values is not None and values.dtype != object:
        distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        odd = [float(v) for v in distinct[np.argsort(-counts)] if v not in edges[known[known < len(edges)]]]
    severity: Severity = "critical" if share >= LEVELS[1] else "warning" if share >= LEVELS[0] else "info"
    names = tuple(number(value) for value in odd[:_SHOWN])
    what = f"the value{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else "values"
    summary = f"{what} in {percent(share, 1)} of the rows, which the reference never has"
    advice = "check whether it is a new code: map it, or take a new reference"
    return [
        QualityCheck(
            NAME,
            severity=severity,
            column=column.name,
            summary=summary,
            advice=advice,
            evidence={"share": share},
            samples=names,
        )
    ]


def _closed(column: ColumnGrid, before: ColumnProfile) -> NDArray[np.int64] | None:
    """The bins of a column's codes, None for a column of other numbers: few whole numbers, none of them
    rare, so that a further one would have been met."""
    edges = column.edges
    if edges is None or column.kind not in ("numeric", "constant") or column.role == "key" or column.notation:
        return None
    if edges.dtype.kind not in "iu" or before.nan:
        return None
    used = np.flatnonzero(before.counts)
    alone = all(_one_value(column, before, int(at)) for at in used)
    if not alone or not 2 <= len(used) <= _MOST_CODES or before.n < _LEAST_ROWS:
        return None
    return used if int(before.counts[used].min()) >= _OFTEN * before.n / len(used) else None


def _one_value(column: ColumnGrid, before: ColumnProfile, at: int) -> bool:
    """Whether a bin holds one whole number; the first does where it ends at the least value."""
    edges = column.edges
    assert edges is not None
    if at == 0:
        return float(edges[0]) == before.low
    return at < len(edges) and int(edges[at]) - int(edges[at - 1]) == 1


def _vanished(column: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> list[QualityCheck]:
    """Levels of which this many rows should hold some, and none does."""
    words = column.words or ()
    shares = before.counts[: len(words)] / before.n
    with np.errstate(divide="ignore"):
        chance = np.where(shares < 1, now.n * np.log1p(-np.minimum(shares, 1.0)), -math.inf)
    gone = np.flatnonzero((now.counts[: len(words)] == 0) & (chance < math.log(_SURE / max(len(words), 1))))
    gone = gone[shares[gone] >= LEVELS[0]]
    if not len(gone):
        return []
    names = tuple(words[int(i)] for i in gone[:_SHOWN])
    total = float(shares[gone].sum())
    severity: Severity = "critical" if total >= 0.1 else "warning"
    message = plural(len(gone), "category is", "categories are")
    summary = f"{message} gone that made up {percent(total, 1)} of the reference"
    advice = "check whether a source is missing from this batch"
    return [
        QualityCheck(
            NAME,
            severity=severity,
            column=column.name,
            summary=summary,
            advice=advice,
            evidence={"share": total},
            samples=names,
        )
    ]
