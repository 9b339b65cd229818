"""A planned length is taken from where people write it, and from nowhere else."""

from __future__ import annotations

import pytest

from runwatch.runs.planned import budget, planned


@pytest.mark.parametrize(
    ("hparams", "expected"),
    [
        ({"max_steps": 600}, (600, None)),
        ({"trainer": {"max-epochs": 3}}, (None, 3.0)),
        ({"trainer.max_epochs": 3, "trainer.max_steps": -1}, (None, 3.0)),
        ({"max_steps": -1, "num_train_epochs": 2.5}, (None, 2.5)),
        ({"epochs": True, "steps": 5}, (None, None)),
        ({"max_steps": float("inf")}, (None, None)),
        ({"max_steps": "600"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_planned(hparams: dict[str, object], expected: tuple[object, object]) -> None:
    assert planned(hparams) == expected


def test_the_first_section_wins() -> None:
    assert planned({"max_steps": 10}, {"max_steps": 20}) == (10, None)


@pytest.mark.parametrize(
    ("hparams", "seconds"),
    [
        ({"max_time": "00:12:00:00"}, 43_200.0),
        ({"slurm": {"time_limit": "1-00:00:00"}}, 86_400.0),
        ({"time-limit": "02:30:00"}, 9000.0),
        ({"max_train_seconds": 600}, 600.0),
        ({"max_time": None}, None),
        ({}, None),
    ],
)
def test_budget(hparams: dict[str, object], seconds: float | None) -> None:
    assert budget(hparams) == seconds


def test_boosting_rounds_are_no_length_of_a_search_or_a_forest() -> None:
    assert planned({"n_estimators": 100, "iterations": 5}, rounds=False) == (None, None)
    assert planned({"n_estimators": 100, "max_steps": 7}, rounds=False) == (7, None)
