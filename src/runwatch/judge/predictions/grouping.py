"""Groups of rows to look at: the values of a category, the deciles of a number, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.predictions import Coded, Column
from runwatch.judge.predictions.labels import coded
from runwatch.text.units import number

MOST_VALUES = 20
_DECILES = 10


class Groups(msgspec.Struct, frozen=True, eq=False):
    """One column's groups: ``codes`` (n,) int64 into ``labels`` (such as "age in (30, 41]"), -1: in none."""

    column: str
    codes: IntArray
    labels: tuple[str, ...]


def group_column(name: str, column: Column) -> Groups:
    """Groups of one column: the 20 most frequent values of a category (text, booleans, or whole numbers with
    at most 20 values), else deciles; missing values are a group of their own."""
    codes, values = _coded(column)
    if isinstance(column, Coded) or column.dtype.kind == "b" or len(values) <= MOST_VALUES:
        return _frequent(name, codes, values)
    return _deciles(name, column.astype(np.float64))


def _coded(column: Column) -> tuple[IntArray, tuple[str, ...]]:
    if not isinstance(column, Coded) and column.dtype.kind == "f":
        sample = column[: 50 * MOST_VALUES]
        if len(np.unique(sample)) > MOST_VALUES:
            return np.empty(0, dtype=np.int64), ("",) * (MOST_VALUES + 1)
    (codes,), values = coded([column])
    return codes, values


def _frequent(name: str, codes: IntArray, values: tuple[str, ...]) -> Groups:
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])
    place = np.full(len(values) + 1, -1, dtype=np.int64)
    place[frequent] = np.arange(len(frequent))
    labels = tuple(f"{name} = {values[i]}" for i in frequent)
    return _with_missing(name, place[codes], labels, codes < 0)


def _deciles(name: str, values: FloatArray) -> Groups:
    known = np.isfinite(values)
    if not known.any():
        return _with_missing(name, np.full(len(values), -1, dtype=np.int64), (), ~known)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, _DECILES + 1)))
    bins = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, max(len(edges) - 2, 0))
    labels = tuple(
        f"{name} in {'[' if i == 0 else '('}{number(low)}, {number(high)}]"
        for i, (low, high) in enumerate(pairwise(edges))
    ) or (f"{name} = {number(float(edges[0]))}",)
    return _with_missing(name, np.where(known, bins, -1), labels, ~known)


def _with_missing(name: str, codes: IntArray, labels: tuple[str, ...], missing: NDArray[np.bool_]) -> Groups:
    if not missing.any():
        return Groups(name, codes, labels)
    return Groups(name, np.where(missing, len(labels), codes), (*labels, f"{name} is missing"))


def members(columns: Mapping[str, Column], label: str) -> NDArray[np.bool_] | None:
    """Which rows belong to the slice that bears ``label`` (a crossed one too); None: no such slice. The
    columns must be those that the slice was found in."""
    for name, column in columns.items():
        groups = group_column(name, column)
        for code, text in enumerate(groups.labels):
            if text == label:
                return np.asarray(groups.codes == code)
            if label.startswith(text + " & "):
                rest = {other: values for other, values in columns.items() if other != name}
                inner = members(rest, label[len(text) + 3 :])
                if inner is not None:
                    return np.asarray((groups.codes == code) & inner)
    return None
