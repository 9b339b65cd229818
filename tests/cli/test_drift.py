"""``runwatch drift`` through its parser and its exit codes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from runwatch.cli import drift
from runwatch.domain.errors import UserError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "drift"


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    drift.configure(parser)
    return drift.run(parser.parse_args([str(a) for a in arguments]))


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def table(n: int, seed: int, shift: float = 0.0, missing: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, n)
    x[rng.random(n) < missing] = np.nan
    return pa.table(
        {"x": pa.array(x, from_pandas=True), "y": rng.normal(size=n), "region": rng.choice(["n", "s"], n)}
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    pq.write_table(table(5000, 0), tmp_path / "ref.parquet")
    pq.write_table(table(3000, 1), tmp_path / "same.parquet")
    pq.write_table(table(3000, 2, shift=0.6), tmp_path / "moved.parquet")
    pq.write_table(table(20_000, 3, shift=0.12), tmp_path / "little.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code", "verdict"), [("same", 0, "stable"), ("little", 1, "warning"), ("moved", 2, "drifted")]
)
def test_exit_codes_follow_the_verdict(files, capsys, name, code, verdict) -> None:
    assert call(files / "ref.parquet", files / f"{name}.parquet", "--json") == code
    assert said(capsys)["verdict"] == verdict


@pytest.mark.parametrize(("level", "codes"), [("never", (0, 0)), ("critical", (0, 2)), ("info", (1, 2))])
def test_fail_on(files, capsys, level, codes) -> None:
    found = [
        call(files / "ref.parquet", files / f"{n}.parquet", "--fail-on", level) for n in ("little", "moved")
    ]
    assert tuple(found) == codes


def test_json_has_every_field_of_the_contract(files, capsys) -> None:
    call(files / "ref.parquet", files / "moved.parquet", files / "same.parquet", "--json")
    found = said(capsys)
    assert found["schema"] == 1 and found["multivariate"] is None
    assert found["reference"] == {"files": 1, "rows": 5000} and found["current"] == {"files": 2, "rows": 6000}
    assert found["share_drifted"] == pytest.approx(1 / 3)
    wanted = (
        "name kind verdict reason method effect p_value p_adjusted psi js ks wasserstein chi2 "
        "missing_reference missing_current new_categories reference_n current_n"
    )
    for column in found["columns"]:
        assert set(wanted.split()) <= set(column)
    assert found["columns"][0]["name"] == "x"


def test_text_names_what_moved(files, capsys) -> None:
    call(files / "ref.parquet", files / "moved.parquet")
    out = capsys.readouterr().out
    assert "drifted" in out and "the median rose by" in out and "2 stable" in out


def test_columns_stand_below_one_another_however_wide_their_names_are(capsys, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shift in (("a", 0.0), ("b", 2.0)):
        frame = {word: rng.normal(shift, 1, 500) for word in ("订单金额合计", "x")}
        pacsv.write_csv(pa.table(frame), tmp_path / f"{name}.csv")
    call(tmp_path / "a.csv", tmp_path / "b.csv")
    lines = [line for line in capsys.readouterr().out.splitlines() if "  drifted  " in line]
    assert len(lines) == 2 and len({cell_len(line.partition("drifted")[0]) for line in lines}) == 1


def test_car_loan(capsys, tmp_path: Path) -> None:
    rows = pq.read_table(FIXTURES / "car_loan_ana.parquet")
    pq.write_table(rows[25_000:], tmp_path / "second.parquet")
    assert (
        call(FIXTURES / "car_loan_ref.parquet", tmp_path / "second.parquet", "--target", "repaid", "--json")
        == 2
    )
    columns = {c["name"]: c for c in said(capsys)["columns"]}
    assert columns["repaid"]["role"] == "target" and columns["car_value"]["verdict"] == "drifted"


def test_nothing_that_can_be_told_is_unknown(files, capsys, tmp_path: Path) -> None:
    pq.write_table(table(5, 4), tmp_path / "tiny.parquet")
    assert call(files / "ref.parquet", tmp_path / "tiny.parquet", "--json") == 3
    assert said(capsys)["verdict"] == "unknown"


def test_an_unreadable_batch_is_said_and_the_rest_judged(files, capsys) -> None:
    (files / "torn.parquet").write_bytes(b"PAR1 half")
    assert call(files / "ref.parquet", files / "moved.parquet", files / "torn.parquet", "--json") == 2
    captured = capsys.readouterr()
    assert "torn.parquet" in captured.err and captured.err.startswith("runwatch: ") and ";" in captured.err
    found = json.loads(captured.out)
    assert len(found["problems"]) == 1 and found["batches"][1]["problem"]["message"]
    assert call(files / "ref.parquet", files / "torn.parquet", "--json") == 3


@pytest.mark.parametrize("bad", ["none.parquet", "*.csv", "notes.txt"])
def test_a_path_that_is_no_data_is_an_error_for_people(files, bad) -> None:
    (files / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match=";"):
        call(files / "ref.parquet", files / bad)


def test_bad_options_are_errors_for_people(files) -> None:
    for options in (["--kind", "x"], ["--engine", "spark://x"], ["--importance", "none.json"]):
        with pytest.raises(UserError):
            call(files / "ref.parquet", files / "same.parquet", *options)


def test_declared_kinds_and_left_out_columns(files, capsys) -> None:
    call(files / "ref.parquet", files / "same.parquet", "--json", "--exclude", "y", "--kind", "region=text")
    columns = {c["name"]: c for c in said(capsys)["columns"]}
    assert set(columns) == {"x", "region"}
    assert columns["region"]["kind"] == "text" and columns["region"]["kind_guessed"] is False


def test_importance_ranks(files, capsys) -> None:
    (files / "imp.json").write_text('{"x": 0.5, "region": 0.1}')
    call(files / "ref.parquet", files / "moved.parquet", "--json", "--importance", files / "imp.json")
    assert said(capsys)["columns"][0]["importance"] == 0.5


def test_by_segment(files, capsys) -> None:
    rows = table(4000, 5).to_pydict()
    rows["x"] = [v + (1.5 if r == "s" else 0) for v, r in zip(rows["x"], rows["region"], strict=True)]
    pq.write_table(pa.table(rows), files / "south.parquet")
    assert call(files / "ref.parquet", files / "south.parquet", "--by", "region", "--json") == 2
    segments = {s["segment"]: s["verdict"] for s in said(capsys)["segments"]}
    assert segments == {"region = s": "drifted", "region = n": "stable"}


def test_multivariate(files, capsys) -> None:
    call(files / "ref.parquet", files / "moved.parquet", "--multivariate", "--json")
    found = said(capsys)["multivariate"]
    assert found["verdict"] in ("warning", "drifted") and found["auc"] > 0.6 and found["p_value"] < 0.01
    assert found["top_features"][0]["name"] == "x"


def test_csv_against_parquet(files, capsys) -> None:
    pacsv.write_csv(table(3000, 1), files / "same.csv")
    assert call(files / "ref.parquet", files / "same.csv", "--json") == 0


def test_names_from_disk_cannot_drive_the_terminal(tmp_path: Path, capsys) -> None:
    name = "a\x1b]0;owned\x07"
    pq.write_table(pa.table({name: np.zeros(2000)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({name: np.ones(2000)}), tmp_path / "b.parquet")
    assert call(tmp_path / "a.parquet", tmp_path / "b.parquet") == 2
    assert "\x1b" not in capsys.readouterr().out


def test_a_columns_name_stands_in_json_as_it_is(tmp_path: Path, capsys) -> None:
    for name in ("a", "b"):
        pq.write_table(pa.table({"cost\\unit": np.arange(2000.0)}), tmp_path / f"{name}.parquet")
    call(tmp_path / "a.parquet", tmp_path / "b.parquet", "--json")
    assert [column["name"] for column in said(capsys)["columns"]] == ["cost\\unit"]


def test_a_plain_run_imports_neither_pandas_nor_scipy(files) -> None:
    script = (
        "import sys, io, contextlib, argparse\n"
        "from runwatch.cli import drift\n"
        "p = argparse.ArgumentParser(); drift.configure(p)\n"
        "with contextlib.redirect_stdout(io.StringIO()): drift.run(p.parse_args(sys.argv[1:]))\n"
        "print([m for m in ('pandas', 'scipy', 'sklearn', 'textual', 'fsspec') if m in sys.modules])\n"
    )
    arguments = [str(files / "ref.parquet"), str(files / "moved.parquet"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_block_of_missing_values_is_found_where_the_reference_has_none(tmp_path: Path) -> None:
    words = np.random.default_rng(3).choice(["basic", "plus", "max"], 4000)
    pq.write_table(pa.table({"plan": words[:3000]}), tmp_path / "ref.parquet")
    pq.write_table(
        pa.table(
            {"plan": [None if 600 <= i < 901 else word for i, word in enumerate(words[3000:].tolist())]}
        ),
        tmp_path / "new.parquet",
    )
    command = [sys.executable, "-m", "runwatch", "drift", "ref.parquet", "new.parquet", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stdout)["columns"][0]["verdict"] == "drifted"
