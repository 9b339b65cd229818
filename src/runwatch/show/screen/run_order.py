"""The order of the runs: what needs a person first, the newest, the name, or the best by the main metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from runwatch.domain.finding import Severity, rank
from runwatch.domain.run import Run, RunKey
from runwatch.domain.situation import Snapshot

Order = Literal["attention", "newest", "name", "metric"]
_ATTENTION = {"running": 3, "stalled": 2, "crashed": 4, "unknown": 5, "finished": 4}


def sort_key(snapshot: Snapshot, order: Order) -> Callable[[Run], tuple[object, ...]]:
    """What the runs are sorted by."""
    if order == "name":
        return lambda run: (run.root, run.id)
    if order == "newest":
        return lambda run: (-(run.updated or 0),)
    if order == "metric":
        return by_metric
    worst = worst_severities(snapshot)
    if not worst:
        return lambda run: (_ATTENTION[run.status], -last_change(run), run.id)
    return lambda run: (-rank(worst.get(run.key, "info")), _ATTENTION[run.status], -last_change(run), run.id)


def last_change(run: Run) -> float:
    """What orders runs alike: their last write, but for running ones their start, so that rows stay where
    they are while the runs are being written."""
    return (run.started if run.status == "running" else run.updated) or 0.0


def by_metric(run: Run) -> tuple[str, float]:
    metric = run.main_metric
    if metric is None:
        return "\uffff", 0.0
    return metric.tag, -metric.last if metric.direction == "max" else metric.last


def worst_severities(snapshot: Snapshot) -> dict[RunKey, Severity]:
    """The worst severity of each run's findings, infos left out."""
    out: dict[RunKey, Severity] = {}
    for finding in sorted(snapshot.findings, key=lambda one: rank(one.severity)):
        if finding.run is not None and finding.severity != "info":
            out[finding.run] = finding.severity
    return out
