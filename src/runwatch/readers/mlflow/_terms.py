"""What MLflow's statuses and tags mean; shared by its file store and its database."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from runwatch.domain.operations import Evidence, HParams, Label, Operation
from runwatch.domain.run import Status
from runwatch.readers.common.facts import facts

STATUSES: Mapping[str, Status] = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "crashed",
    "KILLED": "crashed",
}
_NUMBERED = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_LABELLED = ("mlflow.runName", "mlflow.parentRunId")
_LONG = 500
LATEST = 7.3e9


def evidence(status: object, at: float | None) -> Evidence | None:
    """Evidence from MLflow's own word (text, or its number in the file store); None: a word we don't know."""
    word = _NUMBERED.get(str(status), str(status).upper())
    known = STATUSES.get(word)
    return None if known is None else Evidence(known, f"MLflow says {word}", at=at)


def seconds(milliseconds: object) -> float | None:
    """MLflow's milliseconds since the epoch; None for nothing or nonsense."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    return milliseconds / 1000 if 0 < milliseconds < 1000 * LATEST else None


def about(status: object, ended: object, started: object, name: str, experiment: str) -> Iterator[Operation]:
    """What MLflow says of a run beside metrics, params and tags. Times in milliseconds since the epoch."""
    known = evidence(status, seconds(ended))
    if known is not None:
        yield known
    began = seconds(started)
    yield from facts(name, experiment, started=math.nan if began is None else began)


def tagged(tags: Mapping[str, str], siblings: str) -> Iterator[Operation]:
    """Name and parent as labels, the rest as environment. ``siblings``: what stands before a run's own id
    in the id of a run of the same experiment."""
    if tags.get("mlflow.runName"):
        yield Label("name", tags["mlflow.runName"])
    if tags.get("mlflow.parentRunId"):
        yield Label("parent", siblings + tags["mlflow.parentRunId"])
    rest = {k: v for k, v in tags.items() if k not in _LABELLED and len(v) <= _LONG}
    if rest:
        yield HParams(rest, section="environment")
