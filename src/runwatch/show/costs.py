"""What a model costs, in the words of whoever pays: where ``[predictions.cost]`` says what mistakes cost."""

from __future__ import annotations

from runwatch.domain.comparison import Comparison, MetricComparison, ThresholdPoint
from runwatch.text.safe import safe
from runwatch.text.units import number


def cost_of(found: Comparison) -> MetricComparison | None:
    """The compared cost per 1,000 rows."""
    return next((metric for metric in found.metrics if metric.name == "cost"), None)


def cheapest(found: Comparison) -> ThresholdPoint | None:
    """The threshold where the candidate costs least; of equal ones the one nearest to that in use."""
    priced = [point for point in found.thresholds if point.cost is not None]
    at = found.operating_threshold
    return min(priced, key=lambda p: (p.cost, abs(p.threshold - at) if at is not None else 0.0), default=None)


def money(found: Comparison, value: float) -> str:
    """An amount in the configured unit: "€ 12.3" for a sign, "12.3 hours" for a word."""
    unit, shown = safe(found.cost_unit), number(abs(value))
    sign = "−" if value < 0 else ""
    if not unit:
        return f"{sign}{shown}"
    before = unit == "$" or not unit.isascii() or (len(unit) == 3 and unit.isupper())
    return f"{sign}{unit} {shown}" if before else f"{sign}{shown} {unit}"


def cost_words(found: Comparison) -> list[str]:
    """Sentences for people: what it costs now and before, and where it would cost least."""
    words = []
    cost = cost_of(found)
    if cost is not None and cost.candidate is not None and cost.baseline is not None:
        now, before = money(found, cost.candidate), money(found, cost.baseline)
        words.append(f"It costs {now} per 1,000 cases; the model in use {before}.")
    best = cheapest(found)
    if best is not None and best.cost is not None:
        least, at = money(found, best.cost), number(best.threshold, 3)
        said = f"It would cost least, {least}, if cases with a score of {at} or more counted as positive"
        if found.operating_threshold is not None:
            said += f" (now: {number(found.operating_threshold, 3)})"
        words.append(f"{said}.")
    return words
