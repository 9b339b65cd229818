"""What one source of a run has told."""

from __future__ import annotations

import msgspec
import numpy as np

from runwatch.domain.operations import Evidence, Length, Rank, Writer
from runwatch.domain.points import EPOCHS
from runwatch.domain.run import Direction, Problem
from runwatch.runs.attempts import Attempts
from runwatch.runs.series import Series, merge


class Source(msgspec.Struct, frozen=True):
    """One file of a claim, as the run keeps it. ``order``: the file's place among the claim's."""

    claim: str
    format: str
    file: str
    order: int
    priority: int
    supersedes: frozenset[str]
    exclusive: bool


class SourceData(msgspec.Struct, eq=False):
    """All that was read from one source."""

    source: Source
    attempts: Attempts = msgspec.field(default_factory=Attempts)
    hparams: dict[str, dict[str, object]] = msgspec.field(default_factory=dict)
    stated: dict[str, Direction] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    problems: list[Problem] = msgspec.field(default_factory=list)
    evidence: Evidence | None = None
    length: Length | None = None
    epoch: float | None = None
    rank: Rank | None = None
    reached: int | None = None
    writer: Writer | None = None
    started: float | None = None
    purged: int | None = None
    history_below: int | None = None
    skipped_tags: int = 0

    @property
    def series(self) -> dict[str, Series]:
        """The newest attempt's, by tag."""
        return self.attempts.series

    @property
    def last_step(self) -> int | None:
        return max((s.top for s in self.series.values() if len(s)), default=None)

    @property
    def newest_epoch(self) -> float | None:
        """The greatest epoch of the newest attempt."""
        rows = self.series.get(EPOCHS)
        known = [] if rows is None or rows.low > rows.high else [rows.high]
        return max(known if self.epoch is None else [*known, self.epoch], default=None)

    def beats(self, rival: SourceData) -> bool:
        """Whether of two sources of an exclusive claim this one speaks: the further one of one story, the
        newer one of two."""
        mine, theirs = self.rank or Rank(0.0), rival.rank or Rank(0.0)
        further = (mine.value, -self.source.order) > (theirs.value, -rival.source.order)
        if mine.at is None or theirs.at is None or mine.at == theirs.at or further == (mine.at > theirs.at):
            return further
        return not further if self._contradicts(rival) else further

    def _contradicts(self, other: SourceData) -> bool:
        """Whether they tell different values (not merely other digits) for a step."""
        for tag in self.series.keys() & other.series.keys() - {EPOCHS}:
            mine, theirs = merge([self.series[tag].points()]), merge([other.series[tag].points()])
            _, i, j = np.intersect1d(mine.steps, theirs.steps, return_indices=True)
            if not np.allclose(mine.values[i], theirs.values[j], rtol=1e-3, atol=1e-5, equal_nan=True):
                return True
        return False
