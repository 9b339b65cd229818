"""Two-class count metrics by the cell bootstrap: they depend on the rows only through the counts of
(truth, baseline's prediction, candidate's prediction), so multinomial tables stand for resampled rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from msgspec.structs import replace

from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate, percentile
from runwatch.judge.metrics.mcnemar import mcnemar_p
from runwatch.judge.predictions.confusion_metrics import COUNT_METRICS, UNDEFINED, Counts, cost, fbeta
from runwatch.judge.predictions.jackknife import BLOCKS, block_ids, of_blocks, variance_of
from runwatch.judge.predictions.named_metrics import numbers
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("binary",)
BACKGROUND = False
DIRECTIONS: Mapping[str, Direction] = {"fbeta_": "max", "cost": "min"}
DRAWS = 10_000
_SEED = 19_470_601
_MOST_PATTERNS = 1_000

_ENOUGH = 10

Draws = tuple[Counts, Counts]


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.prediction is None and side.fault("prediction") is None for side in sample.sides):
        return
    metrics = dict(COUNT_METRICS)
    metrics |= {name: fbeta(beta) for name, beta in numbers(sample.asked, "fbeta")}
    if sample.costs is not None:
        metrics["cost"] = cost(sample.costs)
    if reason := sample.fault("prediction"):
        yield from (Estimate.unknown(name, np.nan, np.nan, sample.n, reason) for name in metrics)
        return
    observed = counts_of(sample.baseline), counts_of(sample.candidate)
    few = sample.too_few() or sample.counts_fault
    draws = None if few else _draws(sample)
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, metric in metrics.items():
            yield _estimate(name, metric, sample, observed, draws, few)


def counts_of(side: Side) -> Counts:
    """(tp, fp, fn, tn) of one side, as floats."""
    assert side.prediction is not None
    table = np.bincount(side.truth.astype(np.int64) * 2 + side.prediction.astype(np.int64), minlength=4)
    tn, fp, fn, tp = (np.float64(value) for value in table)
    return np.asarray(tp), np.asarray(fp), np.asarray(fn), np.asarray(tn)


def _estimate(
    name: str,
    metric: Callable[[Counts], FloatArray],
    sample: Sample,
    observed: Draws,
    draws: tuple[Draws, str] | None,
    few: str | None,
) -> Estimate:
    a, b = (float(metric(counts)) for counts in observed)
    if not np.isfinite(a) or not np.isfinite(b):
        return Estimate.unknown(name, a, b, sample.n, UNDEFINED.get(name, "undefined on these rows"))
    if draws is None:
        return Estimate.unknown(name, a, b, sample.n, few or "")
    (drawn_a, drawn_b), method = draws
    differences = metric(drawn_b) - metric(drawn_a)
    if method == "group-jackknife":
        return of_blocks(name, sample, (a, b), variance_of(differences), len(differences))
    estimate = percentile(name, a, b, sample.units, differences, "cell-bootstrap")
    return with_mcnemar(estimate, sample) if name == "accuracy" else estimate


def with_mcnemar(estimate: Estimate, sample: Sample) -> Estimate:
    """Accuracy with McNemar's test, where rows are paired and each is its own unit."""
    if not sample.paired or sample.baseline.group is not None:
        return estimate
    right_a, right_b = (side.truth == side.prediction for side in sample.sides)
    only_a, only_b = np.count_nonzero(right_a & ~right_b), np.count_nonzero(right_b & ~right_a)
    return replace(estimate, p_value=mcnemar_p(int(only_a), int(only_b)), test="mcnemar-midp")


def _draws(sample: Sample) -> tuple[Draws, str]:
    """Resampled counts of both sides, and the method that made them."""
    rng = np.random.default_rng(_SEED)
    if not sample.paired:
        grouped = any(side.group is not None for side in sample.sides)
        result = _left_out if grouped else partial(_tables, unseen=_of_one_side)
        (first, method), (second, _) = (result(_cells(side), 4, side.group, rng) for side in sample.sides)
        return (_split(first), _split(second)), method
    a, b = sample.baseline, sample.candidate
    assert b.prediction is not None
    cells = _cells(a) * 2 + b.prediction.astype(np.int64)
    table, method = _tables(cells, 8, a.group, rng, _of_both)
    cube = table.reshape(-1, 2, 2, 2)
    return (_split(cube.sum(axis=3).reshape(-1, 4)), _split(cube.sum(axis=2).reshape(-1, 4))), method


def _cells(side: Side) -> IntArray:
    assert side.prediction is not None
    return side.truth.astype(np.int64) * 2 + side.prediction.astype(np.int64)


def _split(tables: FloatArray) -> Counts:
    return tables[:, 3], tables[:, 1], tables[:, 2], tables[:, 0]


def unseen_rows(seen: IntArray) -> FloatArray:
    """How many rows to add to a rare kind of row before resampling, given how many of it were ``seen``: one
    where there is none, less up to ten, none from there on. Bonett and Price (2012; paired sides) and Agresti
    and Caffo (2000; unpaired) add one: resampling few rows, or none, would be sure of what so few cannot
    show. Where there are enough, the draws are those of the plain bootstrap."""
    return np.asarray(np.maximum(0.0, 1.0 - seen / _ENOUGH))


def _of_both(counts: IntArray) -> FloatArray:
    """Rows to add to the cells (truth, a, b) where the models disagree."""
    differ = counts.reshape(2, 2, 2)[:, [0, 1], [1, 0]]
    unseen = np.zeros((2, 2, 2))
    unseen[:, [0, 1], [1, 0]] = unseen_rows(differ.sum(axis=1))[:, None]
    return unseen.reshape(-1)


def _of_one_side(counts: IntArray) -> FloatArray:
    """Rows to add to the cells (truth, prediction)."""
    return np.repeat(unseen_rows(counts.reshape(2, 2).min(axis=1)), 2)


def _tables(
    cells: IntArray,
    size: int,
    group: IntArray | None,
    rng: np.random.Generator,
    unseen: Callable[[IntArray], FloatArray],
) -> tuple[FloatArray, str]:
    if group is None:
        counts = np.bincount(cells, minlength=size)
        weights = counts + unseen(counts)
        drawn = rng.multinomial(len(cells), weights / weights.sum(), DRAWS)
        return drawn.astype(np.float64), "cell-bootstrap"
    units = int(group.max()) + 1
    if units <= BLOCKS:
        return _left_out(cells, size, group, rng)
    by_unit = np.bincount(group * size + cells, minlength=units * size).reshape(units, size)
    patterns, times = np.unique(by_unit, axis=0, return_counts=True)
    if len(patterns) > _MOST_PATTERNS:
        return _left_out(cells, size, group, rng)
    drawn = rng.multinomial(units, times / units, DRAWS)
    return (drawn @ patterns).astype(np.float64), "cell-bootstrap"


def _left_out(
    cells: IntArray, size: int, group: IntArray | None, rng: np.random.Generator
) -> tuple[FloatArray, str]:
    """Counts without each block of units: the jackknife, where units differ too much to be drawn, or are so
    few that draws of them spread too little (Efron 1982)."""
    count = BLOCKS if group is None else min(BLOCKS, int(group.max()) + 1)
    blocks = block_ids(len(cells), group, count, rng)
    table = np.bincount(blocks * size + cells, minlength=count * size).reshape(count, size)
    return (table.sum(axis=0) - table).astype(np.float64), "group-jackknife"
