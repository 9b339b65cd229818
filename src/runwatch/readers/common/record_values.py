"""The values of one key of many records, as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.readers.common.bounded_json import number
from runwatch.readers.common.column_names import moment, seconds


def whole(value: Any) -> int | None:
    """An integer of 64 bits, or None."""
    if type(value) is float:
        value = int(value) if value.is_integer() else None
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def floor(value: Any) -> int | None:
    """The whole part of a finite number within 64 bits, or None."""
    return whole(float(math.floor(value))) if type(value) is float and math.isfinite(value) else whole(value)


def column(values: Sequence[Any]) -> FloatArray:
    """A column's numbers, NaN where there is none."""
    return numbers(values)[0]


def numbers(values: Sequence[Any]) -> tuple[FloatArray, Any]:
    """The numbers of a column, and where there are any."""
    if set(map(type, values)) <= {int, float}:
        try:
            return np.array(values, dtype=np.float64), np.ones(len(values), dtype=np.bool_)
        except OverflowError:
            pass
    found = [number(value) for value in values]
    present = np.array([value is not None for value in found])
    return np.array([math.nan if value is None else value for value in found]), present


def walls(values: Sequence[Any]) -> FloatArray:
    """Moments in seconds since the epoch: numbers, or ISO 8601."""
    clocks = seconds(np.array([math.nan if (n := number(v)) is None else n for v in values]))
    for i, value in enumerate(values):
        if type(value) is str:
            clocks[i] = moment(value)
    return clocks
