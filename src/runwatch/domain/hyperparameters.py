"""What hyperparameters name."""

from __future__ import annotations

from runwatch.domain.nested import flatten
from runwatch.domain.run import Run

_SEEDS = ("seed", "random_seed", "random_state", "data_seed")
_WATCHED = ("metric_for_best_model", "early_stopping_metric", "checkpoint_metric", "monitor", "eval_metric")
_DATA = ("dataset", "data_hash", "fingerprint", "data_version", "git", "commit")


def seed_of(run: Run) -> str | None:
    """The run's seed, where its hyperparameters or configuration name one."""
    for section in (run.hparams, run.config):
        for name, value in flatten(section).items():
            if name.rpartition(".")[2].lower() in _SEEDS and isinstance(value, int | str):
                return str(value)
    return None


def watched_metric(run: Run) -> str | None:
    """The metric that the run's early stopping or checkpoints watch, where it is recorded."""
    every = {**flatten(run.config), **flatten(run.hparams)}
    for key in _WATCHED:
        for name, value in every.items():
            if name.rpartition(".")[2].lower() == key and isinstance(value, str) and value:
                return value
    return None


def settings_of(run: Run) -> dict[str, object]:
    """What may explain a difference: hyperparameters, configuration, and the environment's word on data and
    code."""
    recorded = {
        name: value
        for name, value in flatten(run.environment).items()
        if any(word in name.lower() for word in _DATA)
    }
    return {**recorded, **flatten(run.config), **flatten(run.hparams)}
