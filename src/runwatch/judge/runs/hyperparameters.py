"""Hyperparameters: flat, as text for people, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from runwatch.domain.run import Run
from runwatch.text.safe import safe

_SEEDS = ("seed", "random_seed", "random_state", "data_seed")
_WATCHED = ("metric_for_best_model", "early_stopping_metric", "checkpoint_metric", "monitor", "eval_metric")
_DATA = ("dataset", "data_hash", "fingerprint", "data_version", "git", "commit")
_MOST = 500
_WIDTH = 60


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


def as_text(value: Any) -> str:
    """A value for people, one line: 0.001, adam, [1, 2], "–" for none."""
    if value is None:
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return safe(text, _WIDTH)


def seed_of(run: Run) -> str | None:
    """The run's seed, where its hyperparameters or configuration name one."""
    for section in (run.hparams, run.config):
        for name, value in flat(section).items():
            if name.rpartition(".")[2].lower() in _SEEDS and isinstance(value, int | str):
                return str(value)
    return None


def recorded_metric(run: Run) -> str | None:
    """The metric that the run's early stopping or checkpoints watch, where it is recorded."""
    every = {**flat(run.config), **flat(run.hparams)}
    for wanted in _WATCHED:
        for name, value in every.items():
            if name.rpartition(".")[2].lower() == wanted and isinstance(value, str) and value:
                return value
    return None


def settings_of(run: Run) -> dict[str, object]:
    """What may explain a difference: hyperparameters, configuration, and the environment's word on data and
    code."""
    told = {
        name: value
        for name, value in flat(run.environment).items()
        if any(word in name.lower() for word in _DATA)
    }
    return {**told, **flat(run.config), **flat(run.hparams)}


def differences(
    baseline: tuple[Run, ...], candidate: tuple[Run, ...]
) -> tuple[tuple[str, object, object], ...]:
    """(name, baseline, candidate) of each setting that people would see differ, at most 500; "varies" within
    a group, None where a side has none. Two groups whose values vary alike do not differ."""
    sides = [[settings_of(run) for run in runs] for runs in (baseline, candidate)]
    names = dict.fromkeys(name for runs in (sides[1], sides[0]) for settings in runs for name in settings)
    out = []
    for name in names:
        a, b = (_common(runs, name) for runs in sides)
        if as_text(a) != as_text(b):
            out.append((safe(name), a, b))
    return tuple(sorted(out, key=itemgetter(0))[:_MOST])


def _common(runs: list[dict[str, object]], name: str) -> object:
    values = {as_text(value): value for settings in runs for value in (settings.get(name),)}
    return next(iter(values.values())) if len(values) == 1 else "varies"
