"""What a quality check may look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from runwatch.domain.points import AnyArray
from runwatch.domain.profile import ColumnGrid, ColumnProfile, NamedProfile, RowFacts, TableProfile


class QualityCase(msgspec.Struct, frozen=True, eq=False):
    """``current``: the data in question; ``reference``: what is trusted, on the same grid, where there is
    one; ``sample``: rows of ``current`` in memory; ``facts``: what whole rows tell; ``expect``: the
    ``[data.expect]`` table; ``history``: earlier batches, oldest first; ``arrived``: when the data came and
    ``now``, both seconds since the epoch; ``every``: seconds between arrivals by agreement;
    ``reference_facts``: as ``facts``, of the reference's rows."""

    current: TableProfile
    reference: TableProfile | None = None
    sample: Mapping[str, AnyArray] = msgspec.field(default_factory=dict)
    facts: RowFacts | None = None
    expect: Mapping[str, object] = msgspec.field(default_factory=dict)
    history: Sequence[NamedProfile] = ()
    arrived: float | None = None
    now: float | None = None
    target: str | None = None
    every: float | None = None
    reference_facts: RowFacts | None = None

    def columns(self) -> Iterator[tuple[ColumnGrid, ColumnProfile | None, ColumnProfile]]:
        """(grid, reference or None, current) of every column that the current data has."""
        for index, column in enumerate(self.current.grid.columns):
            current = self.current.column(index)
            if current.rows:
                before = None if self.reference is None else self.reference.column(index)
                yield column, before, current
