"""Files as real tools write them: the same values give the same verdicts, whatever wrote them."""

from __future__ import annotations

import bz2
import datetime as dt
import decimal
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest
from drift_command import MOVED, drift, verdict

from runwatch.cli import main
from runwatch.data import sample
from runwatch.data.files import resolve

FILES = Path(__file__).parents[1] / "fixtures" / "writers"
REAL = [
    ("spark/p_ref", "spark/p_same", "region", "stable", 600),
    ("spark/p_ref", "spark/p_moved", "region", "drifted", 600),
    ("spark/csvpq_ref", "spark/csv_same", "txt", "stable", 600),
    ("spark/csvpq_ref", "spark/json_same", "txt", "stable", 600),
    ("spark/int96_ref", "spark/int96_moved", "valid_to", "drifted", 600),
    ("duckdb/p_ref", "duckdb/p_moved", "region", "drifted", None),
    ("delta/ref.parquet", "delta/overwritten", "x", "stable", 600),
    ("delta/ref.parquet", "delta/deleted", "x", "stable", 600),
    ("delta/ref.parquet", "delta/moved", "x", "drifted", 600),
    ("delta/ref.parquet", "delta/moved/*.parquet", "x", "drifted", 600),
    ("iceberg/ref.parquet", "iceberg/overwritten", "x", "stable", 600),
    ("hf/ref.parquet", "hf/csv_default", "x", "stable", 600),
    ("hf/ref.parquet", "hf/saved", "x", "stable", 600),
    ("polars/cat_ref.arrow", "polars/cat_same.arrow", "tier", "stable", None),
    ("polars/cat_ref.arrow", "polars/cat_moved.arrow", "tier", "drifted", None),
    ("polars/i128_ref.parquet", "polars/i128_same.parquet", "anchor", "stable", None),
    ("polars/i128_ref.parquet", "polars/i128_same.parquet", "units", "stable", None),
    ("polars/dur_ref.parquet", "polars/dur_same.ndjson", "wait", "stable", None),
    ("polars/dur_ref.parquet", "polars/dur_moved.ndjson", "wait", "drifted", None),
    ("fastparquet/ref.parquet", "fastparquet/same.parquet", "wait", "stable", None),
    ("fastparquet/ref.parquet", "fastparquet/moved.parquet", "wait", "drifted", None),
]


@pytest.mark.parametrize(("reference", "current", "column", "expected", "rows"), REAL)
def test_what_real_tools_wrote(
    reference: str, current: str, column: str, expected: str, rows: int | None
) -> None:
    code, report, said = drift(FILES / reference, FILES / current)
    assert code < 3, said
    assert report["columns"][column]["verdict"] == expected
    assert rows is None or report["current"]["rows"] == rows


def test_types_that_arrow_has_no_plain_name_for_are_columns_like_others() -> None:
    code, report, said = drift(FILES / "duckdb/types_ref.parquet", FILES / "duckdb/types_ref.parquet")
    assert code == 0 and not said
    assert report["columns"]["wait"]["kind"] == "numeric" and report["columns"]["wait"]["verdict"] == "stable"


def test_a_table_without_rows_is_said_to_be_one() -> None:
    code, _, said = drift(FILES / "spark/p_ref", FILES / "spark/p_norows")
    assert code == 3 and "no rows" in said


def frame(n: int, seed: int, moved: bool = False) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": (r.normal(size=n) + moved).round(4),
            "grid": r.choice(np.arange(0, 1, 0.1), n, p=np.arange(1, 11) / 55 if moved else None),
            "flag": r.random(n) < (0.6 if moved else 0.3),
            "code": [f"{i:05d}" for i in r.integers(0, 400, n) * 7 + (1 if moved else 0)],
            "tier": r.choice(list("abc"), n, p=[0.1, 0.3, 0.6] if moved else [0.5, 0.3, 0.2]),
            "born": pd.Timestamp("1980-01-01") + pd.to_timedelta(r.integers(0, 9000, n) - 6000 * moved, "D"),
            "wait": pd.to_timedelta(r.integers(100, 5000, n) * (3 if moved else 1), "s"),
        }
    )


