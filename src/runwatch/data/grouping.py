"""Rows that belong to somebody: what they are worth, from a column that says whose each row is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.data.data_file import DataFile
from runwatch.data.errors import DataError
from runwatch.data.sample import sample
from runwatch.domain.dependence import clustered
from runwatch.domain.points import AnyArray, missing
from runwatch.domain.profile import Floats, ProfileGrid, TableProfile

ROWS = 100_000
_LEAST = 2


def group_designs(
    files: Sequence[DataFile], grid: ProfileGrid, group: str, rows: int
) -> list[tuple[float, float]]:
    """The design effects of each column's values and of which are missing, by the owners in column ``group``,
    from a sample of the files' ``rows``. DataError when the files have no such column."""
    names = [column.name for column in grid.columns]
    columns = sample(files, list(dict.fromkeys([group, *names])), ROWS)
    if group not in columns:
        raise DataError(
            files[0].name if files else group, f"has no column {group!r}", "name another with --group"
        )
    owners = numbered(columns[group])
    share = min(1.0, len(owners) / max(rows, 1))
    return [
        (1.0, 1.0) if name not in columns or name == group else _designs(columns[name], owners, share)
        for name in names
    ]


def numbered(values: AnyArray, other: AnyArray | None = None) -> NDArray[np.int64]:
    """The owners as numbers from 0, those of ``other`` after; a row without one is its own."""
    both = values if other is None else np.concatenate([values, other])
    gaps = missing(both)
    words = np.where(gaps, "", both.astype(str)) if both.dtype == object else np.where(gaps, 0.0, both)
    numbers: NDArray[np.int64] = np.unique(words, return_inverse=True)[1].astype(np.int64)
    numbers[gaps] = len(numbers) + np.arange(int(gaps.sum()))
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _designs(values: AnyArray, owners: NDArray[np.int64], share: float) -> tuple[float, float]:
    known = ~missing(values)
    gaps = clustered(known.astype(np.float64), owners, share)[0] if not known.all() else 1.0
    if known.sum() < _LEAST:
        return 1.0, gaps
    _, own = np.unique(
        values[known].astype(str) if values.dtype == object else values[known], return_inverse=True
    )
    counts = np.bincount(own)
    if values.dtype == object:
        numbers: Floats = np.random.default_rng(0).permutation(len(counts)).astype(np.float64)[own]
    else:
        numbers = (np.cumsum(counts) - counts / 2)[own]
    return clustered(numbers, owners[known], share)[0], gaps


def with_designs(profile: TableProfile, designs: Sequence[tuple[float, float]]) -> TableProfile:
    """The profile, its rows worth what ``designs`` say where that is less."""
    rows = max(profile.rows, 1)
    known = np.array(
        [(profile.column(i).design, profile.column(i).missing_design) for i in range(len(designs))]
    )
    worth = np.maximum(known.reshape(-1, 2), np.array(designs).reshape(-1, 2)) * rows
    measured = len(profile.dependence) > 0
    table = profile.dependence[-1:] if measured else np.array([[rows, rows, 0.0, 0.0]])
    same = profile.dependence[:-1, 3] if measured else np.zeros(len(worth))
    columns = np.column_stack([np.full(len(worth), float(rows)), worth, same])
    return replace(profile, dependence=np.concatenate([columns, table]))
