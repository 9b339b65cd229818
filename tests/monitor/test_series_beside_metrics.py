"""Series that are no metrics: epochs by step, and what a newer attempt superseded; of real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwatch import config
from runwatch.domain.points import EPOCHS, former_tag
from runwatch.domain.run import RunKey
from runwatch.monitor.board import Board, BoardResult
from runwatch.monitor.wanted import Wanted

RUNS = Path(__file__).parent.parent / "fixtures" / "runs"


def looked(root: Path) -> BoardResult:
    return Board((str(root),), config.load((str(root),)), Wanted(False, False, False)).judge_once()


def test_the_epochs_of_a_run_by_step() -> None:
    root = RUNS / "lightning-csv-finished"
    points = looked(root).series(RunKey(str(root), "lightning_logs/version_0"), EPOCHS)
    assert points.steps.tolist() == [2, 8, 17, 26]
    assert points.values.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("back, expected", [(0, 10), (1, 0)])
def test_the_branch_that_a_resumed_run_left_behind(back: int, expected: int) -> None:
    root = RUNS / "tensorboard-resumed"
    result = looked(root)
    (run,) = result.snapshot.situation.runs
    assert len(result.series(run.key, former_tag("loss", back))) == expected
    assert "loss" in run.metrics
    assert not any("\0" in tag for tag in run.metrics)
