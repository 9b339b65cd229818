"""Tail probabilities without scipy.stats, whose import alone costs more than a whole drift command."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_EXACT_TAIL = 200_000
_DURBIN = 100_000


def ks_p_value(statistic: float, n: int, m: int) -> float:
    """Two-sided p of the two-sample Kolmogorov-Smirnov statistic, as ``scipy.stats.ks_2samp`` with
    ``method="asymp"`` defines it: the exact one-sample law at the rounded effective size, but for sides that
    do not overlap, of which the exact p is known. Marsaglia, Tsang, Wang 2003 for small sizes, twice the
    one-sided law in the tail (Simard, L'Ecuyer 2011), and the expansion of Pelz and Good 1976 elsewhere."""
    if not n or not m or statistic <= 0:
        return 1.0
    if statistic >= 1:
        return min(1.0, 2 * math.exp(math.lgamma(n + 1) + math.lgamma(m + 1) - math.lgamma(n + m + 1)))
    size = round(n * m / (n + m))
    if size < 1:
        return 1.0
    scaled = size * statistic * statistic
    if scaled >= 370:
        return 0.0
    if scaled >= (2.4 if size <= 140 else 2.2):
        return min(1.0, 2 * _one_sided(size, statistic))
    exact = size <= 140 or (size <= _DURBIN and size * statistic**1.5 <= 1.4)
    return _durbin(size, statistic) if exact else _pelz_good(size, statistic)


@lru_cache(maxsize=4)
def _log_factorials(n: int) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))])


def _one_sided(n: int, d: float) -> float:
    """P(D+ > d) for one sample of n: Birnbaum and Tingey's sum; Miller's approximation past 200,000."""
    if n > _EXACT_TAIL:
        return math.exp(-((6 * n * d + 1) ** 2) / (18 * n))
    j = np.arange(0, math.floor(n * (1 - d)) + 1, dtype=np.float64)
    logs = _log_factorials(n)
    count = j.astype(np.int64)
    binomial = logs[n] - logs[count] - logs[n - count]
    with np.errstate(divide="ignore"):
        right = np.where(n - j > 0, (n - j) * np.log(np.maximum(1 - d - j / n, 0.0)), 0.0)
    terms = binomial + (j - 1) * np.log(d + j / n) + right
    top = float(terms.max())
    return float(d * math.exp(top) * np.exp(terms - top).sum())


def _durbin(n: int, d: float) -> float:
    """P(D > d) from the power of Durbin's matrix."""
    if 2 * n * d <= 1:
        return 1.0
    k = math.floor(n * d) + 1
    size = 2 * k - 1
    h = k - n * d
    matrix = np.tril(np.ones((size, size)), 1)
    powers = h ** np.arange(1, size + 1)
    matrix[:, 0] -= powers
    matrix[-1, :] -= powers[::-1]
    if 2 * h > 1:
        matrix[-1, 0] += (2 * h - 1) ** size
    factorials = np.cumprod(np.concatenate([[1.0], np.arange(1, size + 1)]))
    gaps = np.subtract.outer(np.arange(size), np.arange(size)) + 1
    matrix = np.where(gaps > 0, matrix / factorials[np.maximum(gaps, 0)], matrix)
    power, scale = _scaled_power(matrix, n)
    middle = float(power[k - 1, k - 1])
    if middle <= 0:
        return 1.0
    return max(0.0, 1.0 - math.exp(math.log(middle) + scale + math.lgamma(n + 1) - n * math.log(n)))


def _scaled_power(matrix: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], float]:
    """(P, s) with matrix^n = P e^s and the entries of P within the range of floats."""
    out, scale = np.eye(len(matrix)), 0.0
    base, step = matrix, 0.0
    while n:
        if n & 1:
            out, scale = out @ base, scale + step
            top = float(np.abs(out).max())
            out, scale = out / top, scale + math.log(top)
        n >>= 1
        if n:
            base, step = base @ base, 2 * step
            top = float(np.abs(base).max())
            base, step = base / top, step + math.log(top)
    return out, scale


