"""Confusion tables of both models."""

from __future__ import annotations

import numpy as np

from runwatch.domain.comparison import Confusion
from runwatch.judge.predictions.sample import Sample, Side

_MOST_LABELS = 50


def confusion(sample: Sample) -> Confusion | None:
    """Counts of (true, predicted) labels on both sides; None for numbers, missing predictions, or more than
    50 labels (a table that nobody reads)."""
    size = len(sample.labels)
    if sample.task not in ("binary", "multiclass") or sample.fault("prediction") or size > _MOST_LABELS:
        return None
    if any(side.prediction is None for side in sample.sides):
        return None
    baseline, candidate = (_counts(side, size) for side in sample.sides)
    return Confusion(sample.labels, baseline, candidate)


def _counts(side: Side, size: int) -> tuple[tuple[int, ...], ...]:
    assert side.prediction is not None
    cells = side.truth.astype(np.int64) * size + side.prediction.astype(np.int64)
    table = np.bincount(cells, minlength=size * size).reshape(size, size)
    return tuple(tuple(int(count) for count in row) for row in table)
