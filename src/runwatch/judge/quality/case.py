"""What a quality check may look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from runwatch.domain.points import AnyArray
from runwatch.domain.profile import ColumnGrid, ColumnProfile, NamedProfile, RowFacts, TableProfile


class QualityCase(msgspec.Struct, frozen=True, eq=False):
    """What a check of data quality sees."""

    current: TableProfile
    """The data in question."""
    reference: TableProfile | None = None
    """What is trusted, on the same grid."""
    sample: Mapping[str, AnyArray] = msgspec.field(default_factory=dict)
    """Rows of ``current`` in memory, by column."""
    facts: RowFacts | None = None
    """What whole rows tell."""
    expect: Mapping[str, object] = msgspec.field(default_factory=dict)
    """The ``[data.expect]`` table."""
    history: Sequence[NamedProfile] = ()
    """Earlier batches, oldest first."""
    arrived: float | None = None
    """When the data came, seconds since the epoch."""
    now: float | None = None
    """Seconds since the epoch."""
    target: str | None = None
    every: float | None = None
    """Seconds between arrivals by agreement."""
    reference_facts: RowFacts | None = None
    """As ``facts``, of the reference's rows."""

    def columns(self) -> Iterator[tuple[ColumnGrid, ColumnProfile | None, ColumnProfile]]:
        """(grid, reference or None, current) of every column that the current data has."""
        for index, column in enumerate(self.current.grid.columns):
            current = self.current.column(index)
            if current.rows:
                before = None if self.reference is None else self.reference.column(index)
                yield column, before, current
