"""Whether the rows of a log stand in the order in which a training writes them (of a shuffled or a reversed
table no row is the newest), and what is said of logs that cannot be read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np

from runwatch.domain.run import Problem
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile
from runwatch.readers.common.column_names import plain
from runwatch.readers.common.row_prefixes import rank_column, split_column

Fault = Literal["unordered", "uncounted", "unplaced", "utf-16", "packed", "lines"]
T = TypeVar("T")
Place = tuple[float, float]
"""The epoch and the step of a row."""

_LATE = 3
_MOST_WRITERS, _ROWS_A_WRITER = 8, 4
_MANY, _RISING = 16, 0.8
_WORDS: dict[Fault | str, tuple[str, str]] = {
    "unordered": (
        "metrics whose step does not rise from row to row, not read: no row is known to be the newest",
        "sort its rows by step",
    ),
    "uncounted": ("metrics whose step is not a whole number, not read", "log an integer step"),
    "unplaced": (
        "metrics without a step, not read",
        'name the column in runwatch.toml: [[runs]] files = "{file}" and step = "..."',
    ),
    "utf-16": ("metrics as UTF-16, not read", "save it as UTF-8"),
    "packed": ("a packed log, not read", "unpack it: gunzip -k"),
    "lines": ("metrics that are no JSON lines, not read", "write one object with a numeric step per line"),
}


Owners = Callable[[], Iterable[Hashable]]
"""Whose each row is (rank, split): asked only if it matters."""


def places_and_owners(
    names: Sequence[str], rows: Sequence[Sequence[T]], step: str, number: Callable[[T], float | None]
) -> tuple[list[Place], Owners]:
    """The places and the owners of the rows that have a ``step``."""
    at = names.index(step)
    epoch = next((i for i, name in enumerate(names) if plain(name) == "epoch"), at)
    by = [i for i in (rank_column(names), split_column(names)) if i is not None]
    known = [(row, count) for row in rows if (count := number(row[at])) is not None]
    places = [(number(row[epoch]) or 0.0, count) for row, count in known]
    return places, lambda: (tuple(str(row[i]) for i in by) for row, _ in known)


def in_order(places: Sequence[Place], owners: Owners) -> bool:
    """Whether the rows mostly rise, perhaps anew with each epoch, be it each owner's alone; or are those of a
    few writers, or of many that keep pace."""
    if _mostly_rises(places) or _slightly_late(places) or _is_interleaved(places) or _keeps_pace(places):
        return True
    of: dict[Hashable, list[Place]] = {}
    for owner, place in zip(owners(), places, strict=True):
        of.setdefault(owner, []).append(place)
    return len(of) > 1 and all(_mostly_rises(its) or _slightly_late(its) for its in of.values())


def _mostly_rises(places: Sequence[Place]) -> bool:
    back = sum(later < earlier for earlier, later in pairwise(places) if later[1] != places[0][1])
    return 3 * back <= max(len(places) - 1, 3)


def _slightly_late(places: Sequence[Place]) -> bool:
    """Whether no row is more than a few places from where it would stand in order, and none is there
    twice."""
    steps = [step for _, step in places]
    order = sorted(range(len(steps)), key=lambda i: steps[i])
    near = all(abs(place - i) <= _LATE for i, place in enumerate(order))
    return near and len(set(steps)) == len(steps) > 2 * _LATE


def _is_interleaved(places: Sequence[Place]) -> bool:
    """Whether a few rising sequences make up all the rows: as many as the longest falling one has rows
    (Dilworth), which in n shuffled rows are about 2 sqrt(n)."""
    ends: list[Place] = []
    for place in places:
        at = bisect_right(ends, place)
        if at:
            ends[at - 1] = place
        elif len(ends) == _MOST_WRITERS:
            return False
        else:
            ends.insert(0, place)
    return len(places) >= _ROWS_A_WRITER * len(ends)


def _keeps_pace(places: Sequence[Place]) -> bool:
    """Whether the rows rise as a whole, by Spearman's rank correlation with their order."""
    if len(places) < _MANY:
        return False
    _, ranks = np.unique(np.array(places), axis=0, return_inverse=True)
    ranks = ranks.ravel()
    return bool(np.ptp(ranks) and np.corrcoef(np.arange(len(ranks)), ranks)[0, 1] >= _RISING)


def refused(reader: str, file: str, fault: Fault) -> Claim:
    """The claim on a log that its reader cannot read; ``refusal`` says so in its place."""
    return Claim(reader, fault, file, (file,), priority=1, role="unread")


def refusal(claim: Claim, source: SourceFile) -> Reading:
    """What is read of a file that was refused."""
    message, hint = _WORDS[claim.format]
    problem = Problem(source.file, None, message, hint.format(file=source.file))
    return Reading({}, Cursor(stat=source.stat), (problem,))
