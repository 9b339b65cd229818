"""McNemar's test on discordant counts (1947), with the mid-p of Fagerland, Lydersen and Laake (2013)."""

from __future__ import annotations

import math


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Two-sided mid-p that a and b are right equally often."""
    from scipy import special

    n, low = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    log_point = special.gammaln(n + 1) - special.gammaln(low + 1) - special.gammaln(n - low + 1)
    point = math.exp(float(n * math.log(0.5) + log_point))
    return 1 - point / 2 if only_a == only_b else 2 * float(special.bdtr(low, n, 0.5)) - point
