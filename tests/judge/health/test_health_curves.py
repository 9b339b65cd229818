"""The reference curves: nothing above info on a healthy one, every fault found, near its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from runwatch.domain.health import HealthSign
from runwatch.domain.points import Points
from runwatch.judge.health.monitor import RunHealth

FIXTURE = Path(__file__).parents[2] / "fixtures" / "health" / "curves.json"
CURVES = json.loads(FIXTURE.read_text())["curves"]
KINDS = {"spike": "spike", "diverged": "diverged", "nonfinite": "nonfinite", "overfit": "overfitting"}


def signs_of(curve: dict, chunk: int | None = None) -> tuple[HealthSign, ...]:
    health = RunHealth()
    for name in ("train", "val"):
        values = np.array([np.nan if value is None else value for value in curve.get(name) or []])
        for at in range(0, len(values), chunk or max(len(values), 1)):
            piece = values[at : at + (chunk or len(values))]
            health.feed(f"{name}/loss", Points.of(np.arange(at, at + len(piece)), piece))
    return health.signs()


@pytest.mark.parametrize("curve", [c for c in CURVES if c["label"] == "healthy"], ids=lambda c: c["id"])
@pytest.mark.parametrize("chunk", [None, 7])
def test_nothing_above_info_on_a_healthy_curve(curve: dict, chunk: int | None) -> None:
    assert [sign for sign in signs_of(curve, chunk) if sign.severity != "info"] == []


@pytest.mark.parametrize("curve", [c for c in CURVES if c["label"] != "healthy"], ids=lambda c: c["id"])
def test_every_fault_is_found_at_its_place(curve: dict) -> None:
    found = [sign for sign in signs_of(curve) if sign.kind == KINDS[curve["label"]]]
    assert found
    assert any(sign.first_step - 3 <= curve["at"] <= sign.last_step for sign in found)