def _pelz_good(n: int, d: float) -> float:
    """P(D > d) by the expansion to order n^(-3/2)."""
    z = math.sqrt(n) * d
    z2, z3, z4, z6 = z**2, z**3, z**4, z**6
    pi2, pi4 = math.pi**2, math.pi**4
    half = [(k - 0.5) ** 2 for k in range(1, 20)]
    whole = [float(k) ** 2 for k in range(1, 20)]
    q = [math.exp(-pi2 * h / (2 * z2)) for h in half]
    r = [math.exp(-pi2 * w / (2 * z2)) for w in whole]
    k0 = sum(q) / z
    k1 = sum((pi2 * h - z2) * e for h, e in zip(half, q, strict=True)) / (6 * z4)
    first = sum(
        (6 * z6 + 2 * z4 + pi2 * (2 * z4 - 5 * z2) * h + pi4 * (1 - 2 * z2) * h * h) * e
        for h, e in zip(half, q, strict=True)
    )
    k2 = first / (72 * z**7) - sum(pi2 * w * e for w, e in zip(whole, r, strict=True)) / (36 * z3)
    k3 = _third(z, half, q, whole, r)
    root = math.sqrt(2 * math.pi)
    cdf = root * (k0 + k1 / math.sqrt(n) + k2 / n + k3 / n**1.5)
    return float(min(1.0, max(0.0, 1.0 - cdf)))


def _third(z: float, half: list[float], q: list[float], whole: list[float], r: list[float]) -> float:
    pi2, pi4, pi6 = math.pi**2, math.pi**4, math.pi**6
    z2, z4, z6, z8 = z**2, z**4, z**6, z**8
    first = sum(
        (
            -30 * z6
            - 90 * z8
            + pi2 * (135 * z4 - 96 * z6) * h
            + pi4 * (212 * z4 - 60 * z2) * h * h
            + pi6 * (5 - 30 * z2) * h**3
        )
        * e
        for h, e in zip(half, q, strict=True)
    )
    second = sum((3 * pi2 * w * z2 - pi4 * w * w) * e for w, e in zip(whole, r, strict=True))
    return first / (6480 * z**10) + second / (216 * z6)


def chi2_p_value(statistic: float, dof: int) -> float:
    """P(chi-square with ``dof`` degrees of freedom > statistic): finite sums of positive terms, exact for
    whole degrees of freedom."""
    if dof < 1 or statistic <= 0:
        return 1.0
    y = statistic / 2
    terms = np.arange(1, dof // 2 + dof % 2, dtype=np.float64)
    if dof % 2 == 0:  # y^i / i! e^-y for i = 0 ... dof / 2 - 1
        return min(1.0, _sum_exp(np.append(0.0, np.cumsum(math.log(y) - np.log(terms))) - y))
    logs = np.cumsum(math.log(y) - np.log(terms - 0.5)) - math.log(y) / 2 - math.lgamma(0.5) - y
    return min(1.0, math.erfc(math.sqrt(y)) + (_sum_exp(logs) if len(logs) else 0.0))


def _sum_exp(logs: NDArray[np.float64]) -> float:
    top = float(logs.max())
    return math.exp(top) * float(np.exp(logs - top).sum()) if top > -745 else 0.0


def normal_p_value(z: float) -> float:
    """P(|Z| > |z|)."""
    return math.erfc(abs(z) / math.sqrt(2))


def t_margin(dof: int) -> float:
    """Standard errors on either side of an estimate that a 95% interval takes."""
    from scipy.special import stdtrit

    return float(stdtrit(dof, 0.975))


def proportions_p_value(a: int, n: int, b: int, m: int) -> float:
    """Two-sided p that a of n and b of m are the same share: the pooled z test where every expected count is
    at least 10, else Fisher's exact test (twice the smaller tail)."""
    if not n or not m:
        return 1.0
    hits, total = a + b, n + m
    if hits in (0, total):
        return 1.0
    if min(hits, total - hits) * min(n, m) / total >= 10:
        share = hits / total
        z = (b / m - a / n) / math.sqrt(share * (1 - share) * (1 / n + 1 / m))
        return normal_p_value(z)
    if 2 * hits > total:
        a, b, hits = n - a, m - b, total - hits
    return _fisher(b, m, hits, total)


def _fisher(b: int, m: int, hits: int, total: int) -> float:
    """Twice the smaller hypergeometric tail: ``b`` of ``hits`` fell among ``m`` of ``total``."""
    low, high = max(0, hits - (total - m)), min(hits, m)
    k = np.arange(low, high + 1)
    steps = np.log((hits - k[:-1]) * (m - k[:-1]) / ((k[:-1] + 1.0) * (total - m - hits + k[:-1] + 1.0)))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    at = b - low
    return float(min(1.0, 2 * min(weights[: at + 1].sum(), weights[at:].sum())))
