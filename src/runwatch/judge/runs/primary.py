"""Which metric decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runwatch.domain.directions import core_words, split_of
from runwatch.domain.main_metric import main_metric, same_metric
from runwatch.domain.run import Direction


def choose_primary(
    directions: Mapping[str, Direction], configured: str | None, main: str | None = None
) -> str | None:
    """The metric of ``directions`` that decides the whole comparison: the configured one (None where it is
    not among them), else the runs' main metric (``main``), else the main metric of those that are there."""
    if configured is not None:
        return same_metric(directions, configured)
    return main_metric(directions, None, main)


def match(name: str, among: Sequence[str]) -> str | None:
    """The name on the other side that is the same metric: the same name, else the only one of the same words
    and the same split."""
    if name in among:
        return name
    same = [
        other
        for other in among
        if core_words(other) == core_words(name) and split_of(other) == split_of(name)
    ]
    return same[0] if len(same) == 1 else None
