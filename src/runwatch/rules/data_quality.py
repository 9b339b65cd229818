"""Faults in the newest batch of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import data_finding
from runwatch.text.safe import safe

NAME = "data-quality"
DESCRIPTION = "The newest batch has quality faults: missing values, types, duplicates, ranges."
DEFAULTS: Mapping[str, object] = {}
HOLD, KEEP, MANY = 0.0, 0.0, "faults in the data of {scope}"
SUBJECTS = ("data",)
WORDS = ("data fault", "data faults")
PLAIN = "The data {name} has faults: {part}."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """With the severity of the check that found it."""
    for data in situation.data:
        when = data.batches[-1].when if data.batches else None
        for fault in data.quality:
            subject = " ".join(part for part in (fault.column, fault.check) if part)
            where = f"{safe(fault.column)} of {safe(data.name)}" if fault.column else safe(data.name)
            yield data_finding(
                data,
                NAME,
                fault.severity,
                safe(fault.summary, 240),
                f"Data quality of {where}: {safe(fault.check)}",
                safe(fault.advice, 400),
                subject=subject,
                since=when,
                evidence=dict(fault.evidence),
            )
