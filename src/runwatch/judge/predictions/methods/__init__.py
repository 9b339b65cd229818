"""One file a method. A module here has ``TASKS``, ``BACKGROUND`` (too slow for a live pane at 100,000 rows)
and ``estimates(sample)``, which yields an ``Estimate`` for each of its metrics; it is found by its being
here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol, cast

from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.predictions.sample import Sample


class Method(Protocol):
    TASKS: tuple[str, ...]
    BACKGROUND: bool

    def estimates(self, sample: Sample) -> Iterator[Estimate]: ...


@lru_cache(maxsize=1)
def methods() -> tuple[Method, ...]:
    """All methods, by file name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(cast(Method, importlib.import_module(f"{__name__}.{name}")) for name in names)
