"""One metric's difference with its uncertainty, before any verdict."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from runwatch.domain.points import FloatArray

_ROUNDING = 1e-12


class Estimate(msgspec.Struct, frozen=True):
    """One metric on both sides."""

    name: str
    baseline: float
    candidate: float
    n: int
    """Independent cases."""
    se: float | None = None
    ci: tuple[float, float] | None = None
    """95% interval of candidate minus baseline."""
    p_value: float | None = None
    """Of ``test``."""
    method: str | None = None
    """Of the interval."""
    test: str | None = None
    reason: str = ""
    """Why there is no interval."""
    note: str = ""
    spread: float | None = None
    """Standard deviation of one case's difference, where it is not se sqrt(n)."""

    @property
    def delta(self) -> float:
        return self.candidate - self.baseline

    @property
    def spreadless(self) -> bool:
        """Every case differs by the same amount, but for the rounding of floats."""
        return self.se is not None and self.se <= self._rounding

    @property
    def identical(self) -> bool:
        """No difference in any case: nothing to be uncertain about."""
        return self.spreadless and abs(self.delta) <= self._rounding

    @property
    def _rounding(self) -> float:
        return _ROUNDING * max(abs(self.baseline), abs(self.candidate))

    @staticmethod
    def unknown(name: str, baseline: float, candidate: float, n: int, reason: str) -> Estimate:
        return Estimate(name, baseline, candidate, n, reason=reason)


def from_standard_error(
    name: str,
    baseline: float,
    candidate: float,
    n: int,
    se: float,
    df: float,
    method: str,
    test: str,
    note: str = "",
) -> Estimate:
    """Estimate with interval delta ± t(.975, df) se and a two-sided p-value; ``df`` infinite: normal."""
    from scipy import special

    delta = candidate - baseline
    if not math.isfinite(delta) or not math.isfinite(se):
        return Estimate.unknown(name, baseline, candidate, n, "not a finite number")
    half = se * float(special.ndtri(0.975) if math.isinf(df) else special.stdtrit(df, 0.975))
    if se == 0:
        p_value = 1.0 if delta == 0 else 0.0
    else:
        z = -abs(delta) / se
        p_value = 2 * float(special.ndtr(z) if math.isinf(df) else special.stdtr(df, z))
    return Estimate(
        name,
        baseline=baseline,
        candidate=candidate,
        n=n,
        se=se,
        ci=(delta - half, delta + half),
        p_value=p_value,
        method=method,
        test=test,
        note=note,
    )


def percentile(
    name: str, baseline: float, candidate: float, n: int, differences: FloatArray, method: str
) -> Estimate:
    """Estimate from bootstrap differences (B,): percentile interval, two-sided p-value by counting."""
    known = differences[np.isfinite(differences)]
    if len(known) < 0.9 * len(differences):
        reason = "undefined in many resamples: too few rows of a class"
        return Estimate.unknown(name, baseline, candidate, n, reason)
    low, high = np.quantile(known, (0.025, 0.975))
    tail = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    p_value = min(1.0, 2 * (tail + 1) / (len(known) + 1))
    ci = float(low), float(high)
    return Estimate(
        name,
        baseline=baseline,
        candidate=candidate,
        n=n,
        se=float(known.std(ddof=1)),
        ci=ci,
        p_value=p_value,
        method=method,
        test=method,
    )
