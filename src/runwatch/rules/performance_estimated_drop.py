"""A model that, by estimate or by labels that came late, has become worse on new data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.drift import PerformanceEstimate
from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.making import about_data
from runwatch.text.safe import safe
from runwatch.text.units import number

NAME = "performance-estimated-drop"
DESCRIPTION = "The estimated (or realised) performance on new batches is below what is normal."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, "metrics of the model on {scope} dropped"
SUBJECTS = (
    "data",
    "models",
)
WORDS = ("performance estimated drop", "performance estimated drop")
TOPIC = "drift"


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning while it is an estimate, critical once labels confirm it. Two batches in a row, or labels,
    confirm it."""
    for data in situation.data:
        by_metric: dict[str, list[PerformanceEstimate]] = {}
        for estimate in data.estimated:
            by_metric.setdefault(estimate.metric, []).append(estimate)
        for metric, estimates in by_metric.items():
            newest = estimates[-1]
            if not newest.alert:
                continue
            realised = newest.realised is not None
            severity: Severity = "critical" if realised else "warning"
            value = newest.realised if realised else newest.estimated
            how = "is" if realised else "is estimated at"
            yield about_data(
                data,
                NAME,
                severity,
                f"{safe(metric)} {how} {number(value)} on {safe(newest.batch)}, outside "
                f"{number(newest.low)} to {number(newest.high)}",
                f"{safe(metric)} of the model on {safe(data.name)} dropped",
                "Get labels for some rows of this batch to make sure; meanwhile look at the drifted columns.",
                subject=metric,
                evidence={
                    "batch": newest.batch,
                    "estimated": newest.estimated,
                    "realised": newest.realised,
                    "low": newest.low,
                    "high": newest.high,
                },
                confirmed=realised or (len(estimates) > 1 and estimates[-2].alert),
            )
