"""One coding of values that several columns share: 1, 1.0, True and "1" are the same label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.predictions import Coded, Column, label_order

_BOOLEAN = {"true": "1", "false": "0"}


def is_missing(column: Column) -> NDArray[np.bool_]:
    if isinstance(column, Coded):
        return column.codes < 0
    return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), dtype=bool)


def canonical(columns: list[Column]) -> list[IntArray]:
    """Codes of each column into one set of values, in no order, -1 where missing. Numbers stay numbers where
    all columns are numeric, else all are compared as text."""
    if not any(isinstance(column, Coded) for column in columns):
        return _number_codes([np.asarray(column) for column in columns])[0]
    texts = [_as_text(column) for column in columns]
    place: dict[str, int] = {}
    for part in texts:
        for label in part.labels:
            place.setdefault(label, len(place))
    return _placed(texts, place)


def coded(columns: list[Column]) -> tuple[list[IntArray], tuple[str, ...]]:
    """(codes of each column, labels in order): numbers by value, text in natural order."""
    if not any(isinstance(column, Coded) for column in columns):
        return _numbers([np.asarray(column) for column in columns])
    texts = [_as_text(column) for column in columns]
    every = sorted({part.labels[i] for part in texts for i in _used(part)}, key=label_order)
    return _placed(texts, {label: code for code, label in enumerate(every)}), tuple(every)


def _used(column: Coded) -> list[int]:
    """The labels that a row bears: a dictionary may hold more."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.labels))
    return [int(code) for code in np.flatnonzero(counts)]


def _placed(texts: list[Coded], place: dict[str, int]) -> list[IntArray]:
    return [
        np.array([place.get(label, -1) for label in part.labels] + [-1], dtype=np.int64)[part.codes]
        for part in texts
    ]


def _numbers(columns: list[NDArray[np.generic]]) -> tuple[list[IntArray], tuple[str, ...]]:
    codes, values = _number_codes(columns)
    return codes, tuple(number_label(value) for value in values.tolist())


def _number_codes(columns: list[NDArray[np.generic]]) -> tuple[list[IntArray], NDArray[np.generic]]:
    """(codes of each column, the distinct values in order)."""
    whole = all(column.dtype.kind in "iub" for column in columns)
    flat = np.concatenate([column.astype(np.int64 if whole else np.float64) for column in columns])
    bounds = np.cumsum([len(column) for column in columns])[:-1]
    missing = np.zeros(len(flat), dtype=bool) if whole else np.isnan(flat)
    if not missing.any():
        values, codes = _unique(flat)
        return list(np.split(codes, bounds)), values
    values, known = _unique(flat[~missing])
    codes = np.full(len(flat), -1, dtype=np.int64)
    codes[~missing] = known
    return list(np.split(codes, bounds)), values


def _unique(values: NDArray[np.generic]) -> tuple[NDArray[np.generic], IntArray]:
    """np.unique with the inverse, by counting where the values are small whole numbers."""
    if len(values) and values.dtype.kind == "i":
        low, high = int(values.min()), int(values.max())
        if high - low < 1_000_000 and high - low < 20 * len(values):
            shifted = values.astype(np.int64) - low
            seen = np.bincount(shifted) > 0
            return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[shifted]
    distinct, codes = np.unique(values, return_inverse=True)
    return distinct, codes.astype(np.int64)


def _as_text(column: Column) -> Coded:
    if isinstance(column, Coded):
        return _merged(column)
    (codes,), labels = _numbers([column])
    return Coded(codes, labels)


def _merged(column: Coded) -> Coded:
    """Labels that mean the same number ("1", "1.0", "01") as one; white space around them dropped."""
    return Coded(column.codes, tuple(_plain(label) for label in column.labels))


def _plain(label: str) -> str:
    text = label.strip()
    if text.lower() in _BOOLEAN:
        return _BOOLEAN[text.lower()]
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def number_label(value: float | int | bool) -> str:
    """A number as a label: 1.0 is "1"."""
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**63 else repr(value)


def same_values(a: Column, rows_a: IntArray, b: Column, rows_b: IntArray) -> NDArray[np.bool_]:
    """Whether the picked rows of two columns hold the same value, row by row. Numbers agree to 1e-9."""
    if not isinstance(a, Coded) and not isinstance(b, Coded):
        left, right = a[rows_a].astype(np.float64), b[rows_b].astype(np.float64)
        return np.isclose(left, right, rtol=1e-9, atol=1e-12, equal_nan=True)
    codes_a, codes_b = canonical([a, b])
    return np.asarray(codes_a[rows_a] == codes_b[rows_b])


def as_numbers(column: Column) -> FloatArray | None:
    """The column as float64, None where it is text."""
    return None if isinstance(column, Coded) else column.astype(np.float64)
