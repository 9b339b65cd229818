"""Predictions as rows: what the loader hands to the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import AnyArray

Task = Literal["binary", "multiclass", "regression", "forecast"]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression", "forecast")


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
    """Which column of a predictions file plays which part. ``score``: one name, one a class in label order,
    or a prefix ``p_*``; ``slices``: columns whose groups are looked at; ``group``: the unit that rows
    repeat (user, patient). ``baseline_*``: the baseline's columns when one file holds both sides;
    ``labels``: files of key and target, where the truth is not in the predictions file."""

    target: str | None = None
    prediction: str | None = None
    score: tuple[str, ...] = ()
    key: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    baseline_prediction: str | None = None
    baseline_score: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class PredictionRows(msgspec.Struct, frozen=True, eq=False):
    """One side's rows, all columns of one length. ``scores``: name to column, in the order asked for;
    ``columns``: slice columns by name; ``source``: the file, for messages."""

    source: str
    truth: Column
    prediction: Column | None
    scores: Mapping[str, NDArray[np.float64]]
    key: Column | None = None
    group: Column | None = None
    columns: Mapping[str, Column] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)