def write(data: pd.DataFrame, path: Path) -> Path:
    name = path.name
    text = data.to_csv(index=False)
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    if name.endswith(".parquet"):
        data.to_parquet(path)
    elif name.endswith(".feather"):
        data.to_feather(path)
    elif name.endswith(".orc"):
        seconds = data["wait"].dt.total_seconds().astype("int64")
        orc.write_table(pa.Table.from_pandas(data.assign(wait=seconds), preserve_index=False), str(path))
    elif name.endswith((".jsonl", ".ndjson")):
        data.to_json(path, orient="records", lines=True, date_format="iso")
    elif name.endswith(".json"):
        data.to_json(path, orient="records", date_format="iso")
    elif name.endswith(".de.csv"):
        data.to_csv(path, sep=";", decimal=",", index=False)
    elif name.endswith(".zst"):
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            out.write(text.encode())
    elif path.suffix in packers:
        path.write_bytes(packers[path.suffix](text.encode()))
    elif name.endswith(".tsv"):
        data.to_csv(path, sep="\t")
    else:
        path.write_text(text)
    return path


ENDINGS = [".parquet", ".feather", ".orc", ".jsonl", ".json", ".csv", ".de.csv", ".tsv"]
PACKED = [".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst"]


@pytest.mark.parametrize("reference", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize("ending", [*ENDINGS, *PACKED])
def test_the_same_rows_give_the_same_verdicts_in_every_format(
    tmp_path: Path, reference: str, ending: str
) -> None:
    trusted = write(frame(3000, 1), tmp_path / f"ref{reference}")
    same, moved = (
        write(frame(1500, 2), tmp_path / f"same{ending}"),
        write(frame(1500, 3, True), tmp_path / f"moved{ending}"),
    )
    code, still, said = drift(trusted, same)
    assert code == 0 and not said, still
    assert {name: c["verdict"] for name, c in still["columns"].items()} == dict.fromkeys(
        frame(1, 1).columns, "stable"
    )
    code, changed, said = drift(trusted, moved)
    assert code == 2 and not said
    assert {c["verdict"] for c in changed["columns"].values()} <= set(MOVED)


def test_a_gzip_body_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    write(frame(3000, 1), tmp_path / "ref.csv")
    (tmp_path / "b.csv").write_bytes(gzip.compress(frame(900, 2).to_csv(index=False).encode()))
    assert drift(tmp_path / "ref.csv", tmp_path / "b.csv")[1]["current"]["rows"] == 900


HEADERS = {"comments": "# exported\n# by: a job\n", "delimiter": "sep=,\n", "blank": "\n"}


@pytest.mark.parametrize("before", HEADERS.values(), ids=HEADERS)
def test_what_stands_before_a_header_is_no_header(tmp_path: Path, before: str) -> None:
    for name, seed in (("ref", 1), ("cur", 2)):
        (tmp_path / f"{name}.csv").write_text(before + frame(1500, seed).to_csv(index=False))
    code, report, said = drift(tmp_path / "ref.csv", tmp_path / "cur.csv")
    assert code == 0 and report["current"]["rows"] == 1500, said


def test_a_header_cell_may_hold_the_other_delimiters(tmp_path: Path) -> None:
    for name, seed in (("ref", 1), ("cur", 2)):
        data = frame(1500, seed).rename(columns={"x": "size, s, m\nl"})
        data.to_csv(tmp_path / f"{name}.csv", sep=";", index=False)
    code, report, said = drift(tmp_path / "ref.csv", tmp_path / "cur.csv")
    assert code == 0 and "size, s, m\nl" in report["columns"], said


def test_lines_that_are_no_rows_are_named_and_too_many_are_an_error(tmp_path: Path) -> None:
    lines = frame(2000, 1).to_csv(index=False).splitlines(keepends=True)
    (tmp_path / "ref.csv").write_text("".join(lines))
    (tmp_path / "few.csv").write_text("".join([*lines, "1,2\n"]))
    (tmp_path / "many.csv").write_text("".join([*lines, *["1,2\n"] * 100]))
    code, _, said = drift(tmp_path / "ref.csv", tmp_path / "few.csv")
    assert code == 0 and "1 of 2,001 lines" in said
    code, _, said = drift(tmp_path / "ref.csv", tmp_path / "many.csv")
    assert code == 3 and "100 of 2,100 lines" in said


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("kind", ["float32", "float16", "decimal"])
@pytest.mark.parametrize("moved", [False, True])
def test_values_are_compared_in_the_coarser_precision(tmp_path: Path, kind: str, moved: bool) -> None:
    r = np.random.default_rng(0)
    tenths = np.round(np.arange(0, 1, 0.1), 1)
    before = r.choice(tenths, 3000)
    now = r.choice(tenths, 1000, p=np.arange(1, 11) / 55 if moved else None)
    written = (
        pa.array([decimal.Decimal(str(v)) for v in now]) if kind == "decimal" else pa.array(now.astype(kind))
    )
    wide = parquet(tmp_path / "wide.parquet", p=before)
    narrow = parquet(tmp_path / "narrow.parquet", p=written)
    assert (verdict(wide, narrow, "p") in MOVED) is moved
    assert (verdict(narrow, wide, "p") in MOVED) is moved


@pytest.mark.parametrize("form", ["int", "float", "str", "bool8"])
def test_one_boolean_in_every_form(tmp_path: Path, form: str) -> None:
    r = np.random.default_rng(1)
    truth = {"ref": r.random(3000) < 0.3, "same": r.random(1000) < 0.3, "moved": r.random(1000) < 0.6}

    def written(values: np.ndarray) -> Any:
        if form == "int":
            return values.astype(int)
        if form == "float":
            return pa.array([None if i % 97 == 0 else float(v) for i, v in enumerate(values)])
        if form == "bool8":
            return pa.ExtensionArray.from_storage(pa.bool8(), pa.array(values.astype("i1")))
        return [str(v) for v in values]

    base = parquet(tmp_path / "ref.parquet", flag=truth["ref"])
    other = parquet(tmp_path / "other.parquet", flag=written(truth["ref"]))
    for name in ("same", "moved"):
        now = parquet(tmp_path / f"{name}.parquet", flag=written(truth[name]))
        plain = parquet(tmp_path / f"{name}-plain.parquet", flag=truth[name])
        assert (verdict(base, now, "flag") in MOVED) is (name == "moved")
        assert (verdict(other, plain, "flag") in MOVED) is (name == "moved")


TEXTS = {
    "thousands": lambda v: f"{v:,.2f}",
    "german": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")),
    "spaces": lambda v: f"{v:,.2f}".replace(",", " "),
    "currency": lambda v: f"${v:,.2f}",
    "day first": lambda v: (dt.date(2000, 1, 1) + dt.timedelta(days=float(v))).strftime("%d.%m.%Y"),
    "month first": lambda v: (dt.date(2000, 1, 1) + dt.timedelta(days=float(v))).strftime("%m/%d/%Y"),
    "duration": lambda v: f"PT{int(v)}S",
}


@pytest.mark.parametrize("form", TEXTS)
def test_numbers_and_times_that_are_text_are_read_as_what_they_are(tmp_path: Path, form: str) -> None:
    r = np.random.default_rng(3)
    for name, n, factor in (("ref", 3000, 1.0), ("same", 1000, 1.0), ("moved", 1000, 0.5)):
        values = [TEXTS[form](v) for v in r.uniform(1000, 9000, n) * factor]
        data = pd.DataFrame({"a": r.normal(size=n).round(4), "v": values})
        data.to_csv(tmp_path / f"{name}.csv", index=False)
    assert verdict(tmp_path / "ref.csv", tmp_path / "same.csv", "v") == "stable"
    assert verdict(tmp_path / "ref.csv", tmp_path / "moved.csv", "v") in MOVED


def test_three_decimals_behind_a_comma_are_no_thousands(tmp_path: Path) -> None:
    r = np.random.default_rng(4)
    for name, n in (("plain", 3000), ("comma", 1000)):
        values = r.normal(15, 3, n).round(3)
        text = [str(v) if name == "plain" else str(v).replace(".", ",") for v in values]
        parquet(tmp_path / f"{name}.parquet", v=values if name == "plain" else text)
    assert verdict(tmp_path / "plain.parquet", tmp_path / "comma.parquet", "v") == "stable"


MOMENTS = [
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y", "%d.%m.%y", "%d-%b-%y", "%d%b%Y:%H:%M:%S", "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S.%f+00", "%Y-%m-%d %H:%M:%S,%f", "%a, %d %b %Y %H:%M:%S GMT", "%d/%b/%Y:%H:%M:%S +0000",
    "%a %b %d %H:%M:%S %Y", "%a %b %d %Y %H:%M:%S GMT+0000", "%Y%m%dT%H%M%SZ", "%A, %B %d, %Y", "%Y-%m",
]  # fmt: skip


@pytest.mark.parametrize("form", MOMENTS)
def test_moments_are_clocks_however_they_are_written(tmp_path: Path, form: str) -> None:
    r = np.random.default_rng(7)
    for name, start in (("ref", "2026-03-01"), ("next", "2026-06-01"), ("back", "2019-03-01")):
        seconds = pd.to_timedelta(r.integers(0, 90 * 86_400, 1000), unit="s")
        at = pd.to_datetime(start) + seconds
        pd.DataFrame({"t": at.strftime(form)}).to_parquet(tmp_path / f"{name}.parquet")
        pd.DataFrame({"t": at}).to_parquet(tmp_path / f"{name}-iso.parquet")
    for now in ("next", "next-iso"):
        assert verdict(tmp_path / "ref.parquet", tmp_path / f"{now}.parquet", "t") == "stable"
    assert verdict(tmp_path / "ref.parquet", tmp_path / "back.parquet", "t") in MOVED
    assert verdict(tmp_path / "ref-iso.parquet", tmp_path / "next.parquet", "t") == "stable"


def test_codes_of_three_pairs_of_digits_are_no_dates(tmp_path: Path) -> None:
    r = np.random.default_rng(8)
    codes = [f"{a:02}-{b:02}-{c:02}" for a, b, c in r.integers(0, 99, (60, 3))]
    for name, n, few in (("ref", 1500, 60), ("moved", 1000, 20)):
        pd.DataFrame({"c": r.choice(codes[:few], n)}).to_parquet(tmp_path / f"{name}.parquet")
    assert verdict(tmp_path / "ref.parquet", tmp_path / "moved.parquet", "c") in MOVED


@pytest.mark.parametrize("mark", ["n/a", "NaN", "TBD"])
@pytest.mark.parametrize(("before", "now"), [("csv", "parquet"), ("parquet", "csv"), ("parquet", "parquet")])
def test_a_word_for_missing_among_numbers_in_text_hides_none(
    tmp_path: Path, mark: str, before: str, now: str
) -> None:
    r = np.random.default_rng(5)
    for name, n, mean in (("ref", 3000, 50), ("same", 1000, 50), ("moved", 1000, 70)):
        text = [mark if r.random() < 0.06 else f"{v:.2f}" for v in r.normal(mean, 10, n)]
        data = pd.DataFrame({"v": text})
        data.to_csv(tmp_path / f"{name}.csv", index=False)
        data.to_parquet(tmp_path / f"{name}.parquet", index=False)
    assert verdict(tmp_path / f"ref.{before}", tmp_path / f"same.{now}", "v") == "stable"
    assert verdict(tmp_path / f"ref.{before}", tmp_path / f"moved.{now}", "v") in MOVED


def test_a_time_that_a_csv_has_as_a_number_counts_in_its_own_unit(tmp_path: Path) -> None:
    r = np.random.default_rng(6)
    for name, n in (("ref", 3000), ("same", 1000)):
        seconds = r.integers(0, 5000, n)
        clock = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in seconds]
        pd.DataFrame({"wait": clock if name == "ref" else seconds * 10**6}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    assert verdict(tmp_path / "ref.csv", tmp_path / "same.csv", "wait") == "stable"


def test_nested_columns_are_seen_by_their_leaves(tmp_path: Path) -> None:
    r = np.random.default_rng(4)

    def rows(n: int, shift: float) -> Any:
        pairs = zip(r.normal(shift, 1, n), r.integers(0, 4, n), strict=True)
        return pa.array([{"price": float(v), "tags": ["a"] * int(k)} for v, k in pairs])

    def vectors(n: int, shift: float) -> Any:
        return pa.FixedSizeListArray.from_arrays(pa.array(r.normal(shift, 1, 4 * n)), 4)

    ref = parquet(tmp_path / "ref.parquet", item=rows(3000, 0), vector=vectors(3000, 0))
    cur = parquet(tmp_path / "cur.parquet", item=rows(1000, 1), vector=vectors(1000, 1))
    _, report, _ = drift(ref, cur)
    found = {name: column["verdict"] for name, column in report["columns"].items()}
    assert found["item.price"] == found["vector.mean"] == "drifted"
    assert found["item.tags.length"] == found["vector.spread"] == found["vector.length"] == "stable"


def test_intervals_within_other_values_are_seen_by_their_leaves(tmp_path: Path) -> None:
    def written(name: str, months: int) -> Path:
        terms = pa.array([(months, day % 28, 0) for day in range(5600)], pa.month_day_nano_interval())
        steps = pa.ListArray.from_arrays(pa.array(range(5601), pa.int32()), terms)
        loans = pa.StructArray.from_arrays([terms, steps], names=["term", "steps"])
        feather.write_feather(pa.table({"loan": loans}), tmp_path / name)
        return tmp_path / name

    ref, same, moved = written("ref.arrow", 1), written("same.arrow", 1), written("moved.arrow", 5)
    for leaf in ("loan.term", "loan.steps.first"):
        assert (verdict(ref, same, leaf), verdict(ref, moved, leaf)) == ("stable", "drifted")


@pytest.mark.parametrize("before", ["parquet", "jsonl"])
@pytest.mark.parametrize("now", ["parquet", "jsonl"])
@pytest.mark.parametrize("bad_line", [False, True])
def test_nested_json_is_seen_by_its_leaves(tmp_path: Path, before: str, now: str, bad_line: bool) -> None:
    r = np.random.default_rng(5)

    def write_rows(path: Path, n: int, shift: float) -> Path:
        rows = [
            {"item": {"price": float(v), "kind": "a"}, "vector": [float(v), 1.0], "wait": f"PT{abs(v):.3f}S"}
            for v in r.normal(shift, 1, n)
        ]
        if path.suffix == ".jsonl":
            text = "".join(json.dumps(row) + "\n" for row in rows)
            path.write_text(text + ("{torn\n" if bad_line else ""))
        else:
            waits = [int(float(str(row["wait"])[2:-1]) * 1000) for row in rows]
            table = pa.Table.from_pylist([{k: v for k, v in row.items() if k != "wait"} for row in rows])
            table = table.append_column("wait", pa.array(waits, pa.duration("ms")))
            pq.write_table(table, path)
        return path

    ref = write_rows(tmp_path / f"ref.{before}", 3000, 0)
    for name, shift, expected in (("same", 0, "stable"), ("moved", 1, "drifted")):
        _, report, _ = drift(ref, write_rows(tmp_path / f"{name}.{now}", 1000, shift))
        found = {name: column["verdict"] for name, column in report["columns"].items()}
        assert found["item.price"] == found["vector.mean"] == found["wait"] == expected
        assert found["vector.length"] == found["item.kind"] == "stable"


def spelled(value: Any, how: str) -> Any:
    """A nested value as text: as ``json``, ``python`` (what pandas writes) or ``duckdb``."""
    if how == "json" or not isinstance(value, dict | list):
        return json.dumps(value) if isinstance(value, dict | list) else value
    if how == "python":
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(str(spelled(one, how)) for one in value) + "]"
    if value.keys() == {"a", "b"}:  # DuckDB's map
        return "{" + ", ".join(f"{k}={spelled(v, how)}" for k, v in value.items()) + "}"
    return "{" + ", ".join(f"'{k}': {spelled(v, how)}" for k, v in value.items()) + "}"


def nested_file(path: Path, how: str, seed: int, n: int, shift: float = 0.0) -> Path:
    r = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = [
        {
            "item": {"price": round(float(v), 4), "kind": str(r.choice(["a", "it is"]))},
            "tags": [str(one) for one in r.choice(["x", "y"], int(r.integers(1, 4)))],
            "scores": {"a": float(v), "b": int(r.integers(0, 9))},
            "vector": [round(float(v), 4), 1.0],
        }
        for v in r.normal(shift, 1, n)
    ]
    if how == "jsonl":
        path = path.with_suffix(".jsonl")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif how == "parquet":
        path = path.with_suffix(".parquet")
        kind = pa.map_(pa.string(), pa.float64())
        table = pa.Table.from_pylist([{k: v for k, v in row.items() if k != "scores"} for row in rows])
        maps = pa.array([list(row["scores"].items()) for row in rows], kind)
        pq.write_table(table.append_column("scores", maps), path)
    else:
        path = path.with_suffix(".csv")
        frame = pd.DataFrame([{k: spelled(v, how) for k, v in row.items()} for row in rows])
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("before", ["parquet", "jsonl", "python"])
@pytest.mark.parametrize("now", ["parquet", "jsonl", "json", "python", "duckdb"])
def test_nested_values_are_the_same_columns_in_every_format(tmp_path: Path, before: str, now: str) -> None:
    ref = nested_file(tmp_path / "ref", before, 1, 3000)
    for name, shift, expected in (("same", 0.0, "stable"), ("moved", 1.0, "drifted")):
        _, report, _ = drift(ref, nested_file(tmp_path / name, now, 2, 1000, shift))
        found = {name: column["verdict"] for name, column in report["columns"].items()}
        assert found["item.price"] == found["scores.a"] == found["vector.mean"] == expected
        still = ("item.kind", "scores.b", "tags.length", "tags.first", "vector.length")
        assert {found[one] for one in still} == {"stable"}
        assert set(found) - {*still, "item.price", "scores.a", "vector.mean", "vector.spread"} == {
            "item", "tags", "scores", "vector"
        }  # fmt: skip


def test_text_that_spells_no_nested_values_is_said_not_to_compare(tmp_path: Path) -> None:
    ref = nested_file(tmp_path / "ref", "parquet", 1, 3000)
    now = tmp_path / "now.csv"
    pd.DataFrame({"item": ["{0.5, a}"] * 500, "tags": ["x|y"] * 500}).to_csv(now, index=False)
    for a, b in ((ref, now), (now, ref)):
        _, report, _ = drift(a, b)
        found = report["columns"]
        for name in ("item", "tags"):
            assert found[name]["verdict"] == "unknown"
            assert "write both nested" in found[name]["reason"]
        if a == ref:
            assert found["item.price"]["verdict"] == found["tags.length"]["verdict"] == "unknown"


def test_intervals_of_ages_are_categories_and_no_lists(tmp_path: Path) -> None:
    r = np.random.default_rng(1)
    for name, p in (("ref", [0.5, 0.5]), ("cur", [0.1, 0.9])):
        pd.DataFrame({"age": r.choice(["(18, 25]", "[25, 40)"], 1000, p=p)}).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    _, report, _ = drift(tmp_path / "ref.csv", tmp_path / "cur.csv")
    assert list(report["columns"]) == ["age"] and report["columns"]["age"]["verdict"] == "drifted"


def test_a_writer_of_its_own_is_no_change_of_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    r = np.random.default_rng(1)
    tables = []
    for n, unit, wide, list_ in ((900, "ns", 4, pa.list_), (300, "us", 18, pa.large_list)):
        at = [dt.datetime(2026, 1, 1) + dt.timedelta(seconds=int(s)) for s in r.integers(0, 10**6, n)]
        price = [decimal.Decimal(int(v)) / 100 for v in r.integers(1000, 5000, n)]
        columns = {
            "at": pa.array(at, pa.timestamp(unit)),
            "zoned": pa.array(at, pa.timestamp(unit, "UTC")),
            "wait": pa.array([one - at[0] for one in at], pa.duration(unit)),
            "price": pa.array(price, pa.decimal128(wide, 2)),
            "tags": pa.array([["a", "b"]] * n, list_(pa.string())),
            "item": pa.array([{"x": 1.0}] * n, pa.struct([("x", pa.float64())])),
            "code": pa.array(r.integers(0, 10**6, n), pa.int64()),
        }
        tables.append(pa.table(columns))
    pq.write_table(tables[0], tmp_path / "ref.parquet")
    pq.write_table(tables[1].set_column(6, "code", tables[1]["at"]), tmp_path / "now.parquet")
    main(["quality", str(tmp_path / "now.parquet"), "--reference", str(tmp_path / "ref.parquet"), "--json"])
    found = json.loads(capsys.readouterr().out)
    key = next(key for key in ("checks", "issues", "findings") if key in found)
    changed = [c["column"] for c in found[key] if "type-change" in (c.get("check"), c.get("kind"))]
    assert changed == ["code"]
    main(["quality", str(tmp_path / "now.parquet"), "--reference", str(tmp_path / "ref.parquet"), "--json",
          "--exclude", "code"])  # fmt: skip
    assert "type-change" not in capsys.readouterr().out


def test_a_key_that_comes_late_is_a_column(tmp_path: Path) -> None:
    for name, factor in (("ref", 1.0), ("cur", 3.0)):
        r = np.random.default_rng(5)
        with open(tmp_path / f"{name}.jsonl", "w") as out:
            for i in range(6000):
                late = {"late": factor * float(r.normal(10))} if i > 5000 else {}
                out.write(json.dumps({"a": i % 7, "pad": "p" * 300, **late}) + "\n")
    assert verdict(tmp_path / "ref.jsonl", tmp_path / "cur.jsonl", "late") in MOVED


def test_short_rows_are_sampled_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_MOST_KEPT", 1000)
    (tmp_path / "short.csv").write_text("a\n" + "1\n2\n" * 300_000)
    (file,) = resolve(str(tmp_path / "short.csv"))
    ((_, arrays),) = sample.sampled([file], ["a"]).columns
    array = arrays[0]
    assert 0 < len(array) <= 400_000  # of 600,000: halved whenever a block brings more than is kept
    assert set(array.to_pylist()) == {1, 2}


def test_what_is_too_large_for_a_parser_is_refused_in_words(tmp_path: Path) -> None:
    ref = write(frame(200, 1), tmp_path / "ref.csv")
    (tmp_path / "names.jsonl").write_text("".join(json.dumps({f"k{i}": 1}) + "\n" for i in range(10_100)))
    (tmp_path / "deep.jsonl").write_text('{"a":' * 70 + "1" + "}" * 70 + "\n")
    (tmp_path / "line.csv").write_text("a,b\n1," + "x" * (9 << 20) + "\n")
    (tmp_path / "wide.csv").write_text(",".join(f"c{i}" for i in range(10_100)) + "\n")
    parquet(tmp_path / "cell.parquet", x=["x" * (9 << 20)])
    pq.write_table(pa.table({f"c{i}": [1] for i in range(50_001)}), tmp_path / "wide.parquet")
    said = {"names.jsonl": "different keys", "deep.jsonl": "deep", "line.csv": "MiB", "wide.csv": "columns"}
    said |= {"cell.parquet": "MiB", "wide.parquet": "columns"}
    for name, words in said.items():
        code, _, complaint = drift(ref, tmp_path / name)
        assert code == 3 and name in complaint and words in complaint
