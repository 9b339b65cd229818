"""A run that is being read, and what its readers' operations mean before they are applied."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.operations import Append, Operation, Replace
from runwatch.domain.points import Points
from runwatch.domain.tree import FileStat
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Reading
from runwatch.runs.source_data import Source
from runwatch.runs.sources import RunChange, RunMemory
from runwatch.runs.summary import RunSummary

SourceKey = tuple[str, str]


class ReadRun(msgspec.Struct, eq=False):
    """One run in the making. ``grown``/``rewritten``: what changed since the judges last looked."""

    id: str
    claims: tuple[Claim, ...] = ()
    memory: RunMemory = msgspec.field(default_factory=RunMemory)
    summary: RunSummary | None = None
    dirty: set[str] | None = None
    """Tags whose metric must be built anew (None: all)."""
    stale: bool = True
    grown: set[str] = msgspec.field(default_factory=set)
    rewritten: set[str] = msgspec.field(default_factory=set)
    version: int = 0
    live: bool = False
    final: bool = False
    folded: bool = False
    """Only its summary is in memory, its files are read again when they change or when a series is asked
    for."""
    unread: set[SourceKey] = msgspec.field(default_factory=set)
    """Which of them are still to be read again, while the summary made before stands."""
    from_many: bool = False
    noises: dict[str, float | None] = msgspec.field(default_factory=dict)
    """The noise within the curves of which it was asked."""

    def note(self, change: RunChange) -> None:
        self.stale = True
        self.noises.clear()
        self.grown |= change.grown
        self.rewritten |= change.rewritten
        if self.dirty is not None:
            self.dirty.update(change.grown)
            if change.rewritten:
                self.dirty = None

    def sources(self) -> list[tuple[SourceKey, Claim]]:
        return [((claim.identity, file), claim) for claim in self.claims for file in claim.files]

    def place_sources(self) -> None:
        """The files that are read already take the places that the claims give them now."""
        for claim in self.claims:
            for order, file in enumerate(claim.files):
                if (claim.identity, file) in self.memory.sources:
                    self.memory.data_of(source_of(claim, file, order))


def restarted(cursor: Cursor | None, reading: Reading) -> bool:
    """Whether a growing file (its cursor knows it by its head) turned out to be another one."""
    if cursor is None or not cursor.head[0]:
        return False
    all_operations = (operation for operations in reading.operations.values() for operation in operations)
    return any(isinstance(operation, Replace) and not operation.keep_history for operation in all_operations)


def has_much_more(cursors: Iterable[Cursor | None], stat: FileStat | None) -> bool:
    """Whether a file has grown within its head, or to twice its size, since it was read."""
    known = [cursor.stat.size for cursor in cursors if cursor is not None and cursor.stat is not None]
    if stat is None or not known or min(known) == stat.size:
        return False
    return min(known) < limits.HEAD or min(known).bit_length() < stat.size.bit_length()


def source_of(claim: Claim, file: str, order: int) -> Source:
    return Source(
        claim.identity,
        format=claim.format,
        file=file,
        order=order,
        priority=claim.priority,
        supersedes=claim.supersedes,
        exclusive=claim.exclusive,
    )


def stamped(operations: Sequence[Operation], mtime: float) -> list[Operation]:
    """Points without a clock, seen arriving live, get the file's mtime as their wall time."""
    out: list[Operation] = []
    for operation in operations:
        if isinstance(operation, Append) and math.isnan(_first_wall(operation.points)):
            points = operation.points
            walls = np.where(np.isnan(points.wall_times), mtime, points.wall_times)
            operation = replace(operation, points=Points(points.steps, walls, points.values))
        out.append(operation)
    return out


def _first_wall(points: Points) -> float:
    return float(points.wall_times[0]) if len(points) else 0.0
