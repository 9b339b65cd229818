"""Whose rows these are: a column that tells the rank, the split or the metric's name keeps equal names of one
step apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.directions import split_of
from runwatch.domain.points import IntArray
from runwatch.readers.common.column_names import RANK_KEYS, plain

_SPLIT_KEYS = frozenset({"split", "phase", "mode", "stage", "subset"})
_NAME_KEYS = frozenset({"metric", "metric_name", "tag", "key", "name"})
_VALUE = "value"
FOLD = "fold_"
"""The rows of folds are kept apart whether or not another one has the same tags yet."""
_LONGEST, _LONGEST_NAME = 16, 200


class RowPrefix(NamedTuple):
    """What stands before the tags of a row."""

    rank: str
    """"rank_0/", "fold_0/" or ""."""
    split: str
    """"val" or ""."""
    name: str = ""
    """What its ``value`` is called, where each row tells one metric."""

    def tag(self, name: str) -> str:
        """The tag of a metric in this owner's rows, without the rank; a name that tells its split itself
        stays."""
        name = self.name if self.name and plain(name) == _VALUE else name
        return f"{self.split}/{name}" if self.split and split_of(name) is None else name


class Ranks:
    """Which tags of a file bear their rank: those that several ranks have. State: ``told``: tags were told;
    ``ranked``: some rows have a rank; then ``of``: the rank of each tag, ``shared``: the tags of several.
    ``too_late``: a tag was told without its rank and another rank has it too: read the file again."""

    def __init__(self, state: JsonMapping) -> None:
        self._told: bool = state.get("told", False)
        self._ranked: bool = state.get("ranked", False)
        self._of: dict[str, str] = dict(state.get("of", {}))
        self._known = frozenset(self._of)
        self._shared: set[str] = set(state.get("shared", ()))
        self.too_late = False

    def state(self) -> JsonDict:
        if not self._ranked:
            return {"told": True} if self._told or self._of else {}
        return {"told": True, "ranked": True, "of": self._of, "shared": sorted(self._shared)}

    def again(self) -> JsonDict:
        """The state with which the file is read again from its start."""
        return {"ranked": True, "shared": sorted(self._shared)}

    def note(self, rank: str, tag: str) -> None:
        """A rank ("": none) has a tag."""
        if rank and not self._ranked:
            self._ranked = True
            self.too_late = self._told
        if self._of.setdefault(tag, rank) != rank and tag not in self._shared:
            self._shared.add(tag)
            self.too_late = self.too_late or tag in self._known

    def name(self, rank: str, tag: str) -> str:
        return rank + tag if tag in self._shared else tag


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


def owner_of(rank: object, split: object, name: object, word: str) -> RowPrefix:
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
