"""Rows that belong to somebody, by ``--group``; whole numbers that are codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main
from runwatch.data.formats.base import ColumnBlock
from runwatch.data.grid import make_column, make_grid
from runwatch.data.grouping import numbered
from runwatch.data.profile import Counter
from runwatch.domain.drift import Multivariate
from runwatch.domain.profile import NamedProfile, ProfileGrid, TableProfile
from runwatch.judge.drift.report import report


def owned(path: Path, seed: int, owners: int = 60, each: int = 40) -> None:
    """Rows of owners in random order: each owner has a level, and some never fill in ``y``."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(owners), each)
    x = rng.normal(size=owners)[own] + rng.normal(size=len(own))
    y = np.where(np.repeat(rng.random(owners) < 0.3, each), np.nan, rng.normal(size=len(own)))
    order = rng.permutation(len(own))
    names = np.array([f"o{seed}-{i}" for i in range(owners)])[own][order]
    pq.write_table(pa.table({"seller": names, "x": x[order], "y": y[order]}), path)


@pytest.mark.parametrize("command", ["drift", "quality"])
def test_group_makes_owned_rows_worth_their_owners(command: str, tmp_path, capsys) -> None:
    called = {"with": 0, "without": 0}
    for seed in range(4):
        before, now = tmp_path / f"a{seed}.parquet", tmp_path / f"b{seed}.parquet"
        owned(before, 2 * seed, 120)
        owned(now, 2 * seed + 1)
        said = (
            ["drift", str(before), str(now)]
            if command == "drift"
            else ["quality", str(now), "--reference", str(before)]
        )
        for how, extra in (("without", []), ("with", ["--group", "seller"])):
            main([*said, "--exclude", "seller", *extra, "--json"])
            called[how] += json.loads(capsys.readouterr().out)["verdict"] not in ("stable", "ok", "unknown")
    assert called["with"] == 0 < called["without"]


def test_a_group_that_is_not_there_is_said(tmp_path, capsys) -> None:
    owned(tmp_path / "a.parquet", 0)
    code = main(["drift", str(tmp_path / "a.parquet"), str(tmp_path / "a.parquet"), "--group", "nobody"])
    assert code != 0 and "has no column 'nobody'" in capsys.readouterr().err


def test_owners_are_numbered_over_both_sides() -> None:
    a, b = np.array(["x", None, "y", None], dtype=object), np.array(["y", "z"], dtype=object)
    both = numbered(a, b)
    assert both[2] == both[4] and len(set(both.tolist())) == 5
    assert len(set(numbered(np.array([1.0, np.nan, 1.0, np.nan])).tolist())) == 3


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("store", np.array([101, 250, 3007, 4100, 777, 9001, 12, 640]), "categorical"),
        ("zip", np.array([1010, 1011, 1012, 1013]), "categorical"),
        ("iris_class", np.array([0, 1, 2]), "categorical"),
        ("price", np.array([100, 200, 300, 400, 500, 600, 900]), "numeric"),
        ("age", np.arange(18, 90), "numeric"),
        ("rating", np.array([1, 2, 3, 4, 5]), "numeric"),
        ("batch_size", np.array([16, 32, 64, 128]), "numeric"),
    ],
)
def test_codes_are_told_from_numbers(rng_of, name: str, values: np.ndarray, kind: str) -> None:
    column = make_column(name, pa.array(rng_of.choice(values, 5000)))
    assert column.kind == kind and column.guessed
    assert make_column(name, pa.array(rng_of.choice(values, 5000)), "numeric").kind == "numeric"


@pytest.fixture
def rng_of() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("draw", ["poisson", "negative_binomial", "geometric", "lognormal"])
def test_counts_are_no_codes(rng_of, draw: str) -> None:
    made = {
        "poisson": rng_of.poisson(50, 20_000),
        "negative_binomial": rng_of.negative_binomial(1, 0.05, 20_000),
        "geometric": rng_of.geometric(0.1, 20_000),
        "lognormal": rng_of.lognormal(3, 1, 20_000).astype(int),
    }
    assert make_column("n", pa.array(made[draw])).kind == "numeric"


