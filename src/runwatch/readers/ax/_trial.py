"""A trial of Ax, from whichever of its stores, and what it says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runwatch.domain.operations import Append, Evidence, HParams, Label, Operation, Started, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Status
from runwatch.readers.common import bounded_json

STATES: Mapping[str, tuple[Status, str]] = {
    "RUNNING": ("running", "Ax says the trial is running"),
    "COMPLETED": ("finished", "Ax: the trial is complete"),
    "EARLY_STOPPED": ("finished", "Ax stopped the trial early"),
    "ABANDONED": ("finished", "Ax: the trial was abandoned"),
    "FAILED": ("crashed", "Ax: the trial failed"),
}
_COLUMNS = ("metric_name", "mean", "step", "arm_name")
Cell = tuple[str, int, float]
"""Tag, step, value."""


class Trial(NamedTuple):
    """``started``, ``ended``: seconds since the epoch, or NaN; ``lower_is_better`` by metric; ``table``: the
    newest table of data, the JSON of a data frame by columns."""

    group: str
    number: str
    state: str
    started: float
    ended: float
    arms: Mapping[str, Mapping[str, object]]
    lower_is_better: Mapping[str, bool]
    table: object

    @property
    def name(self) -> str:
        return f"{self.group}/{self.number}"

    def operations(self) -> Iterator[Operation]:
        """What it says. Raises KeyError for a state that is none of ``STATES`` (it has not begun)."""
        yield Label("name", self.name)
        yield Label("group", self.group)
        if not math.isnan(self.started):
            yield Started(self.started)
        if len(self.arms) == 1:
            yield from map(HParams, self.arms.values())
        for tag, low in self.lower_is_better.items():
            yield Stated(tag, "min" if low else "max")
        yield from _points(list(_cells(self.table, len(self.arms) > 1)))
        status, words = STATES[self.state]
        at = None if status == "running" or math.isnan(self.ended) else self.ended
        yield Evidence(status, words, at=at)


def _cells(text: object, several: bool) -> Iterator[Cell]:
    """The rows of a table of data; of several arms each under its name."""
    try:
        table = bounded_json.parse(text) if isinstance(text, str) else None
    except ValueError:
        return
    columns = table if isinstance(table, dict) else {}
    names, means, steps, arms = (
        columns.get(key) or {} for key in ("metric_name", "mean", "step", "arm_name")
    )
    if not all(isinstance(column, dict) for column in (names, means, steps, arms)):
        return
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
