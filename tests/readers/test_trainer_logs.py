"""JSON lines and tables of trainers with axes of their own: where validation stands, what is planned, what is
only bookkeeping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from growing import grown
from harness import Told, read_all

from runwatch.domain.operations import Length
from runwatch.readers import jsonl, sb3

MMCV = [
    {"env_info": "linux", "seed": 0},
    *({"mode": "train", "epoch": e, "iter": i, "loss": 1 / (e * i)} for e in (1,) for i in (50, 100)),
    {"mode": "val", "epoch": 1, "iter": 625, "bbox_mAP": 0.25},
    *({"mode": "train", "epoch": e, "iter": i, "loss": 1 / (e * i)} for e in (2,) for i in (50, 100)),
    {"mode": "val", "epoch": 2, "iter": 625, "bbox_mAP": 0.5},
]
MMENGINE = [
    {"lr": 0.1, "loss": 0.5, "epoch": 1, "iter": 8, "step": 8},
    {"mse": 0.5, "step": 1},
    {"lr": 0.1, "loss": 0.25, "epoch": 2, "iter": 16, "step": 16},
    {"mse": 0.25, "step": 2},
]
MMSEGMENTATION = [
    {"lr": 0.1, "loss": 0.5, "iter": 50, "step": 50},
    {"mIoU": 40.0, "step": 50},
    {"lr": 0.1, "loss": 0.25, "iter": 100, "step": 100},
    {"mIoU": 41.0, "step": 100},
]


def lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def told(root: Path, name: str, data: bytes) -> Told:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)
    return read_all(sb3 if name.startswith("progress") else jsonl, root).runs["."]


@pytest.mark.parametrize(
    ("name", "rows", "tag", "steps"),
    [
        ("20261101_101010.log.json", MMCV, "val/bbox_mAP", [100, 200]),
        ("vis_data/scalars.json", MMENGINE, "mse", [8, 16]),
        ("vis_data/scalars.json", MMSEGMENTATION, "mIoU", [50, 100]),
    ],
)
def test_validation_stands_at_the_training_step_before_it(
    tmp_path: Path, name: str, rows: list[dict[str, object]], tag: str, steps: list[int]
) -> None:
    run = told(tmp_path, name, lines(rows))
    assert run.series[tag].steps.tolist() == steps
    assert "iter" not in run.series


@pytest.mark.parametrize("rows", [MMCV, MMENGINE])
def test_any_split_places_validation_the_same(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    data = lines(rows)
    name = "a.log.json" if rows is MMCV else "scalars.json"
    whole = grown(jsonl, tmp_path / "a", name, data, [])
    for cut in range(20, len(data), 37):
        assert grown(jsonl, tmp_path / "b", name, data, [cut, cut + 9]) == whole


@pytest.mark.parametrize(
    "row",
    [
        {"loss": 1.5, "epoch": 0.5, "global_step/max_steps": "15/300", "percentage": "5.00%"},
        {"loss": 1.5, "epoch": 0.5, "current_steps": 15, "total_steps": 300, "percentage": 5.0,
         "elapsed_time": "0:01", "remaining_time": "0:19"},
        {"loss": 1.5, "step": 15, "max_steps": 300, "iter": 15},
    ],
)  # fmt: skip
def test_the_planned_length_is_no_metric(tmp_path: Path, row: dict[str, object]) -> None:
    run = told(tmp_path, "trainer_log.jsonl", lines([row]))
    assert {tag: points.steps.tolist() for tag, points in run.series.items()} == {"loss": [15]}
    assert run.of(Length) == [Length(300)]


def test_total_steps_that_rise_are_the_step(tmp_path: Path) -> None:
    run = told(tmp_path, "log.jsonl", lines([{"total_steps": i, "reward": i / 2} for i in (100, 200)]))
    assert run.series["reward"].steps.tolist() == [100, 200]
    assert not run.of(Length)


@pytest.mark.parametrize(
    "axis",
    ["misc/total_timesteps", "TimestepsSoFar", "total/steps", "TotalEnvInteracts", "steps", "Itr", "iters",
     "Iteration", "TotalEnvSteps"],
)  # fmt: skip
def test_progress_csv_of_the_baselines_family(tmp_path: Path, axis: str) -> None:
    run = told(tmp_path, "progress.csv", f"EpRewMean,{axis},loss\n1.5,100,0.5\n2.5,200,0.25\n".encode())
    assert {tag: points.steps.tolist() for tag, points in run.series.items()} == {
        "EpRewMean": [100, 200],
        "loss": [100, 200],
    }
