"""Laws that every measure of drift, quality check, health check and prediction metric obeys, found by
listing: an added one is tried by itself (in the manner of scikit-learn's common tests)."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "drift"))

from drift_tables import profiled

from runwatch.domain.comparison import CompareOptions
from runwatch.domain.points import Points
from runwatch.domain.predictions import PredictionRows
from runwatch.domain.profile import TableProfile
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.measures import measures
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.run import all_checks

SIDES = 2
SCALED = 4.0


def columns(seed: int, rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "number": rng.normal(seed, 1, rows),
        "count": rng.poisson(3 + seed, rows),
        "word": rng.choice(
            list("abcdefgh"), rows, p=np.roll([0.3, 0.2, 0.2, 0.1, 0.05, 0.05, 0.05, 0.05], seed)
        ),
    }


def pairs(rows: tuple[int, int] = (600, 400), change=lambda values, rng: values) -> list[ColumnPair]:
    rng = np.random.default_rng(9)
    before, now = ({n: change(v, rng) for n, v in columns(i, rows[i]).items()} for i in range(SIDES))
    reference = profiled(before)
    current = profiled(now, reference.grid)
    return [
        ColumnPair(grid, reference.column(i), current.column(i))
        for i, grid in enumerate(reference.grid.columns)
    ]


def figures(name: str, found: list[ColumnPair]) -> list[float]:
    measure = measures()[name]
    return [value for pair in found if (value := measure.measure(pair)) is not None]


@pytest.mark.parametrize("name", list(measures()))
class TestEveryMeasure:
    def test_the_order_of_rows_does_not_matter(self, name: str) -> None:
        shuffled = pairs(change=lambda values, rng: rng.permutation(values))
        assert figures(name, pairs()) == pytest.approx(figures(name, shuffled), abs=1e-9)

    def test_it_is_the_same_every_time_and_changes_nothing(self, name: str) -> None:
        found = pairs()
        before = [(p.reference.counts.copy(), p.current.counts.copy()) for p in found]
        assert figures(name, found) == figures(name, found)
        for pair, (a, b) in zip(found, before, strict=True):
            assert np.array_equal(pair.reference.counts, a) and np.array_equal(pair.current.counts, b)

    def test_the_unit_does_not_matter_but_for_wasserstein(self, name: str) -> None:
        def scaled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            return values if values.dtype.kind == "U" else values * SCALED

        for plain, other in zip(figures(name, pairs()), figures(name, pairs(change=scaled)), strict=True):
            assert other == pytest.approx(
                plain * (SCALED if name == "wasserstein" else 1), rel=1e-6, abs=1e-9
            )

    def test_no_distance_to_itself_and_none_below_it(self, name: str) -> None:
        reference = profiled(columns(0, 500))
        own = [
            ColumnPair(g, reference.column(i), reference.column(i))
            for i, g in enumerate(reference.grid.columns)
        ]
        assert figures(name, own) == pytest.approx([0.0] * len(figures(name, own)), abs=1e-9)
        assert all(value >= 0 for value in figures(name, pairs()))

    @pytest.mark.parametrize("rows", [(600, 1), (1, 400), (2, 2)])
    def test_few_rows_raise_nothing(self, name: str, rows: tuple[int, int]) -> None:
        with np.errstate(all="raise", under="ignore"):
            assert all(value is None or not np.isinf(value) for value in figures(name, pairs(rows)))


def checked(now: TableProfile, before: TableProfile | None) -> list[list[object]]:
    case = QualityCase(now, before)
    return [check.check(case) for check in all_checks()]


class TestEveryQualityCheck:
    def test_the_order_of_rows_does_not_matter_nor_who_asks_twice(self) -> None:
        before, now = columns(0, 600), columns(1, 400)
        rng = np.random.default_rng(3)
        reference = profiled(before)
        order = rng.permutation(400)
        plain = profiled(now, reference.grid)
        mixed = profiled({name: values[order] for name, values in now.items()}, reference.grid)
        assert checked(plain, reference) == checked(mixed, reference) == checked(plain, reference)

    @pytest.mark.parametrize("rows", [0, 1, 2])
    def test_few_rows_raise_nothing(self, rows: int) -> None:
        reference = profiled(columns(0, 600))
        for before in (reference, None):
            checked(profiled(columns(0, rows), reference.grid), before)

    def test_data_is_no_fault_against_itself(self) -> None:
        reference = profiled(columns(0, 600))
        assert not any(checked(reference, reference))


def health(values: np.ndarray, pieces: int = 1) -> tuple[object, ...]:
    made = RunHealth()
    for at in np.array_split(np.arange(len(values)), pieces):
        for tag in ("train_loss", "val_loss", "val_acc", "grad_norm"):
            made.feed(tag, Points(at.astype(np.int64), 1.7e9 + at, values[at]))
    return made.signs()


class TestEveryHealthCheck:
    @pytest.mark.parametrize("kind", ["falls", "jumps", "spikes", "nan"])
    def test_pieces_and_units_do_not_matter(self, kind: str) -> None:
        rng = np.random.default_rng(4)
        values = (0.3 + 2 * np.arange(1, 801) ** -0.5) * np.exp(0.05 * rng.normal(size=800))
        if kind == "jumps":
            values[500:] *= 4
        elif kind == "spikes":
            values[300::100] *= 8
            values[301::100] *= 8
        elif kind == "nan":
            values[400] = np.nan
        once = health(values)
        assert once == health(values, 13) == health(values)
        told = [(s.kind, s.severity, s.tag, s.first_step) for s in once if s.tag != "val_acc"]
        larger = [
            (s.kind, s.severity, s.tag, s.first_step) for s in health(values * 1024.0) if s.tag != "val_acc"
        ]
        assert told == larger

    @pytest.mark.parametrize("points", [0, 1, 2, 3])
    def test_few_points_say_nothing(self, points: int) -> None:
        assert health(np.linspace(1, 0.5, points)) == ()


def rows(seed: int, n: int, order: np.ndarray | None = None) -> PredictionRows:
    rng = np.random.default_rng(11)
    truth = rng.integers(0, 2, n)
    score = np.clip(
        0.5 + 0.2 * (truth - 0.5) + 0.2 * np.random.default_rng(seed).normal(size=n), 0.001, 0.999
    )
    order = np.arange(n) if order is None else order
    return PredictionRows(str(seed), truth[order], (score > 0.5).astype(int)[order], {"score": score[order]})


class TestEveryPredictionMetric:
    def test_the_order_of_rows_does_not_matter_for_values(self) -> None:
        order = np.random.default_rng(5).permutation(500)
        plain = compare_predictions(rows(1, 500), rows(2, 500), CompareOptions()).metrics
        mixed = compare_predictions(rows(1, 500, order), rows(2, 500, order), CompareOptions()).metrics
        for a, b in zip(plain, mixed, strict=True):
            assert (a.name, a.verdict) == (b.name, b.verdict)
            assert a.baseline == pytest.approx(b.baseline, rel=1e-9, nan_ok=True)
            assert a.delta == pytest.approx(b.delta, rel=1e-9, abs=1e-12, nan_ok=True)

    def test_it_is_the_same_every_time_and_changes_nothing(self) -> None:
        a, b = rows(1, 400), rows(2, 400)
        kept = a.truth.copy(), b.scores["score"].copy()
        first, second = (compare_predictions(a, b, CompareOptions()) for _ in range(2))
        assert [(m.name, m.ci, m.p_value) for m in first.metrics] == [
            (m.name, m.ci, m.p_value) for m in second.metrics
        ]
        assert np.array_equal(a.truth, kept[0]) and np.array_equal(b.scores["score"], kept[1])

    def test_a_model_is_as_good_as_itself(self) -> None:
        found = compare_predictions(rows(1, 400), rows(1, 400), CompareOptions()).metrics
        assert found and all(m.verdict in ("equivalent", "unknown") for m in found)
        assert all(m.delta == 0 for m in found if m.delta is not None and m.delta == m.delta)

    def test_sides_change_places(self) -> None:
        one = compare_predictions(rows(1, 500), rows(2, 500), CompareOptions()).metrics
        two = {m.name: m for m in compare_predictions(rows(2, 500), rows(1, 500), CompareOptions()).metrics}
        for m in one:
            assert m.delta == pytest.approx(-two[m.name].delta, rel=1e-9, abs=1e-12)

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_few_rows_raise_nothing(self, n: int) -> None:
        for metric in compare_predictions(rows(1, n), rows(2, n), CompareOptions()).metrics:
            assert metric.verdict in ("unknown", "equivalent", "inconclusive")
