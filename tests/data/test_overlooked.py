"""What looks like data and is judged by nothing is said, with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from drift_command import drift

from runwatch.cli import main

pytestmark = pytest.mark.usefixtures("trusting")


def put(root: Path, *names: str, columns: str = "ab") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({column: np.random.default_rng(1).normal(size=300) for column in columns})
        if name.endswith(".parquet"):
            pq.write_table(table, path)
        elif name.endswith(".csv"):
            pacsv.write_csv(table, path)
        else:
            path.write_bytes(b"PK")


def not_judged(root: Path, capsys) -> dict[str, str]:
    main(["check", "--json", str(root)])
    return {one["file"]: one["message"] for one in json.loads(capsys.readouterr().out)["not_judged"]}


CASES = [
    (["in/2026-01-01.parquet", "in/2026-01-02.parquet"], "in", "holds 2 data files, but no reference"),
    (["x_2026-01-01.csv", "x_2026-01-02.csv", "x_2026-01-03.csv"], ".", "holds 3 data files, but no"),
    (["t/region=NO/day=1/a.parquet", "t/region=SE/day=1/a.parquet"], "t", "holds 2 data files"),
    (["features.parquet"], "features.parquet", "on its own"),
    (["reference.csv"], "reference.csv", "nothing beside it looks like a batch"),
    (["predictions.parquet"], "predictions.parquet", "without a baseline"),
    (["a.xlsx", "b.xlsx"], ".", "holds 2 .xlsx files, which are not supported"),
    (["survey.SAV"], "survey.SAV", ".sav files are not supported"),
    (["t.lance/_versions/1.manifest", "t.lance/data/x.lance"], "t.lance", "is a Lance dataset"),
    (["h/.hoodie/hoodie.properties", "h/x.parquet", "h/y_1.parquet"], "h", "is a Hudi table"),
]


@pytest.mark.parametrize(("names", "place", "said"), CASES)
def test_each_kind_is_said_once(tmp_path: Path, capsys, names: list[str], place: str, said: str) -> None:
    put(tmp_path, *names)
    found = not_judged(tmp_path, capsys)
    assert list(found) == [place] and said in found[place]


def test_a_reference_that_fits_no_batch_says_why(tmp_path: Path, capsys) -> None:
    put(tmp_path, "a/reference.parquet", "b/reference.parquet", "b/day_1.json.parquet")
    put(tmp_path, "a/day_1.parquet", columns="xy")
    (tmp_path / "b" / "day_1.json.parquet").write_bytes(b"PAR1 and no footer")
    found = not_judged(tmp_path, capsys)
    assert "shares fewer than half of its columns with a/day_1.parquet" in found["a/reference.parquet"]
    assert "has no parquet footer" in found["b/day_1.json.parquet"]


def test_what_is_judged_or_a_log_is_not_named(tmp_path: Path, capsys) -> None:
    put(tmp_path, "data/reference.parquet", "data/day_1.parquet", "data/notes.parquet")
    put(tmp_path, "runs/1/metrics.csv", "runs/1/train.csv", "runs/2/history_1.csv", "runs/3/1.csv")
    assert not_judged(tmp_path, capsys) == {}


def test_configured_data_says_what_is_meant(tmp_path: Path, capsys) -> None:
    put(tmp_path, "r.parquet", "new/1.parquet", "old/1.parquet", "old/2.parquet")
    entry = '[[data]]\nname = "d"\nreference = "r.parquet"\ncurrent = "new/*.parquet"\n'
    (tmp_path / "runwatch.toml").write_text(entry)
    assert not_judged(tmp_path, capsys) == {}


def test_many_places_are_counted(tmp_path: Path, capsys) -> None:
    put(tmp_path, *(f"t{i}/x.parquet" for i in range(23)))
    found = not_judged(tmp_path, capsys)
    assert len(found) == 21 and "3 more places" in found[""]


def test_check_and_drift_say_it_to_people(tmp_path: Path, capsys) -> None:
    put(tmp_path, "r.parquet", "new/1.parquet", "new/2.xlsx")
    assert (
        drift(tmp_path / "r.parquet", tmp_path / "new")[2].count("2.xlsx: .xlsx files are not supported") == 1
    )
    main(["check", str(tmp_path)])
    assert "NOT JUDGED new/2.xlsx: .xlsx files are not supported" in capsys.readouterr().out
