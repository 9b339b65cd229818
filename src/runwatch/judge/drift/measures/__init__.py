"""One file a measure; a new one is one new file here."""

from __future__ import annotations

from functools import cache
from typing import Protocol, cast

from runwatch.domain.plugins import modules_in
from runwatch.judge.drift.column_pair import ColumnPair


class Measure(Protocol):
    """A module here. It may also have ``LABEL``: what people call it, if that is not its name."""

    NAME: str
    """Its key in the JSON."""

    def measure(self, pair: ColumnPair) -> float | None:
        """Its value where both sides have some; None for a column that it is not defined for."""


@cache
def measures() -> dict[str, Measure]:
    """Every measure in this package by name."""
    return {module.NAME: cast(Measure, module) for module in modules_in(__name__)}


def label(name: str) -> str:
    """What people call a measure."""
    return str(getattr(measures().get(name), "LABEL", name.replace("_", " ")))


def figures(pair: ColumnPair) -> dict[str, float | None]:
    """All measures of a pair; None where a side has no values."""
    if not pair.n or not pair.m:
        return dict.fromkeys(measures())
    return {name: one.measure(pair) for name, one in measures().items()}
