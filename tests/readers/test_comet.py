"""Comet 3.58.8 without a server: an experiment that ended, and the empty zip of one that was killed."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

from harness import FIXTURES, claims, read_all

from runwatch.domain.operations import EpochAt, Evidence, Label, Started
from runwatch.readers import clearml, comet

ZIPS = FIXTURES / "comet"
ENDED, KILLED = "ea305994e9584c4ab2e85d176b8c2005", "707952367c0c42f883282496cfc74a7f"


def test_an_experiment_that_ended() -> None:
    told = read_all(comet, ZIPS).runs[ENDED]
    assert set(told.series) == {"loss", "validate_loss", "nostep"}
    loss = told.series["loss"]
    assert loss.steps.tolist() == [0, 10, 20, 30, 40]
    assert math.isnan(loss.values[2])
    assert math.isinf(loss.values[3])
    assert told.series["nostep"].steps.tolist() == [40]
    assert told.hparams == {"lr": 0.1, "net/layers": 2}
    assert {(label.key, label.value) for label in told.of(Label)} == {("name", "ends"), ("project", "demo")}
    assert told.of(Started)[0].at == 1796001608.130
    assert told.of(Evidence)[-1].status == "finished"


def test_until_the_end_the_zip_is_empty() -> None:
    told = read_all(comet, ZIPS).runs[KILLED]
    assert not told.series
    assert told.of(Evidence)[-1].status == "running"


def test_another_zip_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / f"{ENDED}.zip", "w") as archive:
        archive.writestr("data.csv", "a")
    assert claims(comet, tmp_path) == [] == claims(clearml, tmp_path)


def test_damage_is_said_and_the_error_of_a_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / f"{ENDED}.zip", "w") as archive:
        archive.writestr(
            "experiment.json", '{"customer_error_reported": true, "customer_error_message": "boom"}'
        )
        archive.writestr("messages.json", '{"type": "metric_msg", "payload": {"metric": {"metricName": "a", '
                         '"metricValue": 1, "step": 3, "epoch": 2}}}\n{\n')  # fmt: skip
    session = read_all(comet, tmp_path)
    assert session.runs[ENDED].series["a"].steps.tolist() == [3]
    assert session.runs[ENDED].of(EpochAt)[0].points.values.tolist() == [2.0]
    assert session.runs[ENDED].of(Evidence)[-1].reason == "Comet recorded: boom"
    assert [problem.where for problem in session.problems] == ["line 2"]
