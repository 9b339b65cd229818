from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest import approx

from runwatch.judge.runs.seeds import (
    against_seeds,
    hedges_g,
    interquartile_mean,
    matched,
    over_tasks,
    prediction_band,
    probability_of_improvement,
    welch,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "metrics"
CLOSED = 1e-8


@pytest.fixture(params=["seeds_small", "seeds_null"])
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{request.param}.json").read_text())
    return loaded


def test_welch_and_hedges_agree(case: dict[str, Any]) -> None:
    a, b = np.array(case["a"]), np.array(case["b"])
    for task, wanted in enumerate(case["expected"]["welch_per_task"]):
        found = welch("accuracy", a[:, task].tolist(), b[:, task].tolist())
        assert found.delta == approx(wanted["diff"], rel=CLOSED)
        assert found.p_value == approx(wanted["p"], rel=CLOSED)
        assert found.ci == (approx(wanted["lo"], rel=CLOSED), approx(wanted["hi"], rel=CLOSED))
        assert hedges_g(a[:, task], b[:, task]) == approx(
            case["expected"]["hedges_g_per_task"][task], rel=CLOSED
        )


def test_interquartile_means_agree_with_rliable(case: dict[str, Any]) -> None:
    a, b, wanted = np.array(case["a"]), np.array(case["b"]), case["expected"]
    assert interquartile_mean(a) == approx(wanted["iqm_a"], rel=CLOSED)
    assert interquartile_mean(b) == approx(wanted["iqm_b"], rel=CLOSED)
    assert probability_of_improvement(a, b) == approx(
        wanted["rliable_probability_of_improvement"], rel=CLOSED
    )
    for side, key in ((a, "a"), (b, "b")):
        (low, _), (high, _) = wanted["rliable_ci95_rows_lo_hi_cols_iqm_mean"][key]
        ends = over_tasks("accuracy", np.zeros_like(side), side).ci
        assert ends == (approx(low, abs=0.2 * (high - low)), approx(high, abs=0.2 * (high - low)))


@pytest.mark.parametrize("k", [3, 5, 10])
def test_the_band_holds_the_next_seed_in_95_percent(k: int) -> None:
    draws = np.random.default_rng(7).normal(size=(4000, k + 1))
    bands = [prediction_band(row[:k].tolist()) for row in draws]
    inside = np.mean([low < row[k] < high for row, (low, high) in zip(draws, bands, strict=True)])
    assert 0.935 < inside < 0.965


def test_one_candidate_against_seeds_is_the_band_around_it() -> None:
    seeds, candidate = [0.90, 0.91, 0.92, 0.905], 0.86
    found, (low, high) = against_seeds("accuracy", seeds, candidate), prediction_band(seeds)
    assert found.ci == (approx(candidate - high), approx(candidate - low))
    assert found.method == "seeds-t" and found.n == 4 and found.p_value is not None and found.p_value < 0.05


def test_matched_seeds_see_what_unmatched_ones_do_not() -> None:
    a = [0.70, 0.75, 0.80, 0.85]
    b = [value - 0.012 + wobble for value, wobble in zip(a, (0.001, -0.001, 0.0005, 0.0), strict=True)]
    paired, apart = matched("accuracy", a, b), welch("accuracy", a, b)
    assert paired.ci is not None and paired.ci[1] < 0 and apart.ci is not None and apart.ci[1] > 0
    assert "80%" in paired.note
