from __future__ import annotations

from pathlib import Path

import eventfiles as ev
import pytest
from harness import FIXTURES, claims, read_all

from runwatch.readers import tensorboard

FILE = "events.out.tfevents.1790000000.host.4711.0"


def put(root: Path, data: bytes, folder: str = ".", name: str = FILE) -> Path:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_keras_train_and_validation_are_one_run_beside_its_table() -> None:
    told = read_all(tensorboard, FIXTURES / "keras-tb-finished").runs
    assert list(told) == ["."]
    assert "validation/epoch_loss" in told["."].series
    assert "train/epoch_loss" in told["."].series


def homes(root: Path) -> dict[str, tuple[str, str]]:
    """Folder of the file: (run id, prefix)."""
    return {
        str(Path(file).parent): (claim.run_id, claim.tag_prefix)
        for claim in claims(tensorboard, root)
        for file in claim.files
    }


POINT = ev.version() + ev.scalar("loss", 1, 0.5)


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (
            ["run/train", "run/validation"],
            {"run/train": ("run", "train/"), "run/validation": ("run", "validation/")},
        ),
        (["run", "run/eval"], {"run": ("run", ""), "run/eval": ("run", "eval/")}),
        (["run/train"], {"run/train": ("run/train", "")}),
        (["run", "run/loss/train"], {"run": ("run", ""), "run/loss/train": ("run", "loss/train/")}),
        (["run", "run/loss_train"], {"run": ("run", ""), "run/loss_train": ("run", "loss_train/")}),
        (["run", "run/other_exp"], {"run": ("run", ""), "run/other_exp": ("run/other_exp", "")}),
        (["run", "run/1795574919.35"], {"run": ("run", ""), "run/1795574919.35": ("run", "")}),
        (["runs/1795574919.35"], {"runs/1795574919.35": ("runs/1795574919.35", "")}),
        (["run/20260101_000000/vis_data"], {"run/20260101_000000/vis_data": ("run/20260101_000000", "")}),
        (["run/rank_0", "run/rank_1"], {"run/rank_0": ("run", "rank_0/"), "run/rank_1": ("run", "rank_1/")}),
        (
            ["run/gpu1/train", "run/gpu1/val"],
            {"run/gpu1/train": ("run", "gpu1/train/"), "run/gpu1/val": ("run", "gpu1/val/")},
        ),
        (
            ["x/version_0", "x/version_1"],
            {"x/version_0": ("x/version_0", ""), "x/version_1": ("x/version_1", "")},
        ),
    ],
)
def test_which_folders_are_one_run(
    tmp_path: Path, folders: list[str], expected: dict[str, tuple[str, str]]
) -> None:
    for folder in folders:
        put(tmp_path, POINT, folder)
    assert homes(tmp_path) == expected


def test_a_lone_train_folder_of_keras_belongs_to_its_parent_at_once(tmp_path: Path) -> None:
    put(tmp_path, POINT, "run/train", FILE + ".v2")
    assert homes(tmp_path) == {"run/train": ("run", "train/")}


@pytest.mark.parametrize(
    "beside", ["trainer_state.json", "checkpoint-10/trainer_state.json", "training_args.bin"]
)
def test_hugging_face_runs_belong_to_the_output_folder(tmp_path: Path, beside: str) -> None:
    put(tmp_path, POINT, "out/runs/Nov25_02-51-56_vm")
    put(tmp_path, b"{}", "out", beside)
    assert homes(tmp_path) == {"out/runs/Nov25_02-51-56_vm": ("out", "")}


def test_hugging_face_is_known_from_the_start_by_its_first_text(tmp_path: Path) -> None:
    args = ev.frame(ev.event(ev.summary(ev.text("args/text_summary", "{}"))))
    put(tmp_path, ev.version() + args, "out/runs/Nov25_02-51-56_vm")
    put(tmp_path, POINT, "mine/runs/Nov25_02-51-56_vm")
    found = {run_id for run_id, _ in homes(tmp_path).values()}
    assert found == {"out", "mine/runs/Nov25_02-51-56_vm"}


def test_hugging_face_logs_belong_to_the_output_folder(tmp_path: Path) -> None:
    args = ev.frame(ev.event(ev.summary(ev.text("args/text_summary", "{}"))))
    put(tmp_path, ev.version() + args, "out/logs")
    put(tmp_path, b"{}", "out/checkpoint-5", "trainer_state.json")
    assert homes(tmp_path) == {"out/logs": ("out", "")}


def test_the_events_of_a_search_make_no_run_beside_its_trials(tmp_path: Path) -> None:
    """As ``Trainer.hyperparameter_search`` of transformers 5.24 leaves them."""
    args = ev.frame(ev.event(ev.summary(ev.text("args/text_summary", "{}"))))
    put(tmp_path, ev.version() + args, "out/runs/Nov30_13-33-48_host")
    (tmp_path / "out/run-0").mkdir()
    assert [claim.role for claim in claims(tensorboard, tmp_path)] == ["run"]
    (tmp_path / "out/run-0/checkpoint-8").mkdir()
    assert [claim.role for claim in claims(tensorboard, tmp_path)] == ["lonely"]


def test_file_names_can_tell_the_rank(tmp_path: Path) -> None:
    for rank in range(2):
        put(tmp_path, POINT, "run", f"{FILE}_rank{rank}")
    assert read_all(tensorboard, tmp_path).runs["run"].series.keys() == {"rank0/loss", "rank1/loss"}


def test_catboost_files_are_left_to_its_tables(tmp_path: Path) -> None:
    put(tmp_path, POINT, "catboost_info/learn", "events.out.tfevents")
    put(tmp_path, POINT, "mine/test", "events.out.tfevents")
    put(tmp_path, b"{}", "mine", "catboost_training.json")
    assert claims(tensorboard, tmp_path) == []


def test_a_source_file_about_tfevents_is_no_run(tmp_path: Path) -> None:
    put(tmp_path, b"import tensorflow as tf\n" * 10, name="read_tfevents.py")
    assert claims(tensorboard, tmp_path) == []


def test_an_empty_file_and_a_version_only_are_fine(tmp_path: Path) -> None:
    put(tmp_path, b"", "a")
    put(tmp_path, ev.version(), "b")
    session = read_all(tensorboard, tmp_path)
    assert session.problems == []
    assert homes(tmp_path).keys() == {"a", "b"}
