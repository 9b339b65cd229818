"""Columns of a data set that moved away from the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runwatch.domain.drift import DataSet, Role
from runwatch.domain.finding import Finding, rank
from runwatch.domain.situation import Situation
from runwatch.rules.engine.drifting import drifted_columns
from runwatch.rules.engine.findings import data_finding
from runwatch.text.safe import safe
from runwatch.text.units import number, plural

NAME = "data-drifted"
DESCRIPTION = "A column of the newest batch is distributed differently from the reference."
DEFAULTS: Mapping[str, object] = {"at_once": 0.25}
HOLD, KEEP, MANY = 0.0, 0.0, "columns of {scope} drifted"
SUBJECTS = ("data",)
WORDS = ("drifted", "drifted")
PLAIN = "The data {name} has changed: {part}."
TOPIC = "drift"
EXPLAINS = frozenset({"data-quality"})

_ROLES: frozenset[Role] = frozenset({"feature", "segment", "target"})
_ADVICE = (
    "Check where this column comes from: a changed unit, a new source or a broken join is likelier than a "
    "changed world. If it is real and the model uses it, check the model on fresh labels, then retrain."
)


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """A warning where a column moved a little, critical where it drifted; all columns together only where
    none moved by itself."""
    for data in situation.data:
        findings = list(drifted_columns(data, _ROLES, NAME, options, "{column} drifted in {data}", _ADVICE))
        yield from findings or _together(data)


def _together(data: DataSet) -> Iterator[Finding]:
    multivariate = data.latest.multivariate if data.latest is not None else None
    if multivariate is None or multivariate.verdict not in ("warning", "drifted"):
        return
    named = ", ".join(safe(name) for name, _ in multivariate.top_features[:3])
    yield data_finding(
        data,
        NAME,
        "critical" if multivariate.verdict == "drifted" else "warning",
        f"columns moved together: a classifier tells the batch from the reference with AUC "
        f"{number(multivariate.auc, 3)} ({plural(len(multivariate.top_features), 'column')} named: {named})",
        f"Columns of {safe(data.name)} drifted together",
        "No single column moved, their combination did: look at the named columns against one another.",
        subject="all columns together",
        since=data.batches[-1].when if data.batches else None,
        evidence={"auc": multivariate.auc, "p_value": multivariate.p_value},
        confirmed=len(data.batches) > 1,
    )


def explains(drift: Finding, fault: Finding) -> bool:
    """Whether a fault in the data is what a drifted column already tells, and no worse."""
    worse = rank(fault.severity) > rank(drift.severity)
    return not worse and fault.subject.startswith(f"{drift.subject} ")
