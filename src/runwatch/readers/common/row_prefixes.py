"""Whose rows these are: a column that tells the rank, the split or the metric's name keeps equal names of one
step apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from runwatch.domain.directions import split_of
from runwatch.domain.points import IntArray
from runwatch.readers.common.column_names import RANK_KEYS, plain

_SPLIT_KEYS = frozenset({"split", "phase", "mode", "stage", "subset"})
_NAME_KEYS = frozenset({"metric", "metric_name", "tag", "key", "name"})
_VALUE = "value"
_LONGEST, _LONGEST_NAME = 16, 200


class RowPrefix(NamedTuple):
    """Before the tags of a row: ``rank`` ("rank_0/", "fold_0/" or ""), ``split`` ("val" or ""); ``name``:
    what its ``value`` is called, where each row tells one metric."""

    rank: str
    split: str
    name: str = ""

    def tag(self, name: str) -> str:
        """The tag of a metric in this owner's rows; a name that tells its split itself stays."""
        name = self.name if self.name and plain(name) == _VALUE else name
        inner = f"{self.split}/{name}" if self.split and split_of(name) is None else name
        return self.rank + inner


NOBODY = RowPrefix("", "")


def column(names: Iterable[str], keys: Collection[str]) -> int | None:
    """Where the first of these names stands that is one of ``keys``."""
    return next((i for i, name in enumerate(names) if plain(name) in keys), None)


def rank_column(names: Iterable[str]) -> int | None:
    return column(names, RANK_KEYS)


def split_column(names: Iterable[str]) -> int | None:
    return column(names, _SPLIT_KEYS)


def name_column(names: Sequence[str]) -> int | None:
    """Where the name stands of the metric that a column ``value`` holds."""
    return column(names, _NAME_KEYS) if _VALUE in map(plain, names) else None


def rank_word(name: str) -> str:
    """What stands before the number of a column of this name: ``rank`` or ``fold``."""
    return RANK_KEYS.get(plain(name), "rank")


def owner_of(rank: object, split: object, name: object, word: str = "rank") -> RowPrefix:
    """``rank``: an integer says it, ``word`` what it numbers; ``split``: a word for a part of the data does;
    ``name``: a word; else nothing is said."""
    whole = isinstance(rank, (int, float)) and not isinstance(rank, bool) and rank == rank // 1
    known = isinstance(split, str) and len(split) <= _LONGEST and split_of(split.strip()) is not None
    named = name.strip() if isinstance(name, str) and len(name) <= _LONGEST_NAME else ""
    return RowPrefix(f"{word}_{int(rank)}/" if whole else "", str(split).strip() if known else "", named)  # type: ignore[call-overload]


def groups(owners: Sequence[RowPrefix]) -> list[tuple[RowPrefix, IntArray]]:
    """The owners in the order of their first rows, and which rows are theirs, in order."""
    numbers = {one: i for i, one in enumerate(dict.fromkeys(owners))}
    of = np.array([numbers[one] for one in owners])
    order = np.argsort(of, kind="stable")
    return list(zip(numbers, np.split(order, np.flatnonzero(np.diff(of[order])) + 1), strict=True))
