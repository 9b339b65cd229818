"""What a tracker says of a run beside its metrics, where it says it: names, when it began."""

from __future__ import annotations

import math
from collections.abc import Iterator

from runwatch.domain.operations import Label, Operation, Started


def facts(
    name: object = None, project: object = None, group: object = None, started: float = math.nan
) -> Iterator[Operation]:
    """Labels of those that are words, and the start where it is known (seconds since the epoch, else NaN)."""
    if isinstance(name, str) and name:
        yield Label("name", name)
    if isinstance(project, str) and project:
        yield Label("project", project)
    if isinstance(group, str) and group:
        yield Label("group", group)
    if not math.isnan(started):
        yield Started(started)


def known(at: float) -> float | None:
    """A moment in seconds since the epoch; None for NaN."""
    return None if math.isnan(at) else at
