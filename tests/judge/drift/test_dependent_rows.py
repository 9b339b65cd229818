"""Rows that hang together are worth fewer than they are: no false alarm, and the reason says so."""

from __future__ import annotations

import numpy as np
import pytest
from drift_tables import effective, profiled

from runwatch.data.cache import on_grid, pack, unpack, without_grid
from runwatch.domain.dependence import clustered, serial
from runwatch.domain.drift import DriftReport
from runwatch.domain.profile import NamedProfile, TableProfile
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.report import report


def walk(rng, phi: float, n: int) -> np.ndarray:
    noise, out = rng.normal(size=n), np.zeros(n)
    out[0] = noise[0] / np.sqrt(1 - phi**2)
    for at in range(1, n):
        out[at] = phi * out[at - 1] + noise[at]
    return out


def users(rng, each: int, alike: float, n: int) -> np.ndarray:
    own = np.repeat(rng.normal(size=n // each), each) * np.sqrt(alike)
    return own + rng.normal(size=len(own)) * np.sqrt(1 - alike)


def judged(before: dict, now: dict) -> DriftReport:
    reference = profiled(before)
    return report(reference, [NamedProfile("b", profiled(now, reference.grid))])


@pytest.mark.parametrize(
    ("draw", "worth"),
    [
        (lambda rng, n: walk(rng, 0.9, n), 19),
        (lambda rng, n: users(rng, 20, 0.3, n), 1 + 19 * 0.3),
        (lambda rng, n: np.repeat(rng.normal(size=n // 5), 5), 5),
    ],
    ids=["AR(1) 0.9", "20 rows a user", "each row five times"],
)
def test_the_design_effect_of_neighbours(draw, worth: float) -> None:
    found = [serial(draw(np.random.default_rng(seed), 4000)) for seed in range(12)]
    assert np.median(found) == pytest.approx(worth, rel=0.25)


def test_independent_rows_are_worth_themselves_however_they_are_sorted(rng) -> None:
    x = rng.normal(size=4000)
    assert serial(x) == 1.0 == serial(np.sort(x)) == serial(np.sort(x)[::-1])
    order = np.argsort(x)
    assert serial((0.7 * x + rng.normal(size=4000))[order]) == 1.0
    labels = rng.integers(0, 5, 4000)
    assert serial(labels, ordered=False) == 1.0 == serial(np.sort(labels), ordered=False)
    assert serial(np.ones(500)) == 1.0 == serial(x[:10])


def test_rows_of_a_user_that_lie_apart(rng) -> None:
    owner = np.repeat(np.arange(200), 20)
    values = users(rng, 20, 0.5, 4000)
    order = rng.permutation(4000)
    effect, sure = clustered(values[order], owner[order])
    assert sure and effect == pytest.approx(1 + 19 * 0.5, rel=0.3)
    half = order[:2000]
    assert clustered(values[half], owner[half], 0.5)[0] == pytest.approx(effect, rel=0.3)
    assert not clustered(rng.normal(size=4000), owner)[1]


@pytest.mark.parametrize("alike", [0.3, 0.8])
def test_users_side_by_side_are_no_drift(alike: float) -> None:
    flagged = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found = judged({"x": users(rng, 50, alike, 5000)}, {"x": users(rng, 50, alike, 2000)})
        flagged += found.verdict in ("warning", "drifted")
        assert effective(found.columns[0])[1] < 400
    assert flagged == 0


def test_users_by_their_column_wherever_their_rows_lie() -> None:
    flagged = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)

        def table(n: int, first: int, rng=rng) -> dict[str, np.ndarray]:
            order = rng.permutation(n)
            return {
                "user_id": np.repeat(np.arange(n // 40) + first, 40)[order],
                "x": users(rng, 40, 0.5, n)[order],
            }

        found = judged(table(4000, 0), table(2000, 1000))
        flagged += next(c for c in found.columns if c.name == "x").verdict in ("warning", "drifted")
    assert flagged == 0


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_join_that_repeats_rows_is_no_drift(shuffled: bool) -> None:
    flagged = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        few = {"x": rng.normal(size=400), "c": rng.choice(list("abcdefgh"), 400)}
        now = {name: np.repeat(values, 5) for name, values in few.items()}
        order = rng.permutation(2000) if shuffled else np.arange(2000)
        before = {"x": rng.normal(size=20_000), "c": rng.choice(list("abcdefgh"), 20_000)}
        flagged += judged(before, {n: v[order] for n, v in now.items()}).verdict in ("warning", "drifted")
    assert flagged == 0


def test_a_true_shift_of_dependent_rows_is_found(rng) -> None:
    now = users(rng, 10, 0.3, 4000) + 0.5
    assert judged({"x": users(rng, 10, 0.3, 10_000)}, {"x": now}).verdict == "drifted"


def test_what_was_seen_of_the_rows_is_kept(rng) -> None:
    made = profiled({"x": users(rng, 20, 0.5, 3000), "c": rng.choice(list("ab"), 3000)})
    again = on_grid(unpack(TableProfile, pack(without_grid(made))), made.grid)
    assert np.array_equal(again.dependence, made.dependence) and again.column(0).design > 5


def test_the_classifier_keeps_users_in_one_half() -> None:
    def table(rng, n: int) -> dict[str, np.ndarray]:
        return {f"x{i}": users(rng, 50, 0.5, n) for i in range(6)}

    flagged = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        flagged += domain_classifier(table(rng, 3000), table(rng, 3000)).verdict in ("warning", "drifted")
        order = rng.permutation(3000)
        owner = np.repeat(np.arange(60), 50)[order]
        apart = ({name: values[order] for name, values in table(rng, 3000).items()} for _ in range(2))
        found = domain_classifier(next(apart), next(apart), groups=(owner, owner + 60))
        flagged += found.verdict in ("warning", "drifted")
    assert flagged <= 1


def test_only_columns_that_give_it_away_are_named(rng) -> None:
    before = {f"z{i}": rng.normal(size=4000) for i in range(8)}
    now = {f"z{i}": rng.normal(size=4000) for i in range(8)}
    x, y = rng.normal(size=(2, 4000))
    before |= {"a": x, "b": 0.9 * x + 0.4 * rng.normal(size=4000)}
    now |= {"a": y, "b": -0.9 * y + 0.4 * rng.normal(size=4000)}
    assert {name for name, _ in domain_classifier(before, now).top_features} == {"a", "b"}


@pytest.mark.parametrize("beside", [None, ["a", "b", "c"]])
@pytest.mark.parametrize("filler", [np.nan, -1.0])
@pytest.mark.parametrize("rows", [500, 4000])
def test_a_block_of_rows_without_their_values_is_a_shift_and_no_repetition(rng, rows, filler, beside) -> None:
    before, now = ({"x": rng.normal(size=rows), "y": rng.normal(size=rows)} for _ in "ab")
    empty = rng.random(rows) < 0.3
    now = {name: np.where(empty, filler, values) for name, values in now.items()}
    if beside:
        before["z"], now["z"] = (rng.choice(beside, rows) for _ in "ab")
    columns = {column.name: column.verdict for column in judged(before, now).columns}
    assert columns["x"] == columns["y"] == "drifted"
