from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from growing import rewritten, summaries
from harness import FIXTURES, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tables import agrees

from runwatch.config.settings import Settings
from runwatch.domain.operations import Epoch, Evidence, HParams, Length, Rank, Reached, Stated
from runwatch.domain.points import Points
from runwatch.monitor.reading import RootReader
from runwatch.readers import huggingface, limits
from runwatch.readers.common import bounded_json

EXPECTED = json.loads((FIXTURES / "expected_tables.json").read_text())


class Board:
    """The Trainer's runs below a root as the monitor keeps them."""

    def __init__(self, root: Path) -> None:
        self.reader = RootReader(str(root), Settings(), {huggingface.NAME: huggingface})

    def look(self) -> dict[str, dict[str, Points]]:
        self.reader.scan()
        while self.reader.read_some(lambda: False):
            pass
        entries = self.reader.entries
        return {
            run_id: {tag: self.reader.points(run_id, tag) for tag in entry.memory.sources_by_tag()}
            for run_id, entry in entries.items()
        }


def state(step: int, *log: dict[str, Any], **more: Any) -> str:
    return json.dumps(
        {"global_step": step, "max_steps": 40, "epoch": step / 10, "log_history": list(log), **more}
    )


def save(path: Path, text: str, age: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1.7e9 - age, 1.7e9 - age))


@pytest.mark.parametrize("case", ["hf-finished", "hf-nan", "hf-resumed", "hf-crashed"])
def test_a_real_run_reads_as_expected(case: str) -> None:
    found = Board(FIXTURES / case).look()
    assert list(found) == ["."]
    assert set(found["."]) == set(EXPECTED[case]["metrics"])
    for tag, metric in EXPECTED[case]["metrics"].items():
        agrees(found["."][tag], metric)


@pytest.mark.parametrize(
    ("case", "ended"), [("hf-finished", True), ("hf-resumed", True), ("hf-crashed", False)]
)
def test_the_end_is_the_trainers_own_word(case: str, ended: bool) -> None:
    told = read_all(huggingface, FIXTURES / case).runs["."]
    assert bool([word for word in told.of(Evidence) if word.status == "finished"]) is ended
    wanted = EXPECTED[case]["metrics"]["loss"]["last_step"] if ended else 30
    assert told.of(Length)[-1].steps == wanted


def test_the_state_that_went_furthest_speaks_alone(tmp_path: Path) -> None:
    early, late = {"step": 5, "loss": 1.0}, {"step": 15, "loss": 0.5}
    save(tmp_path / "checkpoint-9/trainer_state.json", state(9, early))
    save(tmp_path / "checkpoint-20/trainer_state.json", state(20, early, late, {"step": 20, "eval_loss": 3}))
    board = Board(tmp_path)
    assert board.look()["."]["loss"].steps.tolist() == [5, 15]
    (tmp_path / "checkpoint-9/trainer_state.json").unlink()
    save(tmp_path / "trainer_state.json", state(40, early, late, {"step": 40, "loss": float("nan")}))
    assert board.look()["."]["loss"].steps.tolist() == [5, 15, 40]
    (tmp_path / "trainer_state.json").unlink()
    assert board.look()["."]["loss"].steps.tolist() == [5, 15]


def test_the_rows_of_one_step_merge_and_words_are_no_metrics(tmp_path: Path) -> None:
    rows = [{"step": 0, "epoch": 0, f"eval_g{i}_loss": i} for i in range(6)]
    save(
        tmp_path / "trainer_state.json",
        state(3, *rows, {"step": 3, "epoch": 1.5, "loss": "NaN", "note": "x"}),
    )
    told = read_all(huggingface, tmp_path).runs["."]
    assert {tag: points.steps.tolist() for tag, points in told.series.items()} == {
        **{f"eval_g{i}_loss": [0] for i in range(6)},
        "loss": [3],
    }
    assert told.of(Epoch) == [Epoch(1.5)]
    assert [rank.value for rank in told.of(Rank)] == [3.5]


def test_the_metric_that_chooses_the_best_model_has_its_direction_stated(tmp_path: Path) -> None:
    log = [{"step": s, "eval_a": a, "eval_b": b} for s, a, b in ((1, 0.5, 9), (2, 0.7, 8), (3, 0.6, 7))]
    save(tmp_path / "trainer_state.json", state(3, *log, best_metric=0.7))
    assert read_all(huggingface, tmp_path).runs["."].of(Stated) == [Stated("eval_a", "max")]
    save(tmp_path / "trainer_state.json", state(3, *log, best_metric=7, trial_params={"lr": 0.1}))
    told = read_all(huggingface, tmp_path).runs["."]
    assert told.of(Stated) == [Stated("eval_b", "min")]
    assert told.of(HParams)[0].values == {"max_steps": 40, "lr": 0.1}


