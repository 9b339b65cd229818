"""Results of evaluations: lm-evaluation-harness 0.4.13 and inspect-ai 0.3.285 (tests/fixtures/makers)."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from harness import FIXTURES, Told, claims, read_all

from runwatch.domain.operations import Evidence, Label, Length, Started, Stated
from runwatch.readers import inspect, jsonl, lm_eval, sklearn


def last(told: Told) -> dict[str, tuple[int, float]]:
    return {tag: (int(p.steps[-1]), float(p.values[-1])) for tag, p in told.series.items()}


def test_the_metrics_of_tasks() -> None:
    told = read_all(lm_eval, FIXTURES / "lm-eval").runs["tiny-model"]
    assert last(told) == {
        "mytask/acc": (0, pytest.approx(2 / 3)),
        "mytask/acc_stderr": (0, pytest.approx(0.210818510677892)),
        "mytask/acc_norm": (0, pytest.approx(2 / 3)),
        "mytask/acc_norm_stderr": (0, pytest.approx(0.210818510677892)),
        "mygen/exact_match,strict-match": (0, 0.0),
        "mygen/exact_match_stderr,strict-match": (0, 0.0),
        "mygen/exact_match,flexible": (0, 0.0),
        "mygen/exact_match_stderr,flexible": (0, 0.0),
    }
    assert Stated("mygen/exact_match,flexible", "max") in told.of(Stated)
    assert told.of(Evidence)[-1].status == "finished"
    assert told.hparams["num_fewshot"] == {"mytask": 0, "mygen": 0}
    assert told.of(Started)
    for other in (jsonl, sklearn):
        assert claims(other, FIXTURES / "lm-eval") == []


def test_a_task_that_was_evaluated_again_counts_once_with_the_later(tmp_path: Path) -> None:
    for date, value in (("2026-01-02T10-00-00.1", 0.75), ("2026-01-01T10-00-00.1", 0.5)):
        said = {
            "results": {"t": {"acc,none": value, "alias": "t"}},
            "higher_is_better": {"t": {"acc": False}},
        }
        (tmp_path / f"results_{date}.json").write_text(json.dumps(said))
    told = read_all(lm_eval, tmp_path).runs["."]
    assert last(told) == {"t/acc": (0, 0.75)}
    assert told.of(Stated)[-1] == Stated("t/acc", "min")


def test_lighteval(tmp_path: Path) -> None:
    scores = {"leaderboard|arc:challenge|25": {"acc": 0.5, "acc_stderr": 0.1}, "all": {"acc": 0.5}}
    said = {"config_general": {"model_name": "m", "max_samples": 5}, "results": scores}
    (tmp_path / "results_2026-01-01T00-00-00.json").write_text(json.dumps(said))
    told = read_all(lm_eval, tmp_path).runs["."]
    assert last(told)["leaderboard|arc:challenge|25/acc"] == (0, 0.5)
    assert told.of(Label) == [Label("name", "m")]


def test_other_results_are_none(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"results": {"a": "b"}}')
    session = read_all(lm_eval, tmp_path)
    assert [problem.message for problem in session.problems] == ["no results of tasks in it"]
    (tmp_path / "results.json").write_text('{"result": {"a": {"acc": 1}}}')
    assert claims(lm_eval, tmp_path) == []


def evaluation(word: str) -> Told:
    runs = read_all(inspect, FIXTURES / "inspect").runs
    (told,) = (told for run, told in runs.items() if word in run)
    return told


def test_an_evaluation_that_succeeded() -> None:
    told = evaluation("_sums_")
    assert last(told) == {
        "match/accuracy": (6, pytest.approx(2 / 3)),
        "match/stderr": (6, pytest.approx(0.210818510677892)),
        "short/mean": (6, 1.0),
        "long/mean": (6, 2.5),
    }
    assert told.of(Length) == [Length(6)]
    assert told.of(Evidence)[-1].status == "finished"
    assert told.of(Label) == [Label("name", "sums (mockllm/model)"), Label("group", "sums")]
    assert told.hparams["model"] == "mockllm/model"
    assert last(evaluation("_as-json_")) == {"match/accuracy": (2, 1.0), "match/stderr": (2, 0.0)}


def test_an_evaluation_that_failed() -> None:
    told = evaluation("_breaks_")
    assert not told.series
    assert (told.of(Evidence)[-1].status, told.of(Evidence)[-1].reason) == (
        "crashed",
        "inspect-ai: ValueError('no such tool')",
    )


def test_a_log_that_has_only_begun_runs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_journal/start.json", json.dumps({"version": 2, "eval": {"task": "t", "model": "m"}})
        )
    session = read_all(inspect, tmp_path)
    assert session.runs["a.eval"].of(Evidence)[-1].status == "running"
    assert session.look().problems == []


@pytest.mark.parametrize("cut", [10, 200, 1500])
def test_a_torn_log_is_said_and_read_when_it_is_whole(tmp_path: Path, cut: int) -> None:
    source = next(path for path in (FIXTURES / "inspect").iterdir() if "_sums_" in path.name)
    (tmp_path / "a.eval").write_bytes(source.read_bytes()[:-cut])
    session = read_all(inspect, tmp_path)
    assert len(session.problems) == 1
    shutil.copy(source, tmp_path / "a.eval")
    assert last(session.look().runs["a.eval"])["long/mean"] == (6, 2.5)


def test_what_grows_without_bound_when_unpacked_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b" " * (33 * 1024 * 1024))
    assert [problem.message for problem in read_all(inspect, tmp_path).problems] == [
        "cannot be read: header.json is larger than 32 MiB"
    ]
