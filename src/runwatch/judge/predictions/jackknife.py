"""The delete-a-group jackknife (Shao, Tu 1995): for metrics with no closed form."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.predictions.sample import Sample

BLOCKS = 50
_SEED = 20_110_907
_WORK = 20_000_000
_MOST_REPEATS = 20

LeaveOut = Callable[[int, IntArray, int], FloatArray]
"""(side: 0 baseline, 1 candidate; block of each row; number of blocks) -> the side's metric without each."""


def jackknife(
    name: str, sample: Sample, values: tuple[float, float], leave_out: LeaveOut, blocks: int = BLOCKS
) -> Estimate:
    """Candidate minus baseline with ``se^2 = (G-1)/G sum (d_(g) - mean)^2`` against t(G-1).

    Units that repeat stay in one block. On small samples the variance is averaged over several random
    partitions, so that the split of the rows hardly shows in it."""
    if reason := sample.too_few():
        return Estimate.unknown(name, *values, sample.n, reason)
    rng = np.random.default_rng(_SEED)
    blocks = min(blocks, sample.n // 2, sample.units)
    repeats = int(np.clip(_WORK // (sample.n * blocks), 1, _MOST_REPEATS))
    squares = [_variance(sample, leave_out, blocks, rng) for _ in range(repeats)]
    return of_blocks(name, sample, values, float(np.mean(squares)), blocks)


def of_blocks(name: str, sample: Sample, values: tuple[float, float], square: float, blocks: int) -> Estimate:
    """Estimate of the variance ``square`` that the metric without each of ``blocks`` blocks gave."""
    method = "group-jackknife"
    return from_standard_error(name, *values, sample.units, math.sqrt(square), blocks - 1, method, method)


def _variance(sample: Sample, leave_out: LeaveOut, blocks: int, rng: np.random.Generator) -> float:
    if sample.paired:
        ids = block_ids(len(sample.baseline), sample.baseline.group, blocks, rng)
        return variance_of(leave_out(1, ids, blocks) - leave_out(0, ids, blocks))
    total = 0.0
    for i, side in enumerate(sample.sides):
        ids = block_ids(len(side), side.group, blocks, rng)
        total += variance_of(leave_out(i, ids, blocks))
    return total


def variance_of(left: FloatArray) -> float:
    """The variance of a metric by its values without each block (G,)."""
    return (len(left) - 1) / len(left) * float(np.square(left - left.mean()).sum())


def block_ids(n: int, group: IntArray | None, blocks: int, rng: np.random.Generator) -> IntArray:
    """A random block in 0..blocks-1 for each of n rows, blocks of equal size; whole units in one block."""
    if group is None:
        return rng.permutation(n) % blocks
    units = int(group.max()) + 1
    return (rng.permutation(units) % blocks)[group]
