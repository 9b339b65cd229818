"""Empty words and missing values: CSV cannot tell them apart, so that beside a CSV both are missing; where
both sides can, one that became the other is a change."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from drift_command import MOVED, drift

from runwatch.cli import main
from runwatch.data.cache import on_grid, pack, unpack, without_grid
from runwatch.data.files import resolve
from runwatch.data.workflow import open_reference, profile_batches
from runwatch.domain.empty_words import empty_as_missing
from runwatch.domain.profile import EMPTY, DataOptions, TableProfile

WRITTEN = Path(__file__).parents[1] / "fixtures" / "writers" / "empty"  # polars 2.1.0, DuckDB 2.0.1
FORMATS = [
    "polars.csv",
    "polars.parquet",
    "duckdb.csv",
    "duckdb.parquet",
    "pandas.csv",
    "pandas.quoted.csv",
    "pandas.tsv",
    "pandas.parquet",
    "pandas.jsonl",
    "pyarrow.csv",
]


def write(data: pd.DataFrame, path: Path) -> Path:
    if path.name.endswith(".quoted.csv"):
        data.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)
    elif path.name.startswith("pyarrow"):
        pacsv.write_csv(pa.Table.from_pandas(data, preserve_index=False), path)
    elif path.suffix in (".csv", ".tsv"):
        data.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    elif path.suffix == ".jsonl":
        data.to_json(path, orient="records", lines=True)
    else:
        data.to_parquet(path)
    return path


def made(folder: Path, kind: str, which: str) -> Path:
    writer, _, ending = kind.partition(".")
    ready = WRITTEN / f"{writer}_{which}.{ending}"
    if ready.exists():
        return ready
    return write(pd.read_parquet(WRITTEN / f"polars_{which}.parquet"), folder / f"{writer}_{which}.{ending}")


def findings(reference: Path, current: Path, capsys) -> list[str]:
    main(["quality", str(current), "--reference", str(reference), "--json"])
    return [f"{one['column']}: {one['summary']}" for one in json.loads(capsys.readouterr().out)["findings"]]


@pytest.mark.parametrize("reference", ["polars.csv", "pandas.quoted.csv", "polars.parquet", "pandas.jsonl"])
@pytest.mark.parametrize("ending", FORMATS)
def test_empty_words_are_no_change_whatever_wrote_them(
    tmp_path: Path, reference: str, ending: str, capsys
) -> None:
    trusted, same = made(tmp_path, reference, "ref"), made(tmp_path, ending, "same")
    code, report, said = drift(trusted, same)
    verdicts = {name: column["verdict"] for name, column in report["columns"].items()}
    assert code == 0 and not said and verdicts == dict.fromkeys(("x", "tier", "note"), "stable"), report
    assert findings(trusted, same, capsys) == []


def frame(seed: int, empty: object = "", moved: bool = False) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    tier = r.choice(list("abc"), 1500, p=[0.1, 0.3, 0.6] if moved else [0.5, 0.3, 0.2]).astype(object)
    tier[r.random(1500) < 0.2] = empty
    word = np.array([f"w{i}" for i in r.integers(0, 900, 1500)], dtype=object)
    word[r.random(1500) < 0.3] = empty
    text = np.array(["a" * int(i) for i in r.integers(60, 99, 1500)], dtype=object)
    text[r.random(1500) < 0.2] = empty
    return pd.DataFrame({"tier": tier, "word": word, "text": text, "x": r.normal(size=1500)})


@pytest.mark.parametrize(("before", "now"), [(None, ""), ("", None)])
@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_missing_values_that_became_empty_words_are_found(
    tmp_path: Path, before: object, now: object, ending: str
) -> None:
    trusted = write(frame(1, before), tmp_path / f"ref.{ending}")
    batch = write(frame(2, now), tmp_path / f"now.{ending}")
    _, report, _ = drift(trusted, batch)
    assert {name: report["columns"][name]["verdict"] for name in ("tier", "word", "text")} == dict.fromkeys(
        ("tier", "word", "text"), "drifted"
    )


@pytest.mark.parametrize(("before", "now"), [("csv", "parquet"), ("parquet", "csv"), ("csv", "jsonl")])
def test_a_shift_between_formats_is_found(tmp_path: Path, before: str, now: str, capsys) -> None:
    trusted = write(frame(1), tmp_path / f"ref.{before}")
    moved = write(frame(2, moved=True), tmp_path / f"now.{now}")
    _, report, _ = drift(trusted, moved)
    assert report["columns"]["tier"]["verdict"] == "drifted"
    fuller = frame(3)
    fuller.loc[:600, "word"] = None
    _, report, _ = drift(trusted, write(fuller, tmp_path / f"gaps.{now}"))
    assert report["columns"]["word"]["verdict"] in MOVED and "missing" in report["columns"]["word"]["reason"]
    assert any("word: missing" in one for one in findings(trusted, tmp_path / f"gaps.{now}", capsys))


def test_segments_and_the_classifier_take_them_as_missing_too(tmp_path: Path, capsys) -> None:
    trusted, batch = write(frame(1), tmp_path / "ref.csv"), write(frame(2), tmp_path / "now.parquet")
    main(["drift", str(trusted), str(batch), "--by", "tier", "--multivariate", "--json"])
    report = json.loads(capsys.readouterr().out)
    names = {one["segment"] for one in report["segments"]}
    assert names == {f"tier = {value}" for value in ("(missing)", "a", "b", "c")}
    assert {one["verdict"] for one in report["segments"]} <= {"stable", "unknown"}
    assert report["multivariate"]["verdict"] == "stable"


def counted(reference: pd.DataFrame, batch: pd.DataFrame, folder: Path, ending: str) -> TableProfile:
    opened = open_reference(resolve(str(write(reference, folder / "ref.parquet"))), DataOptions())
    files = resolve(str(write(batch, folder / f"batch.{ending}")))
    return profile_batches(files, opened.grid)[0][0].profile


def test_what_a_file_cannot_tell_is_kept_with_its_profile(tmp_path: Path) -> None:
    for ending, blank in (("csv", True), ("parquet", False), ("jsonl", False)):
        made = counted(frame(1), frame(2), tmp_path, ending)
        again = on_grid(unpack(TableProfile, pack(without_grid(made))), made.grid)
        assert made.blank_is_missing == again.blank_is_missing == blank


@pytest.mark.parametrize("known", [True, False])
def test_counted_as_missing_they_are_what_missing_values_are(tmp_path: Path, known: bool) -> None:
    def table(seed: int, empty: object) -> pd.DataFrame:
        r = np.random.default_rng(seed)
        data = pd.concat([frame(one, empty) for one in range(seed, seed + 20)], ignore_index=True)
        many = np.array([f"v{i}" for i in r.integers(0, 12_000, len(data))], dtype=object)
        many[r.random(len(data)) < 0.1] = empty
        number = r.integers(0, 9, len(data)).astype(str).astype(object)
        number[r.random(len(data)) < 0.1] = empty
        return data.assign(many=many, n=number)

    reference = table(1, "" if known else None).assign(n=np.arange(30_000.0))
    empty, missing = (table(30, value) for value in ("", None))
    found, expected = (
        empty_as_missing(counted(reference, batch, tmp_path, "parquet")) for batch in (empty, missing)
    )
    assert found.grid.columns[found.grid.index["many"]].open
    assert not found.scalars[:, EMPTY].any()
    assert np.array_equal(found.scalars, expected.scalars)
    assert np.array_equal(found.counts, expected.counts)
    assert np.allclose(found.sums, expected.sums)
    assert all("" not in words for words in found.others.values())
