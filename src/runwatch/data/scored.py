"""Rows of scores, predictions and truths out of data files, for performance without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.sample import sample
from runwatch.domain.points import AnyArray
from runwatch.domain.profile import DataOptions, Floats, ProfileGrid

MAX_ROWS = 200_000


def columns_of(grid: ProfileGrid, options: DataOptions) -> tuple[str | None, str | None, str | None]:
    """(target, prediction, score) as said, else by their roles and kinds in the grid."""
    target = options.target or next((c.name for c in grid.columns if c.role == "target"), None)
    predicted = [c for c in grid.columns if c.role == "prediction"]
    many = [c.name for c in predicted if c.edges is not None and len(c.edges) > 10]
    few = [c.name for c in predicted if c.name not in many]
    score = options.score or next(iter(many), None)
    prediction = options.prediction or next(iter(few), None) or next((n for n in many if n != score), None)
    return target, prediction, score


def rows_of(files: Sequence[DataFile], names: Sequence[str]) -> dict[str, AnyArray]:
    """Up to 200,000 row-aligned values of the columns; empty when a file cannot be read."""
    try:
        return sample(files, [name for name in dict.fromkeys(names) if name], MAX_ROWS)
    except DataError:
        return {}


def as_zero_one(values: AnyArray, positive: object) -> Floats:
    """1.0 for ``positive``, 0.0 for other values, NaN for missing ones."""
    if values.dtype != object:
        return np.where(np.isnan(values), np.nan, (values == positive).astype(np.float64))
    return np.array([np.nan if v is None else float(v == positive) for v in values])


def positive_class(values: AnyArray) -> object | None:
    """The larger sorted label of a two-class column, None when it has not two."""
    if values.dtype != object:
        classes: list[object] = np.unique(values[~np.isnan(values)]).tolist()
    else:
        classes = sorted({v for v in values if v is not None})
    return classes[1] if len(classes) == 2 else None
