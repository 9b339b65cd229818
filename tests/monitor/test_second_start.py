"""What an earlier process worked out against a baseline is not worked out again."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from runwatch import config
from runwatch.domain.situation import Situation
from runwatch.monitor.board import Board
from runwatch.monitor.wanted import Wanted
from runwatch.show.runs import run_json

FIXTURES = Path(__file__).parents[1] / "fixtures/runs"

YESTERDAY = time.time() - 86400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A baseline, a run like it and one far from it; all ended yesterday."""
    for run, level in (("baseline", 1.0), ("near", 1.0), ("far", 3.0)):
        rows = (f"{step},{level + 1 / step + 0.01 * (step % 3)}\n" for step in range(1, 60))
        path = tmp_path / "runs" / run / "metrics.csv"
        path.parent.mkdir(parents=True)
        path.write_text("step,val_loss\n" + "".join(rows))
        os.utime(path, (YESTERDAY, YESTERDAY))
    return tmp_path / "runs"


def judged(root: Path) -> tuple[Board, Situation]:
    """A process's first look."""
    board = Board((str(root),), config.load((str(root),)), Wanted())
    return board, board.judge_once().snapshot.situation


def in_memory(board: Board, root: Path) -> set[str]:
    return {entry.id for entry in board.roots.readers[str(root)].entries.values() if not entry.folded}


def told(situation: Situation) -> list[str]:
    """The comparisons as text, in which NaN equals itself."""
    return [repr(comparison) for comparison in situation.comparisons.values()]


def verdicts(situation: Situation) -> dict[str, str]:
    return {key.id: comparison.verdict for key, comparison in situation.comparisons.items()}


def test_runs_that_did_not_change_are_compared_without_reading_them(root: Path) -> None:
    first, before = judged(root)
    assert in_memory(first, root) == {"baseline", "near", "far"}
    second, after = judged(root)
    assert in_memory(second, root) == set()
    assert verdicts(before) == {"near": "inconclusive", "far": "worse"}
    assert told(after) == told(before)


def test_a_run_that_went_on_is_compared_by_all_its_points(root: Path) -> None:
    judged(root)
    with (root / "far" / "metrics.csv").open("a") as file:
        file.writelines(f"{step},{3 + 2 * (-1) ** step}\n" for step in range(60, 160))
    _, after = judged(root)
    for cached in (Path(os.environ["XDG_CACHE_HOME"]) / "runwatch").iterdir():
        cached.unlink()
    _, fresh = judged(root)
    assert told(after) == told(fresh)
    assert verdicts(after)["far"] == "inconclusive"


def test_small_runs_stay_in_memory_where_a_baseline_is_expected(root: Path) -> None:
    assert _kept_after_reading(root) == {"baseline", "near", "far"}
    (root / "baseline").rename(root / "another")
    assert _kept_after_reading(root) == set()


def _kept_after_reading(root: Path) -> set[str]:
    board = Board((str(root),), config.load((str(root),)), Wanted())
    with board.roots.lock:
        board.roots.scan(str(root))
        board.roots.read_all()
    board.fold_over(time.time())
    board.close(time.time())
    return in_memory(board, root)


@pytest.mark.parametrize(
    "name", ["ultralytics-v8", "hf-finished", "keras-csv-resumed", "lightning-csv-finished"]
)
def test_a_kept_run_is_told_to_the_letter_as_one_that_was_read(tmp_path: Path, name: str) -> None:
    shutil.copytree(FIXTURES / name, tmp_path / "runs" / "exp")
    for path in (tmp_path / "runs").rglob("*"):
        os.utime(path, (YESTERDAY, YESTERDAY))
    read, kept = (json.dumps([run_json(run) for run in judged(tmp_path / "runs")[1].runs]) for _ in range(2))
    assert "metrics" in read and kept == read


def test_a_setting_of_more_than_64_bits_does_not_end_the_look(root: Path) -> None:
    (root / "far" / "hparams.json").write_text(json.dumps({"seed": 2**70}))
    for _ in range(2):
        (far,) = (run for run in judged(root)[1].runs if run.id == "far")
        assert far.hparams["seed"] == 2**70
