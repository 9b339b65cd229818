"""McNemar's test on discordant counts (McNemar 1947; mid-p: Fagerland, Lydersen, Laake 2013)."""

from __future__ import annotations

import math


def mcnemar_p(only_a: int, only_b: int, mid: bool = True) -> float:
    """Two-sided p-value that a and b are right equally often: exact, or mid-p (the default)."""
    from scipy import special

    n, low = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    log_point = special.gammaln(n + 1) - special.gammaln(low + 1) - special.gammaln(n - low + 1)
    point = float(special.xlogy(n, 0.5) + log_point)
    exact = min(1.0, 2 * float(special.bdtr(low, n, 0.5)))
    if not mid:
        return exact
    return 1 - math.exp(point) / 2 if only_a == only_b else exact - math.exp(point)
