"""Rows that were copied count once, wherever the copies lie; rows of few values are the same by chance."""

from __future__ import annotations

import numpy as np
import pytest
from drift_tables import effective, profiled

from runwatch.data.cache import on_grid, pack, unpack, without_grid
from runwatch.domain.drift import ColumnDrift
from runwatch.domain.profile import NamedProfile, TableProfile, empty_profile, merge
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.report import report

Table = dict[str, np.ndarray]
MOVED = ("warning", "drifted")


def judged(before: Table, now: Table) -> dict[str, ColumnDrift]:
    reference = profiled(before)
    found = report(reference, [NamedProfile("b", profiled(now, reference.grid))])
    return {column.name: column for column in found.columns}


def drawn(rng, n: int, shift: float = 0.0) -> Table:
    words = np.char.add("c", rng.integers(0, 8, n).astype(str))
    return {"x": rng.normal(shift, 1, n), "z": rng.lognormal(size=n), "word": words}


def copies(table: Table, each: int, rng) -> Table:
    order = rng.permutation(np.repeat(np.arange(len(table["x"])), each))
    return {name: values[order] for name, values in table.items()}


@pytest.mark.parametrize("rows", [400, 4000])
def test_copies_that_lie_apart_are_no_drift_and_a_shift_of_them_is(rows: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        reference = drawn(rng, 30_000)
        still = judged(reference, copies(drawn(rng, rows), 10, rng))
        assert not any(column.verdict in MOVED for column in still.values())
        assert effective(still["x"])[1] == pytest.approx(rows, rel=0.2)
        moved = judged(reference, copies(drawn(rng, rows, 0.8), 10, rng))
        assert moved["x"].verdict in MOVED and moved["word"].verdict not in MOVED


def test_a_reference_of_copies_is_no_drift() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = judged(copies(drawn(rng, 3000), 8, rng), drawn(rng, 3000))
        assert not any(column.verdict in MOVED for column in found.values())


def oversampled(table: Table, n: int, rng) -> Table:
    at = rng.integers(0, len(table["x"]), n)
    return {name: values[at] for name, values in table.items()}


@pytest.mark.parametrize("places", [None, 2, 1])
def test_two_samples_that_were_both_oversampled_are_no_drift(places: int | None) -> None:
    def table(rng, shift: float = 0.0) -> Table:
        made = drawn(rng, 400, shift) | {"k": rng.integers(0, 50, 400)}
        few = {n: v.round(places) if places and v.dtype.kind == "f" else v for n, v in made.items()}
        return oversampled(few, 8000, rng)

    for seed in range(6):
        rng = np.random.default_rng(seed)
        reference = table(rng)
        still = judged(reference, table(rng))
        assert not any(column.verdict in MOVED for column in still.values())
        assert effective(still["x"])[0] == pytest.approx(400, rel=0.1)
        moved = judged(reference, table(rng, 0.8))
        assert moved["x"].verdict in MOVED and moved["word"].verdict not in MOVED


def test_one_sample_oversampled_twice_is_one_law(rng) -> None:
    few = drawn(rng, 400)
    found = judged(oversampled(few, 8000, rng), oversampled(few, 8000, rng))
    assert {column.verdict for column in found.values()} == {"stable"}


@pytest.mark.parametrize("named", [True, False])
def test_sales_of_one_catalogue_keep_every_row_even_at_other_prices(named: bool) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        price = rng.lognormal(3, 1, 300).round(2)
        goods = {
            "x": price,
            "cost": (price * rng.uniform(0.5, 0.8, 300)).round(2),
            "weight": rng.lognormal(size=300),
            "kind": rng.choice(list("abcdef"), 300),
        }
        goods |= {"name": np.array([f"item {i}" for i in range(300)])} if named else {}
        before, now = (oversampled(goods, 8000, rng) for _ in range(2))
        assert not any(column.verdict in MOVED for column in judged(before, now).values())
        dearer = {**now, "x": now["x"] * 1.15, "cost": now["cost"] * 1.15}
        found = judged(before, dearer)
        assert found["x"].verdict in MOVED and found["cost"].verdict in MOVED
        assert "effective" not in found["x"].reason


def test_what_is_known_of_repeated_rows_is_kept_and_adds_up(rng) -> None:
    whole, single = profiled(oversampled(drawn(rng, 400), 8000, rng)), profiled(drawn(rng, 4000))
    assert len(whole.repeating) == 1024 and len(single.repeating) == 0
    again = on_grid(unpack(TableProfile, pack(without_grid(whole))), whole.grid)
    assert np.array_equal(again.repeating, whole.repeating)
    assert len(merge(whole, again).repeating) == 1024
    assert np.array_equal(merge(whole, empty_profile(whole.grid)).repeating, whole.repeating)


@pytest.mark.parametrize("levels", [8, 100])
def test_rows_of_few_values_are_the_same_by_chance(rng, levels: int) -> None:
    words = np.char.add("c", rng.integers(0, levels, 24_000).astype(str))
    table = {"x": rng.normal(size=24_000), "word": words, "again": np.char.add(words, "z")}
    before, now = ({n: v[part] for n, v in table.items()} for part in (slice(0, 20_000), slice(20_000, None)))
    assert judged(before, {**now, "x": np.zeros(4000)})["x"].verdict == "drifted"
    rounded = {"x": before["x"]}, {"x": now["x"].round(1) + 0.3}
    assert judged(*rounded)["x"].verdict in MOVED


@pytest.mark.parametrize("both", [True, False])
def test_the_classifier_keeps_copies_in_one_half(both: bool) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        a, b = (copies(drawn(rng, 300), 10, rng) for _ in range(2))
        tables = [a if both else drawn(rng, 3000), b]
        found = domain_classifier(*({**table, "word": table["word"].astype(object)} for table in tables))
        assert found.verdict == "stable"
