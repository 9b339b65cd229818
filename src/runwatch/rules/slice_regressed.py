"""A group of rows in which the candidate is worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.comparing import model_finding, subjects
from runwatch.text.safe import safe
from runwatch.text.units import percent, signed

NAME = "slice-regressed"
DESCRIPTION = "A group of rows is significantly worse than with the baseline (corrected for many groups)."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, "groups of rows of {scope} are worse than with the baseline"
SUBJECTS = ("data", "models")
WORDS = ("slice regressed", "slices regressed")
PLAIN = "{name} is worse for one group than the model in use."
TOPIC = "regression"


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning for each; under a regressed metric of the same candidate they are part of that finding."""
    for subject in subjects(situation):
        for group in subject.comparison.slices:
            if group.verdict != "worse":
                continue
            severity: Severity = "info" if subject.assumed else "warning"
            share = f", {percent(group.contribution)} of the whole loss" if group.contribution else ""
            yield model_finding(
                subject,
                NAME,
                severity,
                f"{safe(group.slice)}: {safe(group.metric)} {signed(group.delta)} over {group.n} rows{share}",
                f"{safe(subject.called)} is worse where {safe(group.slice)}",
                "Open the slice and read some of its rows: did their features, labels or volume change?",
                subject_name=group.slice,
                evidence={
                    "n": group.n,
                    "metric": group.metric,
                    "delta": group.delta,
                    "ci": group.ci,
                    "p_adjusted": group.p_adjusted,
                    "contribution": group.contribution,
                    "overlapping": list(group.also),
                },
            )
