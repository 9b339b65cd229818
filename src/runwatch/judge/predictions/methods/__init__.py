"""One file a method, found by its being here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol, cast

from runwatch.domain.directions import direction_of
from runwatch.domain.plugins import modules_in
from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.sample import Sample


class Method(Protocol):
    """A module here. It may also have ``DIRECTIONS``: "min" or "max" by the name of a metric, or by the start
    of its name where that ends in "_", for names that ``domain.directions`` does not know."""

    TASKS: tuple[str, ...]
    """What is predicted where its metrics make sense."""
    BACKGROUND: bool
    """Whether it is too slow for a live pane at 100,000 rows."""

    def estimates(self, sample: Sample) -> Iterator[Estimate]:
        """One for each of its metrics."""


@lru_cache(maxsize=1)
def methods() -> tuple[Method, ...]:
    """All methods, by file name."""
    return tuple(cast(Method, module) for module in modules_in(__name__))


def direction(name: str) -> Direction:
    """Whether less or more of a metric is better: by what its method says, else by its name."""
    return direction_of(name, _stated(name))


def _stated(name: str) -> Direction:
    for method in methods():
        stated: Mapping[str, Direction] = getattr(method, "DIRECTIONS", {})
        for start, direction in stated.items():
            if name == start or (start.endswith("_") and name.startswith(start)):
                return direction
    return None
