"""The share of wrong predictions on labelled rows changed its level: the world, or the labels, moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import data_finding
from runwatch.text.safe import safe

NAME = "error-rate-changed"
DESCRIPTION = "The error rate of labelled rows changed in one of the last batches (concept drift)."
DEFAULTS: Mapping[str, object] = {"recent_batches": 5}
HOLD, KEEP, MANY = 0.0, 0.0, ""
SUBJECTS = ("data",)
WORDS = ("error rate changed", "error rate changed")
PLAIN = "{name} is wrong more often, or less often, than before."


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning while the batch of the change is among the last ones, only information where the errors
    became fewer; the adaptive window that found it has its own bound on false alarms (Bifet, Gavaldà 2007),
    so one batch is enough."""
    recent = int(str(options["recent_batches"]))
    for data in situation.data:
        batch = next((b for b in data.batches[-recent:] if b.name == data.errors_changed), None)
        if batch is None:
            continue
        way = "fell" if data.errors_fell else "rose"
        yield data_finding(
            data,
            NAME,
            "info" if data.errors_fell else "warning",
            f"the error rate on labelled rows {way} in {safe(batch.name)}",
            f"The error rate on {safe(data.name)} {way}",
            _BETTER if data.errors_fell else _WORSE,
            subject="error rate",
            since=batch.when,
            evidence={"batch": batch.name, "fell": data.errors_fell},
        )


_WORSE = (
    "Compare the errors before and after that batch: if the labels are right, the relation that the model "
    "learned has changed; retrain on rows from after the change."
)
_BETTER = "Good news, if the labels are right: a new reference from after that batch makes it the new normal."
