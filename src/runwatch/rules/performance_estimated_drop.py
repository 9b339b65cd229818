"""A model that, by estimate or by labels that came late, has become worse on new data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.drift import DataSet, PerformanceEstimate
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import data_finding
from runwatch.text.safe import safe
from runwatch.text.units import number

NAME = "performance-estimated-drop"
DESCRIPTION = "The estimated (or realised) performance on new batches is worse than usual."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, "metrics of the model on {scope} got worse"
SUBJECTS = ("data", "models")
WORDS = ("performance estimated drop", "performance estimated drop")
PLAIN = "{name} probably answers worse than before."
TOPIC = "drift"


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning while it is an estimate, critical once labels confirm it. Two batches in a row, or labels,
    confirm it. What rose is no finding."""
    for data in situation.data:
        by_metric: dict[str, list[PerformanceEstimate]] = {}
        for estimate in data.estimated:
            by_metric.setdefault(estimate.metric, []).append(estimate)
        for metric, estimates in by_metric.items():
            newest = estimates[-1]
            if not newest.alert:
                continue
            severity: Severity = "critical" if newest.by_labels else "warning"
            value = newest.realised if newest.by_labels else newest.estimated
            how = "is" if newest.by_labels else "is estimated at"
            yield data_finding(
                data,
                NAME,
                severity,
                f"{safe(metric)} {how} {number(value)} on {safe(newest.batch)}; "
                f"{number(newest.usual_low)} to {number(newest.usual_high)} is usual",
                f"{safe(metric)} of the model on {safe(data.name)} got worse",
                _advice(data, newest),
                subject=metric,
                evidence={
                    "batch": newest.batch,
                    "estimated": newest.estimated,
                    "realised": newest.realised,
                    "low": newest.low,
                    "high": newest.high,
                    "usual_low": newest.usual_low,
                    "usual_high": newest.usual_high,
                },
                confirmed=newest.by_labels or (len(estimates) > 1 and estimates[-2].alert),
            )


def _advice(data: DataSet, newest: PerformanceEstimate) -> str:
    moved = [c.name for c in data.latest.columns if c.verdict == "drifted"] if data.latest else []
    look = f"the drifted columns ({safe(', '.join(moved[:3]))})" if moved else ""
    if newest.by_labels:
        first = look or "the rows that it gets wrong: no column drifted, so their relation to the label did"
        return f"The labels say so. Look at {first}; then retrain on newer rows, or go back to another model."
    known = "more rows" if newest.realised is not None else "some rows"
    return f"An estimate from the scores alone: get labels for {known} of this batch to make sure" + (
        f"; meanwhile look at {look}." if look else "."
    )
