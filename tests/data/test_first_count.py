"""A reference is counted while its grid is made: the same counts as of a second reading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from runwatch.data.cache import NoCache
from runwatch.data.data_file import DataFile
from runwatch.data.formats.base import Piece
from runwatch.data.profile_cache import profile_files
from runwatch.data.workflow import affordable, find_files, open_reference
from runwatch.domain.profile import DataOptions


def table(n: int, seed: int) -> pa.Table:
    r = np.random.default_rng(seed)
    gaps = r.random(n) < 0.1
    days = r.integers(0, 10**9, n)
    return pa.table(
        {
            "x": pa.array(r.normal(size=n), mask=gaps),
            "few": pa.array(r.choice(["a", "b", "c"], n), mask=gaps),
            "many": pa.array([f"w{v}" for v in r.integers(0, n, n)]),
            "written": pa.array([f"{v:.3f}" for v in r.normal(size=n)]),
            "flag": pa.array(r.random(n) < 0.3),
            "at": pa.array(days, pa.timestamp("us")),
            "item": pa.array(
                [{"a": float(v), "b": ["u"] * int(k)} for v, k in zip(days, days % 4, strict=True)]
            ),
            "empty": pa.nulls(n, pa.float64()),
        }
    )


@pytest.mark.parametrize("ending", ["parquet", "orc"])
def test_one_reading_counts_what_two_count(tmp_path: Path, ending: str) -> None:
    whole, part = table(3000, 1), table(500, 2).drop(["few"])
    if ending == "parquet":
        pq.write_table(whole, tmp_path / "1.parquet", row_group_size=700)
        pq.write_table(part, tmp_path / "2.parquet", use_dictionary=False)
    else:
        orc.write_table(whole, tmp_path / "1.orc")
        orc.write_table(part, tmp_path / "2.orc")
    files = find_files([str(tmp_path)])
    first = open_reference(files, DataOptions())
    again, problems = profile_files(files, first.grid, NoCache())
    assert not problems and [one.profile.rows for one in first.days] == [3000, 500]
    for once, twice in zip(first.days, again, strict=True):
        assert once.profile.schema == twice.profile.schema
        assert once.profile.others == twice.profile.others
        for name in ("counts", "sums", "scalars", "low", "high", "dependence"):
            np.testing.assert_allclose(getattr(once.profile, name), getattr(twice.profile, name), rtol=1e-12)


def test_a_column_in_the_file_and_in_its_path_is_counted_once(tmp_path: Path) -> None:
    for region in "abc":
        (tmp_path / f"region={region}").mkdir()
        pq.write_table(
            pa.table({"x": [1.0, 2.0], "region": ["n", "s"]}), tmp_path / f"region={region}/0.parquet"
        )
    reference = open_reference(find_files([str(tmp_path)]), DataOptions())
    assert reference.profile.rows == reference.profile.column(1).rows == 6


def test_many_pieces_of_many_columns_are_read_twice_rather_than_held() -> None:
    file = DataFile("a.parquet", "a.parquet", 1, 1)
    assert affordable([Piece(file, "0-0", 500_000)] * 4, 50)
    assert not affordable([Piece(file, "0-0", 4000)] * 250, 1000)
    assert not affordable([Piece(file, "0-0", 100)] * 10_000, 50)
