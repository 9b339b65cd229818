"""One main metric a run, wherever it is shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.domain.directions import direction_of
from runwatch.domain.main_metric import main_metric
from runwatch.monitor.once import load
from runwatch.monitor.wanted import Wanted
from runwatch.show.screen.metrics import MetricsAsk, metrics
from runwatch.show.screen.runs import RunsAsk, runs

FIXTURES = Path(__file__).parents[1] / "fixtures" / "runs"
CASES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


def chosen(*names: str, configured: str | None = None, watched: str | None = None) -> str | None:
    return main_metric({name: direction_of(name) for name in names}, configured, watched)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train's auc", "valid's auc"), "valid's auc"),
        (("train/loss", "rollout/ep_rew_mean", "rollout/ep_len_mean"), "rollout/ep_rew_mean"),
        (("accuracy", "auc", "loss", "val_accuracy", "val_auc", "val_loss"), "val_auc"),
        (("loss", "accuracy", "val_loss"), "val_loss"),
        (("loss", "learning_rate"), "loss"),
        (("auc", "val_loss"), "auc"),
        (("eval/mean_reward", "rollout/ep_rew_mean"), "eval/mean_reward"),
        (
            ("train/box_loss", "metrics/precision(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)"),
            "metrics/mAP50-95(B)",
        ),
        (("lr", "throughput"), "throughput"),
        (("grad_norm", "train/loss", "val/lr"), "train/loss"),
        ((), None),
    ],
)
def test_the_best_known_held_out_metric(names: tuple[str, ...], expected: str | None) -> None:
    assert chosen(*names) == expected
    assert chosen(*reversed(names)) == expected


def test_a_configured_metric_beats_all_then_the_watched_one() -> None:
    names = ("train/loss", "val/loss", "val/auc")
    assert chosen(*names, configured="train/loss", watched="val/loss") == "train/loss"
    assert chosen(*names, watched="loss") == "val/loss"
    assert chosen(*names, configured="not there") == "val/auc"


@pytest.mark.parametrize("case", CASES)
def test_every_place_names_the_same(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / case
    shutil.copytree(FIXTURES / case, root)
    monkeypatch.chdir(tmp_path)
    snapshot = load([str(root)], None, Wanted(data=False, machine=False)).snapshot
    assert main(["ls", str(root), "--json"]) == 0
    listed = {run["id"]: run["main_metric"] for run in json.loads(capsys.readouterr().out)["runs"]}
    rows = {row.key: row for row in runs(snapshot, RunsAsk(), snapshot.situation.now).rows}
    for run in snapshot.situation.runs:
        assert listed[run.id] == run.main
        if run.main is None:
            assert all(metric.hidden for metric in run.metrics.values())
            continue
        assert run.key in rows
        view = metrics(snapshot, MetricsAsk(run.key))
        assert view.plot is not None and run.main in view.tags
        comparison = snapshot.situation.comparisons.get(run.key)
        if comparison and comparison.primary and run.main in {m.name for m in comparison.metrics}:
            assert comparison.primary.name == run.main


def test_the_best_so_far_stands_behind_the_value_itself() -> None:
    assert main_metric({"best_val_loss": "min", "train_loss": "min", "val_loss": "min"}) == "val_loss"
    assert main_metric({"best_val_loss": "min", "train_loss": "min"}) == "best_val_loss"


def test_a_sum_of_losses_stands_before_its_parts() -> None:
    assert main_metric({"loss_cls": "min", "total_loss": "min", "iou_loss": "min"}) == "total_loss"
    assert main_metric({"val/kl_loss": "min", "val/loss": "min", "loss": "min"}) == "val/loss"
