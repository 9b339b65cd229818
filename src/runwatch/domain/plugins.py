"""What other installed packages add to runwatch, by entry point. Who can install a package can run code; a
plug-in that fails is a problem on the list all the same, and never the end of anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from runwatch.domain.run import Problem


def plug_ins(group: str) -> Iterator[EntryPoint]:
    """The entry points of ``runwatch.GROUP``."""
    yield from entry_points(group=f"runwatch.{group}s")


def load_plug_ins(group: str, accept: Callable[[Any], None]) -> tuple[Problem, ...]:
    """Load each one and hand it to ``accept``, which may raise; what failed."""
    problems = []
    for point in plug_ins(group):
        try:
            accept(point.load())
        except Exception as error:  # a stranger's code: whatever it raises is its own problem, not ours
            message = f"{group} plug-in {point.name!r} failed: {error!r}"
            problems.append(Problem(point.value, None, message, "update or remove it"))
    return tuple(problems)
