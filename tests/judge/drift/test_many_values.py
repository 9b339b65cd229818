"""Text columns with more values than are kept as words: still data stays still, what is new is named."""

from __future__ import annotations

import numpy as np
import pytest
from drift_tables import profiled

from runwatch.data.arrays import strings
from runwatch.data.cache import pack, unpack
from runwatch.data.kernel import bitmap, hashed, known
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile, merge
from runwatch.judge.drift.report import report
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.checks import categories

KINDS = {"c": "categorical"}


def uniform(rng, values: int, n: int) -> np.ndarray:
    return np.char.add("m", rng.integers(0, values, n).astype(str))


def zipf(rng, values: int, n: int) -> np.ndarray:
    shares = 1 / np.arange(1, values + 1) ** 0.8
    return np.char.add("z", rng.choice(values, n, p=shares / shares.sum()).astype(str))


def counted(before: np.ndarray, now: np.ndarray) -> tuple[TableProfile, TableProfile]:
    reference = profiled({"c": before}, kinds=KINDS)
    return reference, profiled({"c": now}, reference.grid)


@pytest.mark.parametrize("draw", [uniform, zipf])
@pytest.mark.parametrize("rows", [1000, 10_000])
def test_still_columns_of_many_values_are_not_called(draw, rows: int) -> None:
    for trial in range(4):
        rng = np.random.default_rng(trial)
        reference, current = counted(draw(rng, 15_000, 60_000), draw(rng, 15_000, rows))
        assert reference.grid.columns[0].open
        assert report(reference, [NamedProfile("b", current)]).verdict in ("stable", "unknown")
        assert not categories.check(QualityCase(current, reference))


def test_five_percent_of_new_values_are_found_and_named(rng) -> None:
    now = uniform(rng, 15_000, 10_000)
    now[rng.random(10_000) < 0.06] = "zz new"
    reference, current = counted(uniform(rng, 15_000, 60_000), now)
    found = report(reference, [NamedProfile("b", current)]).columns[0]
    assert found.verdict in ("warning", "drifted") and found.new_categories[0] == "zz new"
    (fault,) = categories.check(QualityCase(current, reference))
    assert fault.samples[0] == "zz new" and "its many rare values would give" in fault.summary


def test_one_known_value_that_takes_over_is_found(rng) -> None:
    now = uniform(rng, 15_000, 10_000)
    now[rng.random(10_000) < 0.2] = "m7"
    reference, current = counted(uniform(rng, 15_000, 60_000), now)
    found = report(reference, [NamedProfile("b", current)]).columns[0]
    assert found.verdict == "drifted" and found.new_categories != ("m7",)


def test_the_day_rule_keeps_still_what_the_rows_do(rng) -> None:
    tables = [uniform(rng, 15_000, 8000) for _ in range(8)]
    reference, current = counted(np.concatenate(tables), uniform(rng, 15_000, 8000))
    days = [NamedProfile(f"d{i}", profiled({"c": t}, reference.grid)) for i, t in enumerate(tables)]
    assert report(reference, [NamedProfile("b", current)], days=days).verdict == "stable"


def test_counts_of_parts_add_up_and_grids_survive_packing(rng) -> None:
    values = uniform(rng, 15_000, 60_000)
    reference = profiled({"c": values}, kinds=KINDS)
    grid = unpack(ProfileGrid, pack(reference.grid))
    assert grid.columns[0].seen == reference.grid.columns[0].seen and grid.id == reference.grid.id
    parts = [profiled({"c": part}, reference.grid) for part in np.array_split(values, 7)]
    total = parts[0]
    for part in parts[1:]:
        total = merge(total, part)
    assert np.array_equal(total.counts, reference.counts)


def test_a_known_value_is_never_taken_for_a_new_one() -> None:
    words = [f"värde {i}" for i in range(5000)] + [""]
    hashes = hashed(strings(words))
    assert len(np.unique(hashes)) == len(words)
    assert known(hashes, bitmap(hashes)).all()
    fresh = hashed(strings([f"other {i}" for i in range(5000)]))
    assert known(fresh, bitmap(hashes)).mean() < 0.05
