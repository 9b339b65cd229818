"""Predictions as rows: what the loader hands to the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.comparison import PredictionTask
from runwatch.domain.points import AnyArray

TASKS: tuple[PredictionTask, ...] = get_args(PredictionTask)


class Coded(msgspec.Struct, frozen=True, eq=False):
    """A column of text: ``codes`` (n,) int64 into ``labels``, -1 where the value is missing."""

    codes: NDArray[np.int64]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: AnyArray) -> Coded:
        return Coded(self.codes[rows], self.labels)


Column = AnyArray | Coded
"""One column of n rows: numbers (int64, float64 with NaN for missing, bool) or coded text."""


TextRows = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Column names, and rows of as many cells as text."""


def label_order(label: str) -> tuple[int, float, str]:
    """Labels sort by the numbers that they are, words after them; of two classes the last is positive."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


def take(column: Column, rows: AnyArray) -> Column:
    """The rows of a column that a mask or an index array picks."""
    return column.take(rows) if isinstance(column, Coded) else column[rows]


Part = Literal["target", "prediction", "score", "key"]
USUAL_COLUMNS: Mapping[Part, tuple[str, ...]] = {
    "target": ("y_true", "target", "label", "labels", "truth", "ground_truth", "actual", "y"),
    "prediction": (
        *("y_pred", "prediction", "predictions", "pred", "predicted", "y_hat", "yhat"),
        "predicted_label",
    ),
    "score": ("y_score", "y_prob", "y_proba", "y_pred_proba", "score", "probability", "prob", "proba"),
    "key": ("id", "row_id", "key", "sample_id", "uuid", "index"),
}
"""What columns of predictions are called, whatever their case; the first that is there is meant."""


def usual_column(part: Part, available: Sequence[str]) -> str | None:
    """The column that plays this part by its name; None where none is called so."""
    by_lower = {name.lower(): name for name in reversed(available)}
    return next((by_lower[name] for name in USUAL_COLUMNS[part] if name in by_lower), None)


class ColumnNames(msgspec.Struct, frozen=True):
    """Which column of a predictions file plays which part. ``baseline_*``: the baseline's columns when one
    file holds both sides."""

    target: str | None = None
    prediction: str | None = None
    score: tuple[str, ...] = ()
    """One name, one a class in label order, or a prefix ``p_*``."""
    key: str | None = None
    group: str | None = None
    """The unit that rows repeat (user, patient)."""
    slices: tuple[str, ...] = ()
    """Columns whose groups are looked at."""
    baseline_prediction: str | None = None
    baseline_score: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Files of key and target, where the truth is not in the predictions file."""


class PredictionRows(msgspec.Struct, frozen=True, eq=False):
    """One side's rows, all columns of one length."""

    source: str
    """The file, for messages."""
    truth: Column
    prediction: Column | None
    scores: Mapping[str, NDArray[np.float64]]
    """Name to column, in the order asked for."""
    key: Column | None = None
    group: Column | None = None
    columns: Mapping[str, Column] = msgspec.field(default_factory=dict)
    """Slice columns by name."""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)
