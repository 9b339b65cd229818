"""A pandera schema file says the same as ``[data.expect]``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.data.errors import DataError
from runwatch.data.pandera_schema import expectations

SCHEMA = """
schema_type: dataframe
version: 0.22.1
columns:
  age:
    title: null
    dtype: int64
    nullable: false
    checks:
      greater_than_or_equal_to: {value: 0, options: {check_name: greater_than_or_equal_to}}
      less_than_or_equal_to: 120
    unique: false
    required: true
  country:
    dtype: str
    nullable: true
    checks:
      isin: {value: [NL, SE], options: {}}
    unique: false
    required: false
  id: {dtype: object, nullable: false, checks: null, unique: true, required: true}
checks: null
index: null
"""


def test_it_reads_as_expectations(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCHEMA)
    assert expectations(str(tmp_path / "s.yaml")) == {
        "columns": {
            "age": {"required": True, "type": "numeric", "missing": 0.0, "min": 0, "max": 120},
            "country": {"required": False, "values": ["NL", "SE"]},
            "id": {"required": True, "missing": 0.0, "unique": True},
        }
    }


def test_what_breaks_it_is_critical(tmp_path: Path, capsys) -> None:
    (tmp_path / "s.yaml").write_text(SCHEMA)
    (tmp_path / "d.csv").write_text(
        "age,country,id\n" + "".join(f"{20 + i},NL,a{i}\n" for i in range(50)) + "130,DK,a1\n"
    )
    assert main(["quality", str(tmp_path / "d.csv"), "--expect", str(tmp_path / "s.yaml"), "--json"]) == 2
    said = {f["subject"] + f["summary"] for f in json.loads(capsys.readouterr().out)["findings"]}
    for part in ("130", "not allowed", "more than once"):
        assert any(part in one for one in said), part


@pytest.mark.parametrize("text", ["", "columns: 3", "just words", "a: [1"])
def test_what_is_no_schema_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(DataError):
        expectations(str(tmp_path / "s.yaml"))


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.yaml")
    with pytest.raises(DataError, match="not a regular file"):
        expectations(str(tmp_path / "s.yaml"))
