"""A data set whose next batch is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import data_finding
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import duration

NAME = "data-stale"
DESCRIPTION = "No new batch has arrived for longer than this data set's usual interval."
DEFAULTS: Mapping[str, object] = {"critical_periods": 3.0}
HOLD, KEEP, MANY = 0.0, 0.0, ""
SUBJECTS = ("data",)
WORDS = ("stale", "stale")
PLAIN = "No new data has come for {name}."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning when it is late, critical when ``critical_periods`` batches are missing."""
    for data in situation.data:
        if data.late_by is None or data.late_by <= 0:
            continue
        missed = data.late_by / data.expected_every if data.expected_every else 0.0
        severity: Severity = "critical" if missed >= number(options, "critical_periods") else "warning"
        every = f"; expected every {duration(data.expected_every)}" if data.expected_every else ""
        message = f"the next batch is {duration(data.late_by)} late{every}"
        if data.fresh_within is not None:
            severity = "critical"
            age = duration(data.late_by + data.fresh_within)
            message = f"the newest batch is {age} old, {duration(data.fresh_within)} allowed"
        yield data_finding(
            data,
            NAME,
            severity,
            message,
            f"No new batch of {safe(data.name)}",
            "Look at the job that writes it: did it run, and where did it write to?",
            since=situation.now - data.late_by,
            evidence={"late_by_seconds": data.late_by, "expected_every_seconds": data.expected_every},
        )
