"""The rows of both models as the methods see them: arrays of one coding."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.comparison import Costs, PredictionTask
from runwatch.domain.points import FloatArray, IntArray

FEW = 10
"""With fewer positives, negatives, rows or units there is no interval."""


class Side(msgspec.Struct, frozen=True, eq=False):
    """One model's n rows."""

    truth: NDArray[np.int64] | FloatArray
    """Codes into the sample's labels (classes) or values (regression)."""
    prediction: NDArray[np.int64] | FloatArray | None
    """As ``truth``."""
    score: FloatArray | None
    """(n,) score of the positive class, or (n, K) one a class."""
    group: IntArray | None
    """Unit codes."""
    faults: tuple[tuple[str, str], ...] = ()
    """Why prediction or score cannot be used, by "prediction" or "score"."""

    def __len__(self) -> int:
        return len(self.truth)

    def fault(self, part: str) -> str | None:
        return next((reason for name, reason in self.faults if name == part), None)


class Sample(msgspec.Struct, frozen=True, eq=False):
    """Baseline and candidate rows of one task."""

    task: PredictionTask
    baseline: Side
    candidate: Side
    labels: tuple[str, ...]
    """Class names by code (binary: negative, positive)."""
    paired: bool
    """Row i is the same case with the same truth on both sides."""
    horizon: int = 1
    """Steps ahead of a forecast."""
    costs: Costs | None = None
    unit: str = "row"
    """What one independent case is called."""
    notes: tuple[str, ...] = ()
    counts_fault: str = ""
    """Why metrics of predicted labels have no verdict, though they have values."""
    asked: tuple[str, ...] = ()
    """Names of metrics that are computed only where they are named."""

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.baseline, self.candidate

    @property
    def n(self) -> int:
        """Rows compared: those of a pair, or of the smaller side."""
        return min(len(self.baseline), len(self.candidate))

    @property
    def units(self) -> int:
        """Independent cases of the side that has fewer."""
        return min(len(side) if side.group is None else len(np.unique(side.group)) for side in self.sides)

    def fault(self, part: str) -> str | None:
        """Why ``part`` ("prediction" or "score") of either side cannot be used, None when it can."""
        for who, side in (("baseline", self.baseline), ("candidate", self.candidate)):
            reason = side.fault(part)
            if reason is not None:
                return f"{who}: {reason}"
        return None

    @property
    def identical(self) -> bool:
        """Both sides say the same of every row."""
        a, b = self.sides
        return self.paired and all(
            first is second or (first is not None and second is not None and np.array_equal(first, second))
            for first, second in ((a.prediction, b.prediction), (a.score, b.score))
        )

    def too_few(self) -> str | None:
        """Why there is no interval for any metric of this sample, None when there can be one."""
        for side in self.sides:
            if len(side) < FEW:
                return f"too few rows ({len(side)}; at least {FEW} are needed)"
            if self.task == "forecast" and side.group is None and len(side) < 2 * self.horizon:
                return (
                    f"too few rows ({len(side)}; at horizon {self.horizon} {2 * self.horizon:,} are needed)"
                )
            if self.task == "binary":
                positives = int(np.count_nonzero(side.truth == 1))
                for word, count in (("positives", positives), ("negatives", len(side) - positives)):
                    if count < FEW:
                        return f"too few {word} ({count}; at least {FEW} are needed)"
            if side.group is not None and (units := len(np.unique(side.group))) < FEW:
                return f"too few groups ({units}; at least {FEW} are needed)"
        return None
