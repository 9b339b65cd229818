"""Average precision by the delete-a-group jackknife: one sort a side, then one pass a group."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.jackknife import jackknife
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("binary",)
BACKGROUND = True


class Ranked(msgspec.Struct, frozen=True, eq=False):
    """Rows by falling score."""

    order: IntArray
    """(n,)."""
    positive: NDArray[np.bool_]
    """(n,) in that order."""
    ends: IntArray
    """The last row of each tied score."""

    def counts(self, keep: NDArray[np.bool_] | None) -> tuple[IntArray, IntArray]:
        """(positives, rows) down to each distinct score; ``keep``: rows that count, in ranked order."""
        positive = self.positive if keep is None else self.positive & keep
        hits: IntArray = np.cumsum(positive, dtype=np.int64)[self.ends]
        return hits, self.ends + 1 if keep is None else np.cumsum(keep, dtype=np.int64)[self.ends]


def ranked(positive: NDArray[np.bool_], score: FloatArray) -> Ranked:
    order = np.argsort(-score)
    ordered = score[order]
    ends = np.flatnonzero(np.concatenate((ordered[1:] != ordered[:-1], [True])))
    return Ranked(order, positive[order], ends)


def average_precision(rows: Ranked, keep: NDArray[np.bool_] | None = None) -> float:
    """Sum of precision times the step in recall over the distinct scores; ``keep``: rows that count, in
    ranked order. NaN without positives."""
    hits, seen = rows.counts(keep)
    if hits[-1] == 0:
        return math.nan
    steps = np.diff(hits, prepend=0)
    return float((steps * (hits / np.maximum(seen, 1))).sum() / hits[-1])


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.score is None and side.fault("score") is None for side in sample.sides):
        return
    name = "average_precision"
    if reason := sample.fault("score"):
        yield Estimate.unknown(name, math.nan, math.nan, sample.n, reason)
        return
    sides = [_ranked_side(side) for side in sample.sides]
    a, b = (average_precision(rows) for rows in sides)

    def leave_out(side: int, blocks: IntArray, count: int) -> FloatArray:
        rows = sides[side]
        ordered = blocks[rows.order].astype(np.int16)
        return np.array([average_precision(rows, ordered != block) for block in range(count)])

    yield jackknife(name, sample, (a, b), leave_out)


def _ranked_side(side: Side) -> Ranked:
    assert side.score is not None
    return ranked(side.truth == 1, side.score)
