"""A trial of Ax, from whichever of its stores, and what it says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runwatch.domain.operations import Append, Evidence, HParams, Operation, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Status
from runwatch.readers.common import bounded_json
from runwatch.readers.common.facts import facts, known

STATES: Mapping[str, tuple[Status, str]] = {
    "RUNNING": ("running", "Ax says the trial is running"),
    "COMPLETED": ("finished", "Ax: the trial is complete"),
    "EARLY_STOPPED": ("finished", "Ax stopped the trial early"),
    "ABANDONED": ("finished", "Ax: the trial was abandoned"),
    "FAILED": ("crashed", "Ax: the trial failed"),
}
Cell = tuple[str, int, float]
"""Tag, step, value."""


class Trial(NamedTuple):
    """One trial of an experiment."""

    group: str
    number: str
    state: str
    started: float
    """Seconds since the epoch, or NaN; ``ended`` likewise."""
    ended: float
    arms: Mapping[str, Mapping[str, object]]
    lower_is_better: Mapping[str, bool]
    """By metric."""
    table: object
    """The newest table of data, the JSON of a data frame by columns."""

    @property
    def name(self) -> str:
        return f"{self.group}/{self.number}"

    def operations(self) -> Iterator[Operation]:
        """What it says. Raises KeyError for a state that is none of ``STATES`` (it has not begun)."""
        yield from facts(self.name, group=self.group, started=self.started)
        if len(self.arms) == 1:
            yield from map(HParams, self.arms.values())
        for tag, low in self.lower_is_better.items():
            yield Stated(tag, "min" if low else "max")
        yield from _points(list(_cells(self.table, len(self.arms) > 1)))
        status, words = STATES[self.state]
        yield Evidence(status, words, at=None if status == "running" else known(self.ended))


def _cells(text: object, several: bool) -> Iterator[Cell]:
    """The rows of a table of data; of several arms each under its name."""
    try:
        table = bounded_json.parse(text) if isinstance(text, str) else None
    except ValueError:
        return
    columns = (bounded_json.dig(table, key) for key in ("metric_name", "mean", "step", "arm_name"))
    names, means, steps, arms = map(bounded_json.mapping, columns)
    for row in names:
        value, step = bounded_json.number(means.get(row)), bounded_json.number(steps.get(row))
        if value is None or (step is not None and not (math.isfinite(step) and abs(step) < 2**53)):
            continue
        prefix = f"{arms.get(row)}/" if several else ""
        yield f"{prefix}{names[row]}", 0 if step is None else int(step), value


def _points(cells: list[Cell]) -> Iterator[Operation]:
    for tag in dict.fromkeys(tag for tag, _, _ in cells):
        own = sorted((step, value) for name, step, value in cells if name == tag)
        yield Append(tag, Points.of([step for step, _ in own], [value for _, value in own]))
