"""What a model costs, in the user's own unit, where ``[predictions.cost]`` says what mistakes cost."""

from __future__ import annotations

from runwatch.domain.comparison import Comparison, MetricComparison, ThresholdPoint
from runwatch.text.safe import safe
from runwatch.text.units import number


def cost_of(comparison: Comparison) -> MetricComparison | None:
    """The compared cost per 1,000 rows."""
    return next((metric for metric in comparison.metrics if metric.name == "cost"), None)


def cheapest(comparison: Comparison) -> ThresholdPoint | None:
    """The threshold where the candidate costs least; of equal ones the one nearest to that in use."""
    priced = [point for point in comparison.thresholds if point.cost is not None]
    at = comparison.operating_threshold
    return min(priced, key=lambda p: (p.cost, abs(p.threshold - at) if at is not None else 0.0), default=None)


def money(comparison: Comparison, value: float) -> str:
    """An amount in the configured unit: "€ 12.3" for a sign, "12.3 hours" for a word."""
    unit, shown = safe(comparison.cost_unit), number(abs(value))
    sign = "−" if value < 0 else ""
    if not unit:
        return f"{sign}{shown}"
    before = unit == "$" or not unit.isascii() or (len(unit) == 3 and unit.isupper())
    return f"{sign}{unit} {shown}" if before else f"{sign}{shown} {unit}"


def cost_words(comparison: Comparison) -> list[str]:
    """Sentences for people: what it costs now and before, and where it would cost least."""
    words = []
    cost = cost_of(comparison)
    if cost is not None and cost.candidate is not None and cost.baseline is not None:
        now, before = money(comparison, cost.candidate), money(comparison, cost.baseline)
        words.append(f"It costs {now} per 1,000 cases; the model in use {before}.")
    best = cheapest(comparison)
    if best is not None and best.cost is not None:
        least, at = money(comparison, best.cost), number(best.threshold, 3)
        message = f"It would cost least, {least}, if cases with a score of {at} or more counted as positive"
        if comparison.operating_threshold is not None:
            message += f" (now: {number(comparison.operating_threshold, 3)})"
        words.append(f"{message}.")
    return words
