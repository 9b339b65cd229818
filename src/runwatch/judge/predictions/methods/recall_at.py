"""Recall among the k rows of highest score, by the delete-a-group jackknife."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.jackknife import jackknife
from runwatch.judge.predictions.methods.precision_recall import Ranked, ranked
from runwatch.judge.predictions.named_metrics import numbers
from runwatch.judge.predictions.sample import Sample

TASKS = ("binary",)
BACKGROUND = True
DIRECTIONS: Mapping[str, Direction] = {"recall_at_": "max"}


def recall_at(rows: Ranked, k: float, keep: NDArray[np.bool_] | None = None) -> float:
    """Share of the positives among the first ``k`` rows, expected over the order of tied scores; ``keep``:
    rows that count, in ranked order, ``k`` of all rows scaled to them. NaN without positives."""
    hits, seen = rows.counts(keep)
    if hits[-1] == 0:
        return math.nan
    place = k * seen[-1] / len(rows.order)
    return float(np.interp(place, np.append(0, seen), np.append(0, hits)) / hits[-1])


def estimates(sample: Sample) -> Iterator[Estimate]:
    for name, k in numbers(sample.asked, "recall_at"):
        yield _estimate(name, k, sample)


def _estimate(name: str, k: float, sample: Sample) -> Estimate:
    scores = [side.score for side in sample.sides]
    reason = sample.fault("score") or ("no scores" if any(score is None for score in scores) else None)
    if reason is None and k > sample.n:
        reason = f"k is more than the {sample.n:,} rows"
    if reason is not None:
        return Estimate.unknown(name, math.nan, math.nan, sample.n, reason)
    sides = [ranked(side.truth == 1, side.score) for side in sample.sides if side.score is not None]
    a, b = (recall_at(rows, k) for rows in sides)

    def leave_out(side: int, blocks: IntArray, count: int) -> FloatArray:
        rows = sides[side]
        ordered = blocks[rows.order]
        return np.array([recall_at(rows, k, ordered != block) for block in range(count)])

    return jackknife(name, sample, (a, b), leave_out)
