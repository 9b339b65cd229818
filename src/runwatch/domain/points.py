"""Points of one tag, columnar."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

EPOCHS = "\0epoch"
"""The name under which a run's epochs by step are asked for, as a series that is no metric."""

_FORMER = "\0former"

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
AnyArray = NDArray[Any]
"""An array of whatever type its column has."""


def missing(values: AnyArray) -> NDArray[np.bool_]:
    """Which of some numbers are NaN, or which of some objects None."""
    if values.dtype == object:
        return np.array([value is None for value in values], dtype=bool)
    gaps: NDArray[np.bool_] = np.isnan(values)
    return gaps


def former_tag(tag: str, back: int) -> str:
    """The name of the branch of ``tag`` that was superseded last (``back`` 0), or before that."""
    return f"{_FORMER} {back} {tag}"


def of_former(name: str) -> tuple[str, int] | None:
    """What ``former_tag`` was made of; None for any other name."""
    mark, _, rest = name.partition(" ")
    back, _, tag = rest.partition(" ")
    return (tag, int(back)) if mark == _FORMER and back.isdecimal() and len(back) < 6 else None


class Points(msgspec.Struct, frozen=True, eq=False):
    """Points of one tag; all arrays are of one length."""

    steps: IntArray
    """int64."""
    wall_times: FloatArray
    """Seconds since the epoch, NaN where the format has no clock."""
    values: FloatArray
    """float64; NaN and infinities are values."""

    def __len__(self) -> int:
        return len(self.steps)

    @staticmethod
    def of(steps: ArrayLike, values: ArrayLike, wall_times: ArrayLike | None = None) -> Points:
        """Points from anything array-like; no ``wall_times`` means that they are not known."""
        step_array = np.asarray(steps, dtype=np.int64)
        walls = np.full(len(step_array), np.nan) if wall_times is None else np.asarray(wall_times, np.float64)
        return Points(step_array, walls, np.asarray(values, dtype=np.float64))

    @staticmethod
    def empty() -> Points:
        return _NONE

    @staticmethod
    def concat(parts: list[Points]) -> Points:
        """The parts one after another, in the order given."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Points.empty()
        return Points(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.wall_times for part in parts]),
            np.concatenate([part.values for part in parts]),
        )

    def where(self, mask: NDArray[Any] | slice) -> Points:
        """The points that a boolean mask, an index array or a slice picks."""
        return Points(self.steps[mask], self.wall_times[mask], self.values[mask])


_NONE = Points.of([], [])
