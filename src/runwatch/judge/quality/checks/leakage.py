"""Features that give the target away: one column alone that all but determines it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.drift import QualityCheck
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import Floats
from runwatch.judge.drift.multivariate import mann_whitney, mid_ranks
from runwatch.judge.quality.case import QualityCase
from runwatch.text.units import number

NAME = "leakage"
SUSPICIOUS = 0.98
_ENOUGH = 100


def check(case: QualityCase) -> list[QualityCheck]:
    target = case.target or next((c.name for c in case.current.grid.columns if c.role == "target"), None)
    truth = None if target is None else case.sample.get(target)
    if truth is None or len(truth) < _ENOUGH:
        return []
    answer = _codes(truth)
    if len(np.unique(answer[np.isfinite(answer)])) < 2:
        return []
    spared = {c.name for c in case.current.grid.columns if c.role in ("prediction", "key", "target")}
    out: list[QualityCheck] = []
    for name, values in case.sample.items():
        if name == target or name in spared:
            continue
        strength = association(values, answer)
        if strength is not None and strength >= SUSPICIOUS:
            summary = f"alone it all but determines {target} (strength {number(strength, 3)})"
            advice = "make sure that it is known before the target is, else leave it out of training"
            out.append(
                QualityCheck(
                    NAME,
                    severity="warning",
                    column=name,
                    summary=summary,
                    advice=advice,
                    evidence={"strength": strength},
                )
            )
    return out


def _codes(values: AnyArray) -> Floats:
    """Numbers as they are; text as the rank of its value, missing as NaN."""
    if values.dtype != object:
        return values.astype(np.float64)
    words = sorted({v for v in values if isinstance(v, str)})
    place = {word: float(i) for i, word in enumerate(words)}
    return np.array([place.get(v, np.nan) if isinstance(v, str) else np.nan for v in values])


def association(values: AnyArray, answer: Floats) -> float | None:
    """How far a column alone determines the answer, 0 to 1: |Spearman's rho| for a numeric answer with many
    values; for few values |2 AUC - 1| of the greatest class for numbers, and for text how much of the error
    of guessing the commonest class goes away when the level is known."""
    known = np.isfinite(answer) & _present(values)
    if known.sum() < _ENOUGH:
        return None
    x, y = values[known], answer[known]
    classes = np.unique(y)
    if values.dtype == object:
        return _level_purity(x, y) if len(classes) <= 20 else None
    if len(np.unique(x)) < 2:
        return None
    if len(classes) > 20:
        return abs(_correlation(mid_ranks(x)[0], mid_ranks(y)[0]))
    top = y == classes[-1]
    return abs(2 * mann_whitney(x[~top], x[top])[0] - 1)


def _present(values: AnyArray) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([isinstance(v, str) for v in values], dtype=bool)
    finite: NDArray[np.bool_] = np.isfinite(values)
    return finite


def _level_purity(x: AnyArray, y: Floats) -> float | None:
    words, codes = np.unique(x.astype(str), return_inverse=True)
    if len(words) < 2 or len(words) > len(x) / 10:
        return None
    classes, answers = np.unique(y, return_inverse=True)
    table = np.zeros((len(words), len(classes)))
    np.add.at(table, (codes, answers), 1)
    base = table.sum(axis=0).max()
    return float((table.max(axis=1).sum() - base) / (len(x) - base)) if len(x) > base else None


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale else 0.0
