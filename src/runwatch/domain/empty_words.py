"""Empty words and missing values: CSV cannot tell them apart, Parquet and JSON can. Where one side of a
comparison cannot, both count as missing on both sides; else an empty word is a word like others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from runwatch.domain.profile import (
    BUCKETS,
    EMPTY,
    INVALID,
    NULL,
    ColumnGrid,
    Ints,
    NamedProfile,
    TableProfile,
    merge,
)

Batches = Sequence[NamedProfile]
MISSING = "(missing)"
"""The segment of rows without a value."""


def without_empty_words(
    reference: TableProfile, current: Batches, *others: Batches
) -> tuple[TableProfile, list[Batches]]:
    """(the reference, ``current`` and ``others``) with empty words as missing values, where the reference or
    any of ``current`` cannot tell them apart; else as they are."""
    groups = [current, *others]
    if not reference.blank_is_missing and not any(one.profile.blank_is_missing for one in current):
        return reference, groups
    return empty_as_missing(reference), [[_named(one) for one in group] for group in groups]


def _named(one: NamedProfile) -> NamedProfile:
    return replace(one, profile=empty_as_missing(one.profile))


def empty_as_missing(profile: TableProfile) -> TableProfile:
    """The same profile, its empty words among the missing values."""
    empty = profile.scalars[:, EMPTY]
    if not empty.any():
        return profile
    counts, scalars, low = profile.counts.copy(), profile.scalars.copy(), profile.low.copy()
    others = dict(profile.others)
    for index in np.flatnonzero(empty):
        column, start = profile.grid.columns[index], int(profile.grid.offsets[index])
        counts[start + _bins(column)] -= empty[index]
        if column.words is None and column.edges is not None and not column.shaped:
            scalars[index, INVALID] -= empty[index]
        low[index] = max(low[index], 1.0) if column.shaped else low[index]
        others[int(index)] = {w: n for w, n in others.get(int(index), {}).items() if w}
    scalars[:, NULL] += empty
    scalars[:, EMPTY] = 0
    return replace(profile, counts=counts, scalars=scalars, low=low, others=others)


def _bins(column: ColumnGrid) -> Ints:
    """Where a column counts its empty words: by word or length, then by hash (theirs is 0) or shape."""
    if column.shaped and column.edges is not None:
        return np.array([np.searchsorted(column.edges, 0), column.bins])
    if column.words is None:
        return np.empty(0, dtype=np.int64)
    known = "" in column.words
    where = [column.words.index("") if known else column.bins - 1]
    if column.open:
        where.append(column.bins)
        if not known and not column.seen[0] & 1:
            where.append(column.bins + BUCKETS)
    return np.array(where)


def one_segment(
    reference: Mapping[str, TableProfile], current: Mapping[str, TableProfile]
) -> tuple[Mapping[str, TableProfile], Mapping[str, TableProfile]]:
    """Profiles by segment, the rows of the empty segment with those of the missing one, where either side
    cannot tell them apart."""
    if not any(one.blank_is_missing for side in (reference, current) for one in side.values()):
        return reference, current
    return _joined(reference), _joined(current)


def _joined(side: Mapping[str, TableProfile]) -> Mapping[str, TableProfile]:
    if "" not in side:
        return side
    whole = merge(side[MISSING], side[""]) if MISSING in side else side[""]
    return {**{value: one for value, one in side.items() if value}, MISSING: whole}
