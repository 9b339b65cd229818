"""How bad a comparison is."""

from __future__ import annotations

from typing import Literal

from runwatch.domain.comparison import Comparison


def severity_of(comparison: Comparison) -> Literal["ok", "info", "warning", "critical", "unknown"]:
    """How bad a comparison is: critical when the primary metric is worse (warning with one run a side or bare
    numbers, where nothing is known of the noise), warning when a guard is, info when something is worse by an
    unsure size; unknown when nothing could be judged or the metric that should decide is not there."""
    nothing = all(metric.verdict == "unknown" for metric in comparison.metrics)
    if comparison.verdict == "unknown" and (nothing or comparison.primary is None):
        return "unknown"
    worse = [metric for metric in comparison.metrics if metric.verdict == "worse"]
    if any(metric.primary and metric.noise_known for metric in worse):
        return "critical"
    if worse:
        return "warning"
    unsure = any(m.verdict == "inconclusive" and m.reason.startswith("worse") for m in comparison.metrics)
    return "info" if unsure else "ok"
