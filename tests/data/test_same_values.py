"""The same values by another tool: no finding in drift or quality."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main


def findings(reference: Path, current: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["quality", str(current), "--reference", str(reference), "--json"])
    return [found["summary"] for found in json.loads(capsys.readouterr().out)["findings"]]


def test_another_width_or_pandas_fractions_are_no_change_of_type(tmp_path: Path, capsys) -> None:
    r = np.random.default_rng(1)
    gaps, count = r.random(500) < 0.1, r.integers(0, 30, 500)
    amount = r.normal(size=500).astype(np.float32)
    raw = [r.bytes(8) for _ in range(500)]
    narrow = {
        "count": pa.array(count, pa.int16(), mask=gaps),
        "amount": pa.array(amount),
        "raw": pa.array(raw),
    }
    wide = {
        "count": pa.array(count, pa.float64(), mask=gaps),
        "amount": pa.array(amount, pa.float64()),
        "raw": pa.array(raw, pa.large_binary()),
    }
    pq.write_table(pa.table(narrow), tmp_path / "a.parquet")
    pq.write_table(pa.table(wide), tmp_path / "b.parquet")
    assert findings(tmp_path / "a.parquet", tmp_path / "b.parquet", capsys) == []
    assert findings(tmp_path / "b.parquet", tmp_path / "a.parquet", capsys) == []
    whole = pa.table({**wide, "count": pa.array(count, pa.int64())})
    pq.write_table(whole, tmp_path / "c.parquet")
    found = findings(tmp_path / "c.parquet", tmp_path / "b.parquet", capsys)
    assert any("missing" in one for one in found) and not any("type" in one for one in found)


def test_values_in_a_path_have_no_type_of_their_own(tmp_path: Path, capsys) -> None:
    r = np.random.default_rng(2)
    pieces = []
    for code in ("1", "2", "30"):
        (tmp_path / "parts" / f"code={code}").mkdir(parents=True)
        values = r.normal(size=200)
        pq.write_table(pa.table({"x": values}), tmp_path / "parts" / f"code={code}" / "0.parquet")
        pieces.append(pa.table({"x": values, "code": pa.array([int(code)] * 200, pa.int32())}))
    pq.write_table(pa.concat_tables(pieces), tmp_path / "whole.parquet")
    assert findings(tmp_path / "whole.parquet", tmp_path / "parts", capsys) == []


def test_text_kept_as_bytes_is_still_looked_at(tmp_path: Path, capsys) -> None:
    words = [b"caf\xc3\xa9", b"tea", b"milk"] * 100 + ["cafÃ©".encode()] * 20
    pq.write_table(pa.table({"drink": pa.array(words, pa.binary())}), tmp_path / "a.parquet")
    assert any("garbled" in one for one in findings(tmp_path / "a.parquet", tmp_path / "a.parquet", capsys))


def test_sparks_times_without_a_zone_in_orc_are_times(tmp_path: Path, capsys) -> None:
    at = np.random.default_rng(3).integers(1_700_000_000, 1_700_600_000, 400) * 1_000_000
    marked = pa.field("at", pa.int64(), metadata={"spark.sql.catalyst.type": "timestamp_ntz"})
    orc.write_table(pa.table({"at": pa.array(at)}, schema=pa.schema([marked])), tmp_path / "a.orc")
    pq.write_table(pa.table({"at": pa.array(at, pa.timestamp("us"))}), tmp_path / "b.parquet")
    assert findings(tmp_path / "b.parquet", tmp_path / "a.orc", capsys) == []


def test_a_folder_of_another_format_is_not_called_empty(tmp_path: Path, capsys) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "a.parquet")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_SUCCESS").write_text("")
    (tmp_path / "out" / "part-00000-c000.xml").write_text("<rows/>")
    assert main(["drift", str(tmp_path / "a.parquet"), str(tmp_path / "out")]) == 3
    assert "part-00000-c000.xml" in capsys.readouterr().err


def test_an_excluded_column_that_is_new_is_not_told(tmp_path: Path, capsys) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0, 3.0] * 30}), tmp_path / "a.parquet")
    now = pa.table({"x": [1.0, 2.0, 3.0] * 30, "debug_a": [0] * 90, "z": [0] * 90})
    pq.write_table(now, tmp_path / "b.parquet")
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    main(["drift", *paths, "--exclude", "debug_*", "--json"])
    assert {column["name"] for column in json.loads(capsys.readouterr().out)["columns"]} == {"x", "z"}
    main(["quality", paths[1], "--reference", paths[0], "--exclude", "debug_*", "--json"])
    assert "debug_a" not in capsys.readouterr().out


def test_json_kept_as_text_in_parquet_is_nested(tmp_path: Path, capsys) -> None:
    r = np.random.default_rng(4)
    for name, middle in (("a", 0.0), ("b", 0.0), ("c", 1.0)):
        rows = [
            {"price": float(v), "by": {"kind": str(k)}}
            for v, k in zip(r.normal(middle, 1, 2000), r.choice(["u", "v"], 2000), strict=True)
        ]
        pq.write_table(pa.table({"item": [json.dumps(row) for row in rows]}), tmp_path / f"{name}.parquet")
        pq.write_table(pa.table({"item": rows}), tmp_path / f"{name}_struct.parquet")
    for before, now, code in (
        ("a", "b", 0),
        ("a", "c", 2),
        ("a_struct", "b", 0),
        ("a_struct", "c", 2),
        ("a", "b_struct", 0),
    ):
        assert (
            main(["drift", str(tmp_path / f"{before}.parquet"), str(tmp_path / f"{now}.parquet"), "--json"])
            == code
        )
        columns = {c["name"]: c["verdict"] for c in json.loads(capsys.readouterr().out)["columns"]}
        assert columns["item.by.kind"] == "stable" and columns["item"] == "stable"
        assert columns["item.price"] == ("drifted" if code else "stable")


def test_measured_values_in_a_dictionary_are_numbers(tmp_path: Path, capsys) -> None:
    r = np.random.default_rng(4)
    for name, n, mean in (("ref", 3000, 50), ("same", 1000, 50), ("moved", 1000, 65)):
        values = pa.array(r.normal(mean, 10, n).round(2)).dictionary_encode()
        feather.write_feather(pa.table({"v": values}), tmp_path / f"{name}.feather")
    assert main(["drift", str(tmp_path / "ref.feather"), str(tmp_path / "same.feather")]) == 0
    assert main(["drift", str(tmp_path / "ref.feather"), str(tmp_path / "moved.feather")]) == 2


def test_truth_as_yes_and_no_is_the_same_truth(tmp_path: Path, capsys) -> None:
    r = np.random.default_rng(5)
    for name, n, share in (("ref", 3000, 0.3), ("same", 1000, 0.3), ("moved", 1000, 0.6)):
        truth = r.random(n) < share
        pq.write_table(pa.table({"v": truth}), tmp_path / f"{name}.parquet")
        pq.write_table(pa.table({"v": np.where(truth, "Y", "N")}), tmp_path / f"{name}-yn.parquet")
    for name, code in (("same", 0), ("moved", 2)):
        assert main(["drift", str(tmp_path / "ref.parquet"), str(tmp_path / f"{name}-yn.parquet")]) == code
        assert main(["drift", str(tmp_path / "ref-yn.parquet"), str(tmp_path / f"{name}.parquet")]) == code
