"""Categories that the reference has not, and frequent ones that are gone."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import Severity
from runwatch.domain.profile import ColumnGrid, ColumnProfile, DriftOptions
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.evidence import new_categories
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
    test = new_categories(ColumnPair(column, before, now), DriftOptions())
    closed = not int((before.counts[:-1] == 1).sum()) and not before.counts[-1]
    if not now.counts[-1] or (not closed and (test.p_value > _SURE or test.effect < LEVELS[0])):
        return []
    share = int(now.counts[-1]) / now.n
    severity: Severity = "critical" if share >= LEVELS[1] else "warning" if share >= LEVELS[0] else "info"
    names = tuple(w for w, _ in sorted(now.others.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN])
    summary = (
        f"{plural(len(now.others), 'new category', 'new categories')} in {percent(share, 1)} of the rows"
    )
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
