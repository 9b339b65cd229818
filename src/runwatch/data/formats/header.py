"""Whether a CSV file begins with the names of its columns or with a row: Spark, DuckDB's users and database
dumps write none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_LEAST_ROWS = 2
_ALIKE = 0.8
_SHORT = 4
_SEVERAL = 3


def begins_with_a_row(records: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first of a file's ``records`` is a row like those after it: where they hold numbers, times
    or truths it does too, and its numbers lie among theirs. Numbers that rise from column to column are
    names (years, quantiles, positions)."""
    if len(records) <= _LEAST_ROWS:
        return False
    first, width = records[0], len(records[0])
    rows = [row for row in records[1:] if len(row) == width]
    typed = 0
    numbers: list[str] = []
    among: list[bool] = []
    for index in range(width):
        cell, values = first[index].strip(), [row[index].strip() for row in rows]
        values = [value for value in values if value]
        kind = next((one for one in (_is_number, _is_moment, _is_truth) if _all(one, values, decimal)), None)
        if kind is None or not cell:
            continue
        if not kind(cell, decimal):
            return False
        typed += 1
        if kind is _is_number:
            numbers.append(cell)
            among.append(_near(_value(cell, decimal), [_value(value, decimal) for value in values]))
    if typed > len(numbers):
        return not among or sum(among) >= _ALIKE * len(among)
    return bool(numbers) and sum(among) >= _ALIKE * len(among) and not _are_names(numbers, decimal)


def _are_names(cells: Sequence[str], decimal: str) -> bool:
    values = [_value(cell, decimal) for cell in cells]
    rising = all(a < b for a, b in pairwise(values))
    whole = all(cell.isdigit() for cell in cells)
    short = len(cells) >= _SEVERAL and all(len(cell) <= _SHORT for cell in cells)
    return rising and (whole or short)


def _all(kind: Callable[[str, str], bool], values: Sequence[str], decimal: str) -> bool:
    return len(values) >= _LEAST_ROWS and all(kind(value, decimal) for value in values)


def _is_number(cell: str, decimal: str) -> bool:
    return bool(_NUMBER.fullmatch(cell.replace(decimal, ".")))


def _is_moment(cell: str, _: str) -> bool:
    return bool(_MOMENT.fullmatch(cell))


def _is_truth(cell: str, _: str) -> bool:
    return cell.lower() in ("true", "false")


def _value(cell: str, decimal: str) -> float:
    return float(cell.replace(decimal, "."))


def _near(value: float, others: Sequence[float]) -> bool:
    """Whether ``value`` lies among ``others``, or no further from them than they are apart."""
    low, high = min(others), max(others)
    apart = high - low
    return low - apart <= value <= high + apart
