"""The planned length of a run, where its hyperparameters name it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from runwatch.domain.nested import flatten

STEPS = (
    "max_steps",
    "total_steps",
    "num_steps",
    "train_steps",
    "num_train_steps",
    "num_training_steps",
    "total_timesteps",
    "max_iters",
    "max_iterations",
)
ROUNDS = ("iterations", "num_boost_round", "n_estimators")
"""Of boosting; of a search or a forest they are no length of the run."""
EPOCHS = ("max_epochs", "num_epochs", "total_epochs", "num_train_epochs", "n_epochs", "epochs")


def planned(*sections: Mapping[str, object], rounds: bool = True) -> tuple[int | None, float | None]:
    """(steps, epochs) by the usual names, at any depth; of several the first section's, in the order of the
    names. What is no positive number (-1: "not set") counts as not named. ``rounds``: boosting rounds are
    steps of this run."""
    pairs = [pair for section in sections for pair in _named(section)]
    steps = _first(pairs, (*STEPS, *ROUNDS) if rounds else STEPS)
    return (None if steps is None else int(steps)), _first(pairs, EPOCHS)


BUDGETS = ("max_time", "time_limit", "max_train_seconds", "time_budget", "walltime")
_CLOCK = re.compile(r"(?:(\d+)[-:])?(\d{1,3}):(\d{2}):(\d{2})")


def budget(*sections: Mapping[str, object]) -> float | None:
    """The seconds that a run may take, by the usual names: a number of seconds, or Lightning's and Slurm's
    DD:HH:MM:SS, DD-HH:MM:SS or HH:MM:SS."""
    pairs = [pair for section in sections for pair in _named(section)]
    spans = (_span(value) for name in BUDGETS for key, value in pairs if key == name)
    return next((span for span in spans if span is not None), None)


def _span(value: object) -> float | None:
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock is None:
        return _positive(value)
    days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _first(pairs: list[tuple[str, object]], names: tuple[str, ...]) -> float | None:
    for name in names:
        for key, value in pairs:
            if key == name and (length := _positive(value)) is not None:
                return length
    return None


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def _named(section: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Every value with the last part of its path, as the lists of names spell it."""
    for path, value in flatten(section).items():
        yield path.rpartition(".")[2].replace("-", "_").lower(), value
