"""Two models on the same samples of an evaluation: what each sample says, rather than two bare means."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from runwatch.domain.points import FloatArray
from runwatch.judge.metrics.estimate import Estimate, from_standard_error
from runwatch.judge.metrics.mcnemar import mcnemar_p

FEWEST_SAMPLES = 10
"""Samples that an interval needs."""
_Z = 1.96


class SampleValues(msgspec.Struct, frozen=True, eq=False):
    """One metric's value of each sample that both sides have, in one order; ``all_shared``: neither side has
    others."""

    baseline: FloatArray
    candidate: FloatArray
    all_shared: bool


def paired(name: str, values: SampleValues) -> Estimate:
    """The difference of means over the samples. Right or wrong: Agresti and Min's interval (2005) and
    McNemar's test; else the paired t."""
    a, b, n = values.baseline, values.candidate, len(values.baseline)
    means = float(a.mean()), float(b.mean())
    note = f"over {n:,} samples" if values.all_shared else f"over the {n:,} samples that both sides have"
    if n < FEWEST_SAMPLES:
        reason = f"{n} samples, {FEWEST_SAMPLES} are needed"
        return Estimate.unknown(name, *means, n, reason)
    if np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all():
        return _right_or_wrong(name, means, int(((a == 1) & (b == 0)).sum()), int((b > a).sum()), n, note)
    se = float((b - a).std(ddof=1)) / math.sqrt(n)
    estimate = from_standard_error(name, *means, n, se, n - 1, "paired-t", "paired-t", note)
    if estimate.spreadless and not estimate.identical:
        return Estimate.unknown(name, *means, n, "each sample differs by the same amount")
    return estimate


def _right_or_wrong(
    name: str, means: tuple[float, float], only_a: int, only_b: int, n: int, note: str
) -> Estimate:
    """Half a sample is added to each of the four cells of right and wrong, so that no cell is empty."""
    if only_a == only_b == 0:
        return Estimate(name, *means, n, 0.0, (0.0, 0.0), 1.0, "agresti-min", "mcnemar-midp", note=note)
    more, apart = n + 2, only_a + only_b + 1
    shift = (only_b - only_a) / more
    se = math.sqrt(apart - (only_b - only_a) ** 2 / more) / more
    ci = shift - _Z * se, shift + _Z * se
    p_value = mcnemar_p(only_a, only_b)
    return Estimate(name, *means, n, se, ci, p_value, "agresti-min", "mcnemar-midp", note=note)
