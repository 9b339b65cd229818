"""A run's curves of the machine: what its tracker wrote, and what was seen while it was watched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from runwatch.domain.directions import is_system
from runwatch.domain.points import Points
from runwatch.domain.run import Run, RunKey
from runwatch.machine.record import MachineRecord
from runwatch.monitor.media import Find

if TYPE_CHECKING:
    from runwatch.runs.system_curves import SystemCurves

_KEPT = 4
_AFTER_S = 120.0
"""How long after its last write a run's machine still tells of it."""


class RunSystem:
    """Of the runs that were looked at last. ``record``: None before the machine is watched."""

    def __init__(self, find: Find, record: Callable[[], MachineRecord | None]) -> None:
        self._find, self._record = find, record
        self._of = lru_cache(_KEPT)(_curves)
        self._lock = threading.Lock()

    def tags(self, key: RunKey) -> tuple[str, ...]:
        """What can be drawn; may read the disk."""
        run, _ = self._find(key)
        if run is None:
            return ()
        own = tuple(sorted(tag for tag in run.metrics if is_system(tag)))
        with self._lock:
            written = self._of(key).refresh(run.files)
        record = self._record()
        seen = record.tags(*_span(run)) if record is not None else ()
        return (*own, *(tag for tag in written if tag not in own), *seen)

    def points(self, key: RunKey, tag: str) -> Points:
        """One of them, of those that are no metrics of the run."""
        with self._lock:
            points = self._of(key).points(tag)
        run, record = self._find(key)[0], self._record()
        if len(points) or run is None or record is None:
            return points
        return record.points(tag, *_span(run))


def _curves(key: RunKey) -> SystemCurves:
    from runwatch.runs.system_curves import SystemCurves

    return SystemCurves(key.root, key.id)


def _span(run: Run) -> tuple[float, float]:
    """When the run was at work, as far as is known."""
    until = float("inf") if run.status == "running" or run.updated is None else run.updated + _AFTER_S
    return run.started if run.started is not None else float("-inf"), until
