"""Whole numbers that keep the books instead of measuring something: identifiers and counters."""

from __future__ import annotations

import re

import numpy as np

from runwatch.domain.points import AnyArray

_ID_NAME = re.compile(
    r"(^|[_\W])(id|uuid|guid|key|index|idx|pk|rowid|row|no|nr|num|number|seq|sequence|serial)$"
    r"|^(id|uuid|index|row)([_\W]|$)|[a-z](I[dD]|No|Nr)$",
    0,
)
_OWNER_NAME = re.compile(
    r"(?i:(^|[_\W])(user|customer|client|patient|session|account|household|member|visitor|order|trip|request)"
    r"([_\W]?(id|uuid|no|nr|key))?)$|[a-z]*(?:user|customer|client|patient|session|account|order)I[dD]$"
)
_ANY_ID = re.compile(r"(^|[_\W])(?i:id|uuid|guid)$|[a-z]I[dD]$")
MANY_OWNERS, _MANY_IDS = 100, 1000
_IN_ORDER = 0.99
_LEAST_ROWS = 20
_LOOK = 1000
_EXACT = 2.0**53
_REPEATS_BY_CHANCE = 20
_BEND, _LONGEST = 0.15, 0.5


def names_rows(name: str) -> bool:
    """Whether a column's name says that it identifies its rows."""
    return bool(_ID_NAME.search(name))


def names_owners(name: str) -> bool:
    """Whether a column's name says that it names users, orders or others that the rows belong to."""
    return bool(_OWNER_NAME.search(name))


def are_whole_numbers(values: AnyArray) -> bool:
    """Whether all values are whole numbers, also as the fractions that missing values make of them."""
    if values.dtype.kind in "iu":
        return True
    if len(values) > _LOOK and not are_whole_numbers(values[:_LOOK]):
        return False
    return (
        bool((values == np.floor(values)).all() and (np.abs(values) < _EXACT).all()) if len(values) else False
    )


def identifier(name: str, values: AnyArray) -> bool:
    """Whether whole numbers identify rows: all differ, and they are consecutive, or the name says so, or so
    many of any distribution over their range would repeat some (the birthday problem)."""
    rows = len(values)
    if rows < _LEAST_ROWS or not are_whole_numbers(values) or _repeats(values[:_LOOK]) or _repeats(values):
        return False
    spread = float(values.max()) - float(values.min())
    return spread + 1 == rows or names_rows(name) or rows * rows / 2 > _REPEATS_BY_CHANCE * spread


def _repeats(values: AnyArray) -> bool:
    return len(np.unique(values)) < len(values)


def names_others(name: str, values: AnyArray) -> bool:
    """Whether whole numbers that repeat name users, orders or other things than the row: the name says so,
    and they are too many to be categories."""
    owner = names_owners(name)
    return (
        (owner or bool(_ANY_ID.search(name)))
        and are_whole_numbers(values)
        and len(np.unique(values)) > (MANY_OWNERS if owner else _MANY_IDS)
    )


def in_order(values: AnyArray) -> bool:
    """Whether the values rise with the rows, or fall, apart from one step in a hundred."""
    if len(values) < 2:
        return False
    first = values[: max(_LOOK, len(values) // 20)]
    steps = min(int((first[1:] > first[:-1]).sum()), int((first[1:] < first[:-1]).sum()))
    if steps > 2 * (1 - _IN_ORDER) * len(values):
        return False  # whatever comes after
    up, down = (values[1:] > values[:-1]).mean(), (values[1:] < values[:-1]).mean()
    return bool(min(up, down) <= 1 - _IN_ORDER and max(up, down) > 0)


def rises_linearly(values: AnyArray) -> bool:
    """Whether fractions rise with every row in about a straight line, as seconds since a start do."""
    return len(values) >= _LEAST_ROWS and in_order(values) and changes_with_each(values) and _straight(values)


def changes_with_each(values: AnyArray) -> bool:
    """Whether values change with nearly every row. Of those that count, row numbers and order numbers do."""
    return bool((values[1:] != values[:-1]).mean() >= _IN_ORDER)


def counts_groups(values: AnyArray) -> bool:
    """Whether whole numbers go on with the rows, repeated or not, as the numbers of batches and blocks do,
    and may begin again with each file. A file that is sorted by a measure bends, a counter does not."""
    return len(values) >= _LEAST_ROWS and are_whole_numbers(values) and in_order(values) and _straight(values)


def _straight(values: AnyArray) -> bool:
    """Whether the longest stretch without a step back is about a straight line over its rows. A step of
    repeated values is as far from one as it is long."""
    falls = (values[1:] < values[:-1]).sum() > (values[1:] > values[:-1]).sum()
    rising = values.astype(np.float64) * (-1 if falls else 1)
    cuts = np.concatenate([[0], np.flatnonzero(rising[1:] < rising[:-1]) + 1, [len(rising)]])
    longest = int(np.argmax(np.diff(cuts)))
    part = rising[cuts[longest] : cuts[longest + 1]]
    span = part[-1] - part[0]
    if not span:
        return False
    starts = np.flatnonzero(np.concatenate([[True], part[1:] != part[:-1]]))
    step = float(np.diff(np.append(starts, len(part))).max()) / len(part)
    away = np.abs((part - part[0]) / span - np.linspace(0, 1, len(part))).max()
    return bool(away <= _BEND + min(step, _LONGEST))
