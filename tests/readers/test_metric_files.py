"""Metric files and summaries: what is rewritten whole, or written once at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from growing import rewritten
from harness import FIXTURES, Told, claims, read_all

from runwatch.domain.operations import Evidence, Length, Stated
from runwatch.readers import dvc, epochs, huggingface, keras, sklearn, wandb
from runwatch.readers.base import Reader
from runwatch.readers.boosting import catboost


def last(told: Told) -> dict[str, tuple[int, int, float]]:
    return {tag: (len(p), int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


def only(reader: Reader, root: Path) -> Told:
    (told,) = read_all(reader, root).runs.values()
    return told


def test_skorch_history(tmp_path: Path) -> None:
    told = only(epochs, FIXTURES / "skorch-history")
    assert set(told.series) == {"train_loss", "valid_loss", "valid_acc"}
    assert last(told)["valid_acc"] == (6, 6, pytest.approx(0.8653846153846154))
    assert told.epoch == 6
    assert claims(epochs, FIXTURES / "skorch-history")[0].format == "skorch"


def test_chainer_log_and_a_dumped_log_history(tmp_path: Path) -> None:
    rows = [{"main/loss": 2 / e, "validation/main/accuracy": 0.5, "epoch": e, "iteration": 600 * e,
             "elapsed_time": 2.5 * e} for e in (1, 2)]  # fmt: skip
    (tmp_path / "log").write_text(json.dumps(rows, indent=4))
    assert last(only(epochs, tmp_path)) == {
        "main/loss": (2, 1200, 1.0),
        "validation/main/accuracy": (2, 1200, 0.5),
    }
    assert claims(epochs, tmp_path)[0].format == "chainer"
    (tmp_path / "log").write_text('[{"loss": 0.5, "step": 10}, {"eval_loss": 0.25, "step": 10}]')
    assert last(only(epochs, tmp_path)) == {"loss": (1, 10, 0.5), "eval_loss": (1, 10, 0.25)}


@pytest.mark.parametrize(
    "text",
    ['[{"id": 3, "step": 1, "loss": 0.5}]', '[{"name": "a", "score": 0.5}]', "[1, 2]", '{"loss": [1]}',
     '[{"step": 1, "colour": 3}]'],
)  # fmt: skip
def test_a_list_that_is_no_log(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.json").write_text(text)
    assert claims(epochs, tmp_path) == []


def test_any_versions_of_a_history_end_as_the_last(tmp_path: Path) -> None:
    whole = (FIXTURES / "skorch-history" / "history.json").read_bytes()
    rows = json.loads(whole)
    versions = [json.dumps(rows[:2]).encode(), whole[: len(whole) // 2], b"", whole]
    assert rewritten(epochs, tmp_path / "a", "history.json", versions) == rewritten(
        epochs, tmp_path / "b", "history.json", [whole]
    )


def test_the_sets_of_catboost_have_their_own_names() -> None:
    runs = read_all(catboost, FIXTURES / "catboost-two-sets").runs
    found = last(runs["."])
    assert set(found) == {"learn/Logloss", "test/AUC", "test/Logloss", "test1/AUC", "test1/Logloss"}
    table = FIXTURES / "catboost-two-sets" / "catboost_info" / "test_error.tsv"
    rows = [row.split("\t") for row in table.read_text().split("\n")]
    assert found["test/AUC"] == (20, 19, float(rows[20][rows[0].index("AUC:0")]))
    assert found["test1/AUC"] == (20, 19, float(rows[20][rows[0].index("AUC")]))
    assert Stated("test1/AUC", "max") in runs["."].of(Stated)


def test_the_metric_files_of_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  train:\n    cmd: x\n    metrics:\n    - metrics.json\n"
        "    - eval/scores.yaml: {cache: false}\n    - missing.json\n    - ${templated}.json\n"
        "metrics: [eval/more.toml]\n"
    )
    (tmp_path / "eval").mkdir()
    (tmp_path / "metrics.json").write_text('{"acc": 0.9, "train": {"loss": 0.1}, "name": "x", "ok": true}')
    (tmp_path / "eval/scores.yaml").write_text("f1: 0.5\nby:\n  class: {a: 1}\n")
    (tmp_path / "eval/more.toml").write_text("auc = 0.75\n[val]\nauc = nan\n")
    assert {tag: value for tag, (_, _, value) in last(only(dvc, tmp_path)).items() if value == value} == {
        "metrics/acc": 0.9,
        "metrics/train/loss": 0.1,
        "eval/scores/f1": 0.5,
        "eval/scores/by/class/a": 1.0,
        "eval/more/auc": 0.75,
    }
    (tmp_path / "b").mkdir()
    (tmp_path / "b/dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "b/metrics.yaml").write_text("acc: 0.5\n")
    assert last(only(dvc, tmp_path / "b")) == {"acc": (1, 0, 0.5)}


def test_a_torn_metric_file_is_said_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "metrics.json").write_text('{"acc": 0.')
    session = read_all(dvc, tmp_path)
    assert [problem.file for problem in session.problems] == ["metrics.json"]
    (tmp_path / "metrics.json").write_text('{"acc": 0.5}')
    assert last(session.look().runs["."]) == {"acc": (1, 0, 0.5)}


def test_only_the_summary_of_wandb_is_left(tmp_path: Path) -> None:
    text = (
        '{"_step": 12, "eval/top1": 81.25, "table": {"_type": "table-file", "nrows": 2}, "_wandb": {"a": 1}}'
    )
    for place in ("best_model/files", "kept"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "wandb-summary.json").write_text(text)
    runs = read_all(wandb, tmp_path).runs
    assert {name: last(told) for name, told in runs.items()} == {
        "best_model": {"eval/top1": (1, 12, 81.25)},
        "kept": {"eval/top1": (1, 12, 81.25)},
    }


def test_the_length_of_a_dumped_history_is_planned(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text('[{"loss": 1.0, "step": 5, "max_steps": 10}]')
    assert only(epochs, tmp_path).of(Length) == [Length(10)]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "results.json",
            {"accuracy": 0.9, "f1": 0.8, "n": 100},
            {"accuracy": (0, 0.9), "f1": (0, 0.8), "n": (0, 100)},
        ),
        ("metrics_test.json", {"test": {"loss": 0.9}}, {"test/loss": (0, 0.9)}),
        ("metrics.json", {"epoch": 3, "val": {"loss": 0.2}}, {"val/loss": (3, 0.2)}),
    ],
)
def test_numbers_of_an_evaluation(
    tmp_path: Path, name: str, value: object, expected: dict[str, tuple[int, float]]
) -> None:
    (tmp_path / name).write_text(json.dumps(value))
    assert {tag: place[1:] for tag, place in last(only(sklearn, tmp_path)).items()} == expected


@pytest.mark.parametrize("value", [{"rows": 100, "columns": 5}, {"step": 3, "loss": 0.5}, [{"accuracy": 1}]])
def test_results_that_are_no_evaluation(tmp_path: Path, value: object) -> None:
    (tmp_path / "results.json").write_text(json.dumps(value))
    assert claims(sklearn, tmp_path) == []


def test_a_history_that_a_data_frame_wrote_as_json(tmp_path: Path) -> None:
    text = '{"loss":{"0":1.0,"1":0.5},"val_loss":{"0":1.1,"1":null}}'
    (tmp_path / "history.json").write_text(text)
    assert last(only(keras, tmp_path)) == {"loss": (2, 1, 0.5), "val_loss": (1, 0, 1.1)}


def test_a_list_of_steps_places_the_other_lists(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text('{"step": [10, 20, 30], "loss": [3.0, 2.0, 1.0]}')
    assert last(only(keras, tmp_path)) == {"loss": (3, 30, 1.0)}


def test_an_evaluation_without_a_training(tmp_path: Path) -> None:
    for name in ("eval_results.json", "all_results.json"):
        (tmp_path / name).write_text('{"epoch": 3.0, "eval_accuracy": 0.9, "eval_loss": 0.5}')
    told = only(huggingface, tmp_path)
    assert last(told) == {"eval_accuracy": (1, 0, 0.9), "eval_loss": (1, 0, 0.5)}
    assert [said.status for said in told.of(Evidence)] == ["finished", "finished"]
