"""Rows that belong to somebody, by ``--group``; whole numbers that are codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main
from runwatch.data.grid import make_column
from runwatch.data.grouping import numbered
from runwatch.domain.drift import Multivariate
from runwatch.domain.profile import NamedProfile
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
