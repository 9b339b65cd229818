"""What Evidently 0.7.23 has judged (tests/fixtures/makers/evidently_workspace.py) is a data set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pytest import approx

from runwatch.cli import main
from runwatch.data.evidently import EvidentlyWatch
from runwatch.domain.drift import DataSet
from runwatch.watch.tree import Tree

FIXTURE = Path(__file__).parents[1] / "fixtures" / "drift" / "evidently"


def sets(root: Path) -> dict[str, DataSet]:
    tree = Tree(str(root), (), False)
    tree.scan()
    return {one.name: one for one in EvidentlyWatch(str(root)).sets(tree.top, 1)}


def test_a_project_is_a_data_set_and_its_snapshots_are_batches(tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "ws"))
    found = sets(root)["prod (Evidently)"]
    assert [len(found.batches), found.batches[0].when] == [3, approx(found.batches[1].when, abs=90_000)]
    assert {trend.name: trend.verdicts for trend in found.trends} == {
        "age": ("stable", "warning", "warning"),
        "income": ("stable", "stable", "warning"),
        "city": ("warning", "warning", "warning"),
    }
    latest = found.latest
    assert latest is not None and latest.share_drifted == 1.0 and latest.verdict == "warning"
    age = next(column for column in latest.columns if column.name == "age")
    assert age.p_value == approx(7.881341162879236e-57)
    assert age.sentence == "Evidently: K-S p_value 7.9e-57, threshold 0.0500"
    report = sets(root)["ws (Evidently)"]
    assert len(report.batches) == 1 and report.latest is not None and report.latest.share_drifted == 1.0


@pytest.mark.parametrize(
    ("method", "score", "verdict"),
    [
        ("Wasserstein distance (normed)", 0.3, "warning"),
        ("Wasserstein distance (normed)", 0.01, "stable"),
        ("PSI", 0.1, "warning"),
        ("t_test", 0.01, "warning"),
        ("t_test", 0.7, "stable"),
        ("custom function 'mine'", 0.7, "unknown"),
        ("PSI", None, "unknown"),
        ("PSI", float("nan"), "unknown"),
    ],
)
def test_which_side_of_its_threshold_a_score_drifts_on(
    tmp_path: Path, method: str, score: float | None, verdict: str
) -> None:
    said = json.loads((FIXTURE / "drift_report.json").read_text())
    said["metrics"][1]["config"] |= {"method": method, "threshold": 0.1}
    said["metrics"][1]["value"] = score
    (tmp_path / "report.json").write_text(json.dumps(said))
    (found,) = sets(tmp_path).values()
    assert found.latest is not None
    assert next(one.verdict for one in found.latest.columns if one.name == "age") == verdict


def test_files_that_only_look_like_it(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    for name, text in (("a", "{"), ("b", "[1]"), ("c", '{"metrics": {"x": 1}}'), ("d", '{"metrics": [1]}')):
        (tmp_path / "snapshots" / f"{name}.json").write_text(text)
        (tmp_path / f"report_{name}.json").write_text(text)
    assert sets(tmp_path) == {}


def test_check_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = Path(shutil.copytree(FIXTURE / "prod", tmp_path / "ws" / "prod")).parent
    assert main(["check", str(root)]) == 1
    out = capsys.readouterr().out
    assert "prod (Evidently) · age: Evidently: K-S p_value 7.9e-57, threshold 0.0500" in out
    assert "not read" not in out
