"""Whose rows these are: a column that tells the rank or the split keeps equal names of one step apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.directions import split_of
from runwatch.readers._steps import RANK_KEYS, plain

_SPLIT_KEYS = frozenset({"split", "phase", "mode", "stage", "subset"})
_LONGEST = 16


class Owner(NamedTuple):
    """Before the tags of a row: ``rank`` ("rank_0/" or ""), ``split`` ("val" or "")."""

    rank: str
    split: str

    def tag(self, name: str) -> str:
        """The tag of a metric in this owner's rows; a name that tells its split itself stays."""
        inner = f"{self.split}/{name}" if self.split and split_of(name) is None else name
        return self.rank + inner


NOBODY = Owner("", "")


def column(names: Iterable[str], keys: frozenset[str]) -> int | None:
    """Where the first of these names stands that is one of ``keys``."""
    return next((i for i, name in enumerate(names) if plain(name) in keys), None)


def rank_column(names: Iterable[str]) -> int | None:
    return column(names, RANK_KEYS)


def split_column(names: Iterable[str]) -> int | None:
    return column(names, _SPLIT_KEYS)


def owner_of(rank: object, split: object) -> Owner:
    """``rank``: an integer says it; ``split``: a word for a part of the data does; else nothing is said."""
    whole = isinstance(rank, (int, float)) and not isinstance(rank, bool) and rank == rank // 1
    known = isinstance(split, str) and len(split) <= _LONGEST and split_of(split.strip()) is not None
    return Owner(f"rank_{int(rank)}/" if whole else "", str(split).strip() if known else "")  # type: ignore[call-overload]


def groups(owners: Sequence[Owner]) -> list[tuple[Owner, NDArray[np.bool_]]]:
    """The owners in the order of their first rows, and which rows are theirs."""
    numbers = {one: i for i, one in enumerate(dict.fromkeys(owners))}
    of = np.array([numbers[one] for one in owners])
    return [(one, of == i) for one, i in numbers.items()]
