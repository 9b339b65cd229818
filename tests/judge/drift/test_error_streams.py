"""Errors that hang together by user, by day or by the order of a file are no change of the error rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from runwatch.judge.drift.concept import changes, design_effect

ROWS, BATCH = 16_000, 1000
SIZES = [BATCH] * (ROWS // BATCH)
Draw = Callable[[np.random.Generator], np.ndarray]


def by_user(rng: np.random.Generator) -> np.ndarray:
    return (rng.random(ROWS) < np.repeat(rng.beta(1, 9, ROWS // 50), 50)).astype(float)


def by_day(rng: np.random.Generator) -> np.ndarray:
    rate = np.repeat(0.1 + 0.02 * rng.normal(size=len(SIZES)), BATCH).clip(0, 1)
    return (rng.random(ROWS) < rate).astype(float)


def sorted_inside(rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([np.sort((rng.random(size) < 0.1).astype(float)) for size in SIZES])


def risen(rng: np.random.Generator) -> np.ndarray:
    return (rng.random(ROWS) < np.where(np.arange(ROWS) < 11_000, 0.1, 0.25)).astype(float)


@pytest.mark.parametrize("sizes", [SIZES, []])
@pytest.mark.parametrize("draw", [by_user, by_day, sorted_inside])
def test_what_hangs_together_is_no_change(draw: Draw, sizes: list[int]) -> None:
    found = sum(bool(changes(draw(np.random.default_rng(seed)), sizes=sizes)) for seed in range(12))
    assert found <= 2


@pytest.mark.parametrize("sizes", [SIZES, []])
def test_a_rise_is_found_whatever_the_order_of_rows(sizes: list[int]) -> None:
    for seed in range(5):
        found = changes(risen(np.random.default_rng(seed)), sizes=sizes)
        assert found and 11_000 <= found[0] < 12_500


def test_the_design_effect() -> None:
    rng = np.random.default_rng(1)
    assert design_effect((rng.random(ROWS) < 0.1).astype(float), SIZES) < 2
    many = np.mean([design_effect(by_user(np.random.default_rng(s))) for s in range(10)])
    assert 3 < many < 12  # 1 + 49 rho, rho = 1 / 11
    assert design_effect(np.zeros(100)) == 1.0 == design_effect(np.array([]))
