"""Which hyperparameter explains the metric: permutation importance of a small forest, out of fold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.comparison import HparamImportance, RunTable
from runwatch.domain.points import FloatArray
from runwatch.judge.runs.hyperparameters import as_text

FEWEST = 20
_TREES = 60
_FOLDS = 5
_REPEATS = 5
_MOST_COLUMNS = 40
_SEED = 20_010_101


def hparam_importance(table: RunTable) -> HparamImportance:
    """Importance of each differing hyperparameter for the table's metric, with the spread over folds and
    shuffles; needs 20 runs with a finite value. An association between runs at hand, not a cause."""
    metric = table.metric or ""
    rows = [row for row in table.rows if row.rank is not None]
    if len(rows) < FEWEST:
        return HparamImportance(
            metric,
            runs=len(rows),
            score=None,
            hparams=(),
            reason=f"{len(rows)} runs with a value; {FEWEST} are needed",
        )
    names = list(table.hparams[: table.differing])[:_MOST_COLUMNS]
    columns = [_numbers([as_text(row.hparams[i]) for row in rows]) for i in range(len(names))]
    used = [(name, column) for name, column in zip(names, columns, strict=True) if column is not None]
    if not used:
        return HparamImportance(
            metric,
            runs=len(rows),
            score=None,
            hparams=(),
            reason="no hyperparameter differs between the runs",
        )
    values = np.array([row.value for row in rows], dtype=np.float64)
    if float(np.ptp(values)) == 0:
        return HparamImportance(
            metric, runs=len(rows), score=None, hparams=(), reason="the metric is the same in every run"
        )
    order = np.array(sorted(range(len(rows)), key=lambda i: rows[i].key))
    score, drops = _forest(np.column_stack([column for _, column in used])[order], values[order])
    importances = [
        (name, float(part.mean()), float(part.std(ddof=1)))
        for (name, _), part in zip(used, drops.T, strict=True)
    ]
    importances.sort(key=lambda item: -item[1])
    reason = "" if score > 0.1 else "these hyperparameters hardly explain the metric"
    return HparamImportance(metric, runs=len(rows), score=score, hparams=tuple(importances), reason=reason)


def _numbers(texts: Sequence[str]) -> FloatArray | None:
    """A column as numbers: numbers (logarithms where they span 100 times), else codes; None for a column in
    which nearly every run is its own category (a name, a path)."""
    parsed = [_number(text) for text in texts]
    known = [value for value in parsed if value is not None]
    if len(known) == len(texts):
        column = np.array(known)
        spans = column.min() > 0 and column.max() / column.min() >= 100
        return np.log10(column) if spans else column
    labels, codes = np.unique(np.array(texts), return_inverse=True)
    return None if len(labels) > len(texts) / 2 else codes.astype(np.float64)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _forest(inputs: FloatArray, values: FloatArray) -> tuple[float, FloatArray]:
    """(out-of-fold R2, loss of R2 by shuffling (folds x repeats, columns))."""
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(_SEED)
    fold = rng.permutation(len(values)) % _FOLDS
    spread = float(np.square(values - values.mean()).sum())
    predicted, drops = np.empty(len(values)), []
    for i in range(_FOLDS):
        test = fold == i
        forest = RandomForestRegressor(_TREES, min_samples_leaf=2, random_state=_SEED % 2**31, n_jobs=1)
        forest.fit(inputs[~test], values[~test])
        predicted[test] = forest.predict(inputs[test])
        error = np.square(values[test] - predicted[test]).sum()
        shuffled = _shuffled(inputs[test], rng)
        again = forest.predict(shuffled.reshape(-1, inputs.shape[1])).reshape(_REPEATS, inputs.shape[1], -1)
        worse = np.square(values[test] - again).sum(axis=2) - error
        drops.append(worse / (spread * np.count_nonzero(test) / len(values)))
    return 1 - float(np.square(values - predicted).sum()) / spread, np.concatenate(drops)


def _shuffled(rows: FloatArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """(repeats, columns, rows, columns): the rows with one column shuffled at a time."""
    n, columns = rows.shape
    out = np.broadcast_to(rows, (_REPEATS, columns, n, columns)).copy()
    for repeat in range(_REPEATS):
        for column in range(columns):
            out[repeat, column, :, column] = rng.permutation(rows[:, column])
    return out
