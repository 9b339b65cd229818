"""Logs whose columns a person names, and what is said of those that nobody named."""

from __future__ import annotations

import json
from pathlib import Path

from runwatch.cli import main

LOSSES = "examples_seen,loss_a,loss_b,lr,logged_at\n100,2.0,3.0,0.1,1700000000\n200,1.5,2.5,0.1,1700000060\n"


def _ls(root: Path, capsys) -> dict:  # type: ignore[no-untyped-def]
    assert main(["ls", str(root), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_metrics_without_a_known_step_are_a_problem_with_the_way_out(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "losses.csv").write_text(LOSSES)
    (tmp_path / "log.jsonl").write_text('{"train_loss": 1.0}\n{"train_loss": 0.5}\n')
    (tmp_path / "table.csv").write_text("price,rooms\n1,2\n2,3\n")
    told = _ls(tmp_path, capsys)
    assert not told["runs"]
    assert {p["file"] for p in told["problems"]} == {"losses.csv", "log.jsonl"}
    assert all("[[runs]]" in p["hint"] for p in told["problems"])


def test_named_columns_make_a_run(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "exp").mkdir()
    (tmp_path / "exp" / "losses.csv").write_text(LOSSES)
    (tmp_path / "runwatch.toml").write_text(
        '[[runs]]\nfiles = "**/losses.csv"\nstep = "examples_seen"\n'
        'wall = "logged_at"\nmetrics = ["loss_*"]\n'
    )
    told = _ls(tmp_path, capsys)
    [run] = told["runs"]
    assert (run["id"], run["step"], set(run["metrics"])) == ("exp", 200, {"loss_a", "loss_b"})
    assert run["started"] == "2023-11-14T22:13:20+00:00" and not told["problems"]


def test_a_key_of_json_lines_may_be_named_too(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "log.jsonl").write_text('{"n": 1, "train_loss": 1.0}\n{"n": 2, "train_loss": 0.5}\n')
    (tmp_path / "runwatch.toml").write_text('[[runs]]\nfiles = "log.jsonl"\nstep = "n"\n')
    [run] = _ls(tmp_path, capsys)["runs"]
    assert run["metrics"]["train_loss"]["last_step"] == 2


def test_a_wrong_name_is_said(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "losses.csv").write_text(LOSSES)
    (tmp_path / "runwatch.toml").write_text('[[runs]]\nfiles = "losses.csv"\nstep = "examples"\n')
    [run] = _ls(tmp_path, capsys)["runs"]
    assert "no column is called examples" in run["problems"][0]["message"]
