"""Finding data sets and predictions by name, and sampling rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from runwatch.data.discover import ListedFile, discover, discover_predictions
from runwatch.data.files import resolve
from runwatch.data.sample import sample, sampled

SCHEMA = [("a", "double"), ("b", "string")]


def found(*paths: str, schemas=None):
    schemas = schemas or {}
    return discover(
        [ListedFile(path, 10, float(i)) for i, path in enumerate(paths)], lambda p: schemas.get(p, SCHEMA)
    )


FOUND = [
    ("reference.parquet batches/b2.parquet batches/b10.parquet", 1, "batches/b2.parquet batches/b10.parquet"),
    ("d/reference.csv d/2026-03-01.csv d/2026-03-02.csv", 1, "d/2026-03-01.csv d/2026-03-02.csv"),
    ("train.parquet current.parquet", 1, "current.parquet"),
    ("d/train/p1.parquet d/train/p2.parquet d/new/x1.parquet", 2, "d/new/x1.parquet"),
    ("d/ref.parquet d/daily/date=2026-03-01/p.parquet", 1, "d/daily/date=2026-03-01/p.parquet"),
]


@pytest.mark.parametrize(("paths", "reference", "batches"), FOUND)
def test_references_and_batches(paths, reference, batches) -> None:
    (one,) = found(*paths.split())
    assert len(one.reference) == reference and list(one.batches) == batches.split()
    assert "by its name" in one.assumed


@pytest.mark.parametrize(
    "paths",
    [
        ("runs/a/metrics.csv", "runs/b/metrics.csv"),
        ("reference.parquet",),
        ("b1.parquet", "b2.parquet"),
        ("runs/x/train_log.csv", "runs/x/progress_1.csv"),
    ],
)
def test_what_is_no_data_set(paths) -> None:
    assert found(*paths) == []


def test_other_columns_are_another_table() -> None:
    assert found("reference.csv", "b1.csv", schemas={"b1.csv": [("z", "double"), ("y", "double")]}) == []


def test_a_schema_that_cannot_be_read_is_no_data_set_yet() -> None:
    def broken(path: str):
        raise OSError(path)

    assert discover([ListedFile("reference.csv", 1, 0.0), ListedFile("b1.csv", 1, 0.0)], broken) == []


def test_predictions() -> None:
    schema = [("id", "int64"), ("y_true", "int64"), ("y_pred", "int64"), ("y_score", "double")]
    entries = [ListedFile(f"predictions/{n}.parquet", 9, 0.0) for n in ("champion", "week_1", "week_2")]
    ((one, _),) = discover_predictions("/root", entries, lambda _: schema)
    assert one.baseline == "/root/predictions/champion.parquet" and len(one.files) == 2
    assert (one.key, one.target, one.prediction, one.score) == ("id", "y_true", "y_pred", "y_score")
    assert discover_predictions("/root", entries, lambda _: SCHEMA) == []


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_samples_are_aligned_bounded_and_repeatable(tmp_path: Path, ending: str) -> None:
    n = 5000
    data = pa.table({"i": np.arange(n), "twice": np.arange(n) * 2.0, "word": [f"w{i}" for i in range(n)]})
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        pacsv.write_csv(data, path)
    else:
        pq.write_table(data, path, row_group_size=400)
    files = resolve(str(path))
    first, again = (sample(files, ["i", "twice", "word"], 700, seed=3) for _ in range(2))
    assert 600 <= len(first["i"]) <= 700
    assert np.array_equal(first["twice"], 2 * first["i"])
    assert all(word == f"w{int(i)}" for word, i in zip(first["word"], first["i"], strict=True))
    assert np.array_equal(first["i"], again["i"])
    assert first["i"].min() < n * 0.1 and first["i"].max() > n * 0.9
    assert len(sample(files, ["i"], 10 * n)["i"]) == n


def test_grid_samples_hold_all_rows_of_small_data(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{i}": np.arange(100) for i in range(30)}), tmp_path / "a.parquet")
    columns = dict(sampled(resolve(str(tmp_path / "a.parquet")), [f"c{i}" for i in range(30)]).columns)
    assert len(columns) == 30 and all(len(arrays[0]) == 100 for arrays in columns.values())
