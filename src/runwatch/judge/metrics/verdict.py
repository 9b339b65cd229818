"""One verdict a metric, never a bare arrow: the rules of non-inferiority, read from the top."""

from __future__ import annotations

import math

from runwatch.domain.comparison import MetricComparison, MetricVerdict
from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate
from runwatch.text.units import number

_POWER = 1.96 + 0.84
"""Two-sided 5% and 80% power, in standard errors."""
_MOST_CASES = 10**12
_MOST_SEEDS = 1000


def decide(difference: float, low: float, high: float, margin: float) -> tuple[MetricVerdict, str]:
    """(verdict, reason) of an oriented difference (above 0: the candidate is better) with its 95% interval
    and the margin. The first rule that holds decides."""
    if low > 0:
        return "better", "the whole interval is on the better side"
    if low > -margin:
        return "equivalent", "slightly lower, within tolerance" if high < 0 else "no worse than the tolerance"
    if high < 0 and difference <= -margin:
        return "worse", "the whole interval is on the worse side, past the tolerance"
    if high < 0:
        return "inconclusive", "worse, size uncertain"
    return "inconclusive", "cannot tell"


def cases_needed(n: int, spread: float, difference: float, margin: float) -> int | None:
    """Cases for 80% power to settle an inconclusive verdict: ((1.96 + 0.84) spread / margin)^2, ``spread``
    being one case's standard deviation (se sqrt(n)); where the cases at hand are that many already, those
    that would tell the difference from the margin itself. A lower bound: it takes the candidate to be as good
    as the baseline, and one that is slightly worse takes more. None: no number of cases that anyone has."""
    for gap in (margin, abs(difference + margin)):
        if gap > 0 and math.isfinite(gap):
            needed = math.ceil((_POWER * spread / gap) ** 2)
            if n < needed <= _MOST_CASES:
                return needed
    return None


def judge(
    estimate: Estimate,
    direction: Direction,
    margin: float,
    cases: str = "rows",
    p_adjusted: float | None = None,
) -> MetricComparison:
    """The comparison of one metric. ``cases``: what ``n`` counts. ``p_adjusted``: of a guard, which is
    ``worse`` only below 0.05."""
    verdict, reason, needed = _verdict(estimate, direction, margin, cases)
    if verdict == "worse" and p_adjusted is not None and p_adjusted >= 0.05:
        verdict, reason = (
            "inconclusive",
            f"worse by itself, but not after correction for many metrics (p {p_adjusted:.2g})",
        )
    return MetricComparison(
        name=estimate.name,
        direction=direction,
        baseline=estimate.baseline,
        candidate=estimate.candidate,
        delta=estimate.delta,
        verdict=verdict,
        reason=reason,
        ci=estimate.ci,
        p_value=estimate.p_value,
        p_adjusted=p_adjusted,
        method=estimate.method,
        test=estimate.test,
        n=estimate.n,
        n_needed=needed,
        tolerance=margin,
        note=estimate.note,
    )


def _verdict(
    estimate: Estimate, direction: Direction, margin: float, cases: str
) -> tuple[MetricVerdict, str, int | None]:
    if direction is None:
        return "unknown", "no direction known: set one under [metrics]", None
    if math.isfinite(estimate.delta) and estimate.identical:
        return "equivalent", "no difference at all", None
    if estimate.ci is None or estimate.se is None:
        return "unknown", estimate.reason or "no interval possible", None
    sign = 1 if direction == "max" else -1
    low, high = sorted(sign * end for end in estimate.ci)
    verdict, reason = decide(sign * estimate.delta, low, high, margin)
    if verdict != "inconclusive":
        return verdict, reason, None
    spread = estimate.se * math.sqrt(estimate.n) if estimate.spread is None else estimate.spread
    needed = cases_needed(estimate.n, spread, sign * estimate.delta, margin)
    if cases == "seeds" and needed is not None and needed > _MOST_SEEDS:
        return (
            verdict,
            f"{reason}: more seeds cannot settle it; the runs differ too much from one another",
            None,
        )
    message = (
        f"needs {number(needed)} {cases} or more"
        if needed
        else "the difference is too close to the tolerance"
    )
    return verdict, f"{reason}: {message}", needed
