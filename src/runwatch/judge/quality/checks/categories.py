"""Categories that the reference has not, and frequent ones that are gone."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import MAX_OTHERS, ColumnGrid, ColumnProfile, DriftOptions
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.evidence import new_categories, rare_values
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import percent, plural

NAME = "categories"
LEVELS = (0.01, 0.05)
_SURE = 1e-4
_SHOWN = 5


def check(case: QualityCase) -> list[QualityCheck]:
    out: list[QualityCheck] = []
    for column, before, now in case.columns():
        if column.words is None or before is None or not before.n or not now.n:
            continue
        out.extend(_new(column, before, now))
        out.extend(_vanished(column, before, now))
    return out


def _new(column: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> list[QualityCheck]:
    pair = ColumnPair(column, before, now)
    test, fresh = new_categories(pair, DriftOptions()), pair.fresh(now)
    closed = not rare_values(pair)[0]
    if not fresh or (not closed and (test.p_value > _SURE or test.effect < LEVELS[0])):
        return []
    share = fresh / now.n
    usual = share - test.effect
    severity: Severity = (
        "critical" if test.effect >= LEVELS[1] else "warning" if test.effect >= LEVELS[0] else "info"
    )
    names = tuple(w for w, _ in sorted(now.others.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN])
    many = " or more" if len(now.others) == MAX_OTHERS else ""
    said = f"{len(now.others)}{many} {'new category' if len(now.others) == 1 else 'new categories'}"
    summary = f"{said} in {percent(share, 1)} of the rows"
    if usual >= 0.001:
        summary += f"; its many rare values would give {percent(usual, 1)}"
    advice = "map them to known ones, or take a new reference; the model has never seen them"
    return [QualityCheck(NAME, severity, column.name, summary, advice, {"share": share}, names)]


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
    said = plural(len(gone), "category is", "categories are")
    summary = f"{said} gone that made up {percent(total, 1)} of the reference"
    advice = "see whether a source is missing from this batch"
    return [QualityCheck(NAME, severity, column.name, summary, advice, {"share": total}, names)]
