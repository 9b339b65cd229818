"""Hyperparameters: flat, and what they name."""

from __future__ import annotations

from collections.abc import Mapping

from runwatch.domain.run import Run

_SEEDS = ("seed", "random_seed", "random_state", "data_seed")
_WATCHED = ("metric_for_best_model", "early_stopping_metric", "checkpoint_metric", "monitor", "eval_metric")
_DATA = ("dataset", "data_hash", "fingerprint", "data_version", "git", "commit")


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested hyperparameters as "a.b" -> value; lists and other things stay values."""
    out: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            out.update(flat(value, f"{name}."))
        else:
            out[name] = value
    return out


def seed_of(run: Run) -> str | None:
    """The run's seed, where its hyperparameters or configuration name one."""
    for section in (run.hparams, run.config):
        for name, value in flat(section).items():
            if name.rpartition(".")[2].lower() in _SEEDS and isinstance(value, int | str):
                return str(value)
    return None


def watched_metric(run: Run) -> str | None:
    """The metric that the run's early stopping or checkpoints watch, where it is recorded."""
    every = {**flat(run.config), **flat(run.hparams)}
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
        for name, value in flat(run.environment).items()
        if any(word in name.lower() for word in _DATA)
    }
    return {**recorded, **flat(run.config), **flat(run.hparams)}
