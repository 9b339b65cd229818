"""How much rows that hang together are worth: design effects, the factor by which the variance of a mean
grows (Kish 1965)."""

from __future__ import annotations

import math

import numpy as np

from runwatch.domain.points import AnyArray, FloatArray, IntArray

_WINDOW, _LEAST = 64, 64
_SURE = 4.5
_TRIMMED_ERROR = 1.1
_SORTED = 0.01


def serial(values: AnyArray, in_time: bool = False, ordered: bool = True) -> float:
    """The design effect of rows in the order in which they lie, at least 1: twice the sum of the
    autocorrelations up to where pairs of them are no longer positive (initial positive sequence, Geyer 1992).
    1 where neighbours are no more alike than chance makes them. A file sorted by something is no sign: only
    rows less than 64 apart are looked at for that, unless the rows lie ``in_time``, and a column that is
    sorted itself says nothing. ``ordered``: whether less and more mean something, else values are labels."""
    n = len(values)
    if n < _LEAST or _sorted(values, ordered):
        return 1.0
    numbers = _uniform(values) if ordered else _spread_labels(values)
    window = n if in_time else min(_WINDOW, n // 8)
    if not _alike(numbers, window):
        return 1.0
    return _initial_sequence(numbers)


def _uniform(values: AnyArray) -> FloatArray:
    """Mid-ranks from 0 to 1, so that no tail outweighs the rest."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(values)
    out: FloatArray = middle[place]
    return out


def _spread_labels(values: AnyArray) -> FloatArray:
    """A number for each label that has nothing to do with its place among the others."""
    labels, place = np.unique(values, return_inverse=True)
    out: FloatArray = np.random.default_rng(0).permutation(len(labels)).astype(np.float64)[place]
    return out


def _sorted(values: AnyArray, ordered: bool) -> bool:
    change = values[1:] != values[:-1]
    steps = int(change.sum())
    if not ordered:
        return steps + 1 <= len(np.unique(values))
    up = int((values[1:] > values[:-1]).sum())
    return min(up, steps - up) <= _SORTED * steps


def _alike(numbers: FloatArray, window: int) -> bool:
    """Whether rows of a window are more alike the nearer they lie, beyond chance: without the tenth of the
    windows at either end, so that a change of level in one place is no sign."""
    rows = len(numbers) // window * window
    part = numbers[:rows].reshape(-1, window)
    centred = part - part.mean(axis=1, keepdims=True)
    square = (centred**2).sum(axis=1)
    moving = square > 0
    if not moving.any():
        return False
    lags = max(1, min(window // 8, 8))
    total = sum((centred[:, lag:] * centred[:, :-lag]).sum(axis=1) for lag in range(1, lags + 1))
    each = np.sort(total[moving] / square[moving])
    aside = len(each) // 10
    middle = float(each[aside : len(each) - aside].mean())
    expected = sum(-(window - lag) / (window * (window - 1)) for lag in range(1, lags + 1))
    error = _TRIMMED_ERROR * math.sqrt(lags / window / len(each))
    return (middle - expected) / error > _SURE


def _initial_sequence(numbers: FloatArray) -> float:
    n = len(numbers)
    centred = numbers - numbers.mean()
    spectrum = np.fft.rfft(centred, 2 * n)
    covariance = np.fft.irfft(spectrum * spectrum.conj())[:n] / n
    if covariance[0] <= 0:
        return 1.0
    rho = covariance / covariance[0]
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    monotone = np.minimum.accumulate(pairs[: int(ends[0]) if len(ends) else len(pairs)])
    effect = 2 * float(monotone.sum()) - 1
    return min(max(1.0, effect / max(1 - effect / n, 0.5)), n / 2)


def clustered(values: FloatArray, groups: IntArray, share: float = 1.0) -> tuple[float, bool]:
    """(the design effect of rows that share a group, at least 1; whether it is above 1 beyond chance).
    ``values``: float64 ``[n]`` without NaN; ``groups``: int64 ``[n]``; ``share``: the part of all rows that
    these are, taken at random."""
    n = len(values)
    centred = values - values.mean() if n else values
    square = float((centred**2).sum())
    if n < 2 or square <= 0:
        return 1.0, False
    totals, sizes = np.bincount(groups, weights=centred), np.bincount(groups)
    effect = float((totals**2).sum()) / square
    pairs = float((sizes * (sizes - 1)).sum()) / 2
    if not pairs:
        return 1.0, False
    sure = (effect - 1) / (2 * math.sqrt(pairs) / n) > _SURE
    return min(max(1.0, 1 + (effect - 1) / share), n / share / 2), sure