def test_an_early_stop_ends_a_run_and_old_results_do_not(tmp_path: Path) -> None:
    log = {"step": 20, "train_runtime": 3.5}
    save(tmp_path / "trainer_state.json", state(20, log))
    assert read_all(huggingface, tmp_path).runs["."].of(Evidence)[0].status == "finished"
    save(tmp_path / "all_results.json", '{"train_loss": 1, "test_f1": 0.75}', age=3600)
    told = read_all(huggingface, tmp_path).runs["."]
    assert told.series["test_f1"].steps.tolist() == [20]
    assert len(told.of(Evidence)) == 2
    save(tmp_path / "checkpoint-30/trainer_state.json", state(30, log, {"step": 25, "loss": 1}))
    assert len(claims(huggingface, tmp_path)) == 1


def test_a_strange_state_is_a_problem(tmp_path: Path) -> None:
    for text, words in [
        ("[1]", "no object"),
        ("{}", "no log_history"),
        ('{"log_history": [{"loss": 1}]}', "1 log row without a step"),
        ('{"log_history": [{"st', "not complete JSON"),
        ("[" * 9999, "nested deeper"),
    ]:
        save(tmp_path / "trainer_state.json", text)
        session = read_all(huggingface, tmp_path)
        assert [words in problem.message for problem in session.problems] == [True], text


def test_a_state_past_a_limit_is_not_called_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_json, "_MOST_BYTES", 10_000)
    deep = "[" * (limits.JSON_DEPTH + 1) + "]" * (limits.JSON_DEPTH + 1)
    for text, why in [
        (deep, f"nested deeper than {limits.JSON_DEPTH}"),
        (json.dumps({"log_history": [{}] * 50}), "more lists and objects than can be held"),
    ]:
        save(tmp_path / "trainer_state.json", text)
        assert [p.message for p in read_all(huggingface, tmp_path).problems] == [f"not read: {why}"]


VERSIONS = st.lists(
    st.lists(st.tuples(st.integers(0, 40), st.floats(allow_nan=False)), max_size=5), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(versions=VERSIONS, torn=st.lists(st.integers(0, 300), max_size=6))
def test_any_versions_with_torn_ones_between_end_like_the_last(
    versions: list[list[tuple[int, float]]], torn: list[int]
) -> None:
    whole = [state(i, *({"step": s, "loss": v} for s, v in rows)).encode() for i, rows in enumerate(versions)]
    seen: list[bytes] = []
    for i, version in enumerate(whole):
        seen += [version[: min(cut, len(version) - 1)] for cut in torn[i : i + 2]] + [version]
    seen += [whole[-1][: min(cut, len(whole[-1]) - 1)] for cut in torn[:1]]
    with tempfile.TemporaryDirectory() as folder:
        alone = rewritten(huggingface, Path(folder) / "a", "trainer_state.json", [whole[-1]])
        assert rewritten(huggingface, Path(folder) / "b", "trainer_state.json", seen) == alone


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["trainer_state.json", "all_results.json"]))
def test_garbage_never_raises(noise: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "trainer_state.json", state(1))
        (Path(folder) / name).write_bytes(noise)
        summaries(read_all(huggingface, Path(folder), final=True))


def test_a_checkpoint_at_the_planned_end_is_the_end(tmp_path: Path) -> None:
    """Short trainings log nothing, and save no state at the root."""
    state = {"global_step": 48, "max_steps": 48, "epoch": 3.0, "log_history": []}
    place = tmp_path / "checkpoint-48"
    place.mkdir()
    (place / "trainer_state.json").write_text(json.dumps(state))
    told = read_all(huggingface, tmp_path).runs["."]
    assert [said.status for said in told.of(Evidence)] == ["finished"]
    assert told.of(Reached) == [Reached(48)] and told.epoch == 3.0


def test_early_stopping_is_an_end(tmp_path: Path) -> None:
    control = {"TrainerControl": {"args": {"should_training_stop": True}}}
    state = {"global_step": 20, "max_steps": 48, "log_history": [], "stateful_callbacks": control}
    place = tmp_path / "checkpoint-20"
    place.mkdir()
    (place / "trainer_state.json").write_text(json.dumps(state))
    [said] = read_all(huggingface, tmp_path).runs["."].of(Evidence)
    assert (said.status, said.reason) == ("finished", "trainer_state.json: stopped early, at step 20")


def test_checkpoints_of_rising_age_date_their_steps(tmp_path: Path) -> None:
    rows = [{"step": step, "loss": 1 / step, "epoch": step / 10} for step in (5, 10, 15, 20)]
    for done, at in ((10, 1_000.0), (20, 1_060.0)):
        path = tmp_path / f"checkpoint-{done}" / "trainer_state.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"global_step": done, "max_steps": 40, "log_history": rows[: done // 5]}))
        os.utime(path, (at, at))
    loss = read_all(huggingface, tmp_path).runs["."].series["loss"]
    assert [wall for wall in loss.wall_times.tolist() if wall == wall] == [1_000.0, 1_060.0]
    for path in tmp_path.rglob("*.json"):
        os.utime(path, (1_000.0, 1_000.0))
    assert not np.isfinite(read_all(huggingface, tmp_path).runs["."].series["loss"].wall_times).any()
