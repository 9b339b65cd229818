"""``runwatch quality`` through its parser and its exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main, quality
from runwatch.domain.errors import UserError


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    quality.configure(parser)
    return quality.run(parser.parse_args([str(a) for a in arguments]))


def good(n: int = 2000, seed: int = 0) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    return {
        "id": np.arange(n) + seed * n,
        "age": rng.normal(40, 10, n),
        "city": rng.choice(["Oslo", "Rome", "Lima"], n),
    }


def save(path: Path, columns: dict[str, object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_good_data_is_ok(tmp_path: Path, capsys) -> None:
    reference, batch = save(tmp_path / "a.parquet", good()), save(tmp_path / "b.parquet", good(seed=1))
    assert call(batch, "--reference", reference, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1 and found["verdict"] == "ok" and found["findings"] == []
    assert call(batch) == 0
    assert "nothing to report" in capsys.readouterr().out


def test_findings_carry_the_fields_of_the_contract(tmp_path: Path, capsys) -> None:
    reference = save(tmp_path / "a.parquet", good())
    bad = good(seed=1)
    bad["id"] = np.zeros(2000, dtype=int)
    del bad["city"]
    assert call(save(tmp_path / "b.parquet", bad), "--reference", reference, "--json") == 2
    found = json.loads(capsys.readouterr().out)
    wanted = "rule severity subject run summary evidence advice first_seen last_seen fingerprint"
    assert all(set(wanted.split()) <= set(one) for one in found["findings"])
    assert {"schema-change", "duplicates"} <= {one["check"] for one in found["findings"]}
    assert {one["rule"] for one in found["findings"]} == {"data-quality"}
    prints = [one["fingerprint"] for one in found["findings"]]
    assert len(set(prints)) == len(prints)


def test_hard_rules_from_a_file(tmp_path: Path, capsys) -> None:
    data = save(tmp_path / "a.parquet", good())
    rules = tmp_path / "runwatch.toml"
    rules.write_text("[data.expect]\nrows = {min = 5000}\n[data.expect.columns.age]\nmax = 50\n")
    assert call(data, "--expect", rules, "--json") == 2
    summaries = [one["summary"] for one in json.loads(capsys.readouterr().out)["findings"]]
    assert any("at least 5,000" in s for s in summaries) and any("is above 50" in s for s in summaries)
    with pytest.raises(UserError):
        call(data, "--expect", tmp_path / "none.toml")


def test_fail_on(tmp_path: Path, capsys) -> None:
    columns = good()
    columns["note"] = np.where(np.arange(2000) % 9 == 0, " padded ", "plain")
    path = save(tmp_path / "a.parquet", columns)
    assert call(path) == 0 and call(path, "--fail-on", "info") == 1
    columns["empty"] = pa.nulls(2000, pa.float64())
    assert call(save(path, columns)) == 1 and call(path, "--fail-on", "never") == 0


def test_unreadable_data_is_unknown_or_an_error(tmp_path: Path, capsys) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 half")
    reference = save(tmp_path / "a.parquet", good())
    assert call(tmp_path / "torn.parquet", "--reference", reference, "--json") == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out)["verdict"] == "unknown" and "torn.parquet" in captured.err
    with pytest.raises(UserError):
        call(tmp_path / "torn.parquet")
    with pytest.raises(UserError):
        call(tmp_path / "none.csv")


@pytest.mark.parametrize("options", [["--target", "nosuch"], ["--key", "nosuch"], ["--kind", "nosuch=text"]])
def test_a_column_that_no_file_has_is_an_error(tmp_path: Path, capsys, options: list[str]) -> None:
    data = str(save(tmp_path / "d.parquet", good()))
    assert main(["quality", data, *options]) == 3
    assert "nosuch" in capsys.readouterr().err


@pytest.mark.filterwarnings("error")
def test_moments_too_close_for_a_double_are_judged(tmp_path: Path, capsys) -> None:
    """Nanoseconds a few apart are one double: a bin between them holds a value all the same."""
    base, n = 1_700_000_000_000_000_000, 600
    data = {"x": np.linspace(0, 1, n), "at": pa.array(base + np.arange(n) % 2, pa.timestamp("ns"))}
    assert call(save(tmp_path / "a.parquet", data), "--json") in (0, 1)
    assert json.loads(capsys.readouterr().out)["rows"] == n
