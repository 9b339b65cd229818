"""SwanLab 0.10.3 without a server (tests/fixtures/makers/swanlab_run.py)."""

from __future__ import annotations

import math
from pathlib import Path

from growing import grown
from harness import FIXTURES, Told, read_all

from runwatch.domain.operations import Evidence, Label, Started
from runwatch.readers import swanlab

RUNS = FIXTURES / "swanlab"
ENDS, RAISES, KILLED = sorted(path.name for path in RUNS.iterdir())


def run(name: str) -> Told:
    return read_all(swanlab, RUNS).runs[name]


def test_a_run_that_ended() -> None:
    told = run(ENDS)
    assert set(told.series) == {"train/loss", "val/acc"}
    loss = told.series["train/loss"]
    assert loss.steps.tolist() == [0, 2, 4, 6, 8, 10]
    assert math.isnan(loss.values[3])
    assert math.isinf(loss.values[4])
    assert loss.values[5] == 1 / 6
    assert told.series["val/acc"].values[0] == 0.0
    assert told.hparams == {"lr": 0.1, "layers": [1, 2]}
    assert {label.key: label.value for label in told.of(Label)} == {
        "project": "demo",
        "name": "ends",
        "group": "night",
    }
    assert told.of(Started)
    assert told.of(Evidence)[-1].status == "finished"


def test_a_run_that_raised() -> None:
    told = run(RAISES)
    assert told.of(Evidence)[-1].status == "crashed"
    assert told.of(Evidence)[-1].reason == "SwanLab recorded: ValueError: no such shard"
    assert len(told.series["train/loss"]) == 3


def test_a_run_that_was_killed_before_its_first_4_kib_is_one_all_the_same() -> None:
    assert run(KILLED).hparams["lr"] == 0.1


def test_any_split_reads_the_same(tmp_path: Path) -> None:
    data = next((RUNS / ENDS).glob("*.swanlab")).read_bytes()
    whole = grown(swanlab, tmp_path / "a", "run-x.swanlab", data, [])
    for cut in range(3, len(data), 211):
        assert grown(swanlab, tmp_path / "b", "run-x.swanlab", data, [cut, cut + 40]) == whole


def test_damage_and_other_versions_are_said(tmp_path: Path) -> None:
    data = bytearray(next((RUNS / ENDS).glob("*.swanlab")).read_bytes())
    data[1200] ^= 0xFF
    (tmp_path / "run-x.swanlab").write_bytes(data)
    session = read_all(swanlab, tmp_path, final=True)
    assert session.problems
    assert session.runs["."].of(Evidence)[-1].status == "finished"
    data[6] = 1
    (tmp_path / "run-x.swanlab").write_bytes(data)
    assert [problem.message for problem in read_all(swanlab, tmp_path).problems] == [
        "not a SwanLab run file of version 2"
    ]