def test_codes_that_missing_values_made_fractions_are_codes() -> None:
    codes = np.random.default_rng(3).choice(np.arange(100, 99_999), 60, replace=False)
    drawn = np.random.default_rng(4).choice(codes, 5000).astype(np.float64)
    drawn[::20] = np.nan
    column = make_column("store", pa.array(drawn, from_pandas=True))
    assert column.kind == "categorical" and set(column.words or ()) == {str(code) for code in codes}
    assert make_column("store", pa.array(drawn + 0.5, from_pandas=True)).kind == "numeric"


@pytest.mark.parametrize("form", ["s", "float s", "ms", "us", "ns"])
def test_times_as_numbers_in_any_order_are_clocks_whatever_their_name(form: str) -> None:
    seconds = 1_772_300_000 + 86_400 * 30 * np.random.default_rng(5).random(3000)
    scale = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[form.removeprefix("float ")]
    values = seconds * scale if form.startswith("float") else (seconds * scale).astype(np.int64)
    assert make_column("col7", pa.array(values)).notation == f"epoch {form.removeprefix('float ')}"


@pytest.mark.parametrize("name", ["user_id", "customer", "order_no", "sessionID"])
def test_numbers_that_name_someone_are_no_clock(name: str) -> None:
    drawn = np.random.default_rng(6).choice(10**6, 700, replace=False)
    numbers = 1_500_000_000 + np.repeat(np.sort(drawn), 4)
    assert make_column(name, pa.array(numbers)).kind != "datetime"


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_other_users_are_no_drift_and_one_who_takes_over_is(kind: str) -> None:
    def users(seed: int, first: int) -> pa.Array:
        drawn = first + np.random.default_rng(seed).integers(0, 400, 6000)
        return pa.array(drawn if kind == "numbers" else [f"u{one}" for one in drawn])

    def judged(batch: pa.Array) -> str:
        grid = make_grid([make_column("customer", users(1, 0))])
        sides = [profile_of(one, grid) for one in (users(1, 0), batch)]
        return report(sides[0], [NamedProfile("b", sides[1])]).verdict

    def profile_of(values: pa.Array, grid: ProfileGrid) -> TableProfile:
        counter = Counter(grid)
        counter.add(ColumnBlock(len(values), [("customer", values)]))
        return counter.result(())

    assert judged(users(2, 0)) == judged(users(3, 10_000)) == "stable"
    if kind == "words":
        taken = np.where(np.random.default_rng(4).random(6000) < 0.2, "u7", np.array(users(5, 0).to_pylist()))
        assert judged(pa.array(taken.tolist())) == "drifted"


def test_seconds_since_a_start_go_on() -> None:
    at = np.sort(50_000 * np.random.default_rng(7).random(4000))
    column = make_column("elapsed", pa.array(at))
    assert column.onward and not column.ascending
    assert not make_column("x", pa.array(np.sort(np.random.default_rng(8).normal(size=4000)))).onward


def test_all_columns_together_count_in_the_verdict(rng_of) -> None:
    from runwatch.data.formats.base import ColumnBlock
    from runwatch.data.grid import make_grid
    from runwatch.data.profile import Counter

    array = pa.array(rng_of.normal(size=2000))
    grid = make_grid([make_column("x", array)])
    counter = Counter(grid)
    counter.add(ColumnBlock(2000, [("x", array)]))
    made = counter.result(())
    for verdict in ("warning", "drifted"):
        joint = Multivariate("domain classifier", 0.7, 1e-9, 2000, 2000, verdict)
        assert report(made, [NamedProfile("b", made)], multivariate=joint).verdict == verdict
    unsure = Multivariate("domain classifier", None, None, 10, 10, "unknown")
    assert report(made, [NamedProfile("b", made)], multivariate=unsure).verdict == "stable"
