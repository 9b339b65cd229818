"""Corrections for many tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from runwatch.judge.metrics.estimate import Estimate


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values (1979), in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def holm_of_guards(estimates: Iterable[Estimate], primary: str | None) -> dict[str, float]:
    """Holm's p-values by name, of those metrics that have one and are not the primary one."""
    tested = [(e.name, e.p_value) for e in estimates if e.name != primary and e.p_value is not None]
    return dict(zip((name for name, _ in tested), holm([p for _, p in tested]), strict=True))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values (1995), in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    n = len(p)
    order = np.argsort(-p, kind="stable")
    stepped = np.minimum.accumulate(p[order] * n / np.arange(n, 0, -1))
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]
