"""What Optuna's storages have in common: studies, the states of trials, parameters as the user sees them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from runwatch.domain.operations import Append, Evidence, Operation, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Direction
from runwatch.readers.common import bounded_json
from runwatch.readers.common.facts import facts, known

INTERMEDIATE = "value/intermediate"  # behind the objective in every list by name
METRIC_NAMES = "study:metric_names"
STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
DIRECTIONS = ("NOT_SET", "MINIMIZE", "MAXIMIZE")


class Study:
    """What all trials of a study share: ``objectives``, each with its direction."""

    def __init__(self, name: str, directions: Sequence[str], names: object = None) -> None:
        self.name = name
        usual = ["value"] if len(directions) == 1 else [f"value_{i}" for i in range(len(directions))]
        own = [str(name) for name in bounded_json.sequence(names)]
        self.objectives = dict(zip(own if len(own) == len(usual) else usual, directions, strict=True))

    def opening(self, number: int, started: float) -> Iterator[Operation]:
        """What is known of a trial once it has begun."""
        yield from facts(f"{self.name}/{number}", group=self.name, started=started)
        for name, direction in self.objectives.items():
            if direction in ("MINIMIZE", "MAXIMIZE"):
                better: Direction = "min" if direction == "MINIMIZE" else "max"
                yield Stated(name, better)
                if len(self.objectives) == 1:
                    yield Stated(INTERMEDIATE, better)

    def values(self, values: Iterable[tuple[int, float]], step: int, at: float) -> Iterator[Operation]:
        """The objectives by number, at the last intermediate step."""
        names = list(self.objectives)
        for i, value in values:
            if 0 <= i < len(names):
                yield Append(names[i], Points.of([step], [value], [at]))


def state_of(state: str, at: float, step: int | None = None) -> Operation:
    ended = known(at)
    if state == "COMPLETE":
        return Evidence("finished", "Optuna: the trial is complete", at=ended)
    if state == "PRUNED":
        where = "" if step is None else f" after step {step}"
        return Evidence("finished", f"Optuna pruned the trial{where}", at=ended)
    if state == "FAIL":
        return Evidence("crashed", "Optuna: the trial failed", at=ended)
    return Evidence("running", "Optuna says the trial is running")


def parameter(internal: float, distribution: object) -> object:
    """A parameter as the user sees it, from Optuna's own number and its distribution."""
    if isinstance(distribution, str):
        try:
            distribution = bounded_json.parse(distribution)
        except ValueError:
            return internal
    kind = str(bounded_json.dig(distribution, "name"))
    if kind == "CategoricalDistribution":
        choices = bounded_json.sequence(bounded_json.dig(distribution, "attributes", "choices"))
        index = int(internal) if math.isfinite(internal) else -1
        return choices[index] if 0 <= index < len(choices) else internal
    return int(internal) if kind.startswith("Int") and float(internal).is_integer() else internal


def parsed(text: object) -> object:
    """A JSON text's value; the text itself when it is none."""
    try:
        return bounded_json.parse(str(text))
    except ValueError:
        return str(text)
