"""The leaderboard: what matters, choosing a metric, filter, export."""

from __future__ import annotations

import json
from pathlib import Path

import made_up
import pytest
from eyes import OpenBoard
from msgspec.structs import replace

from runwatch.domain.comparison import HparamImportance
from runwatch.domain.run import Run
from runwatch.domain.situation import Snapshot
from runwatch.judge.runs import hparam_importance


def many(n: int) -> Snapshot:
    def one(i: int) -> Run:
        made = made_up.run(f"sweep/{i:02}", "finished", 3600 + i)
        return replace(made, hparams={"lr": 10.0 ** -(i % 4), "seed": i % 5})

    return made_up.snapshot(runs=tuple(one(i) for i in range(n)), comparisons={}, findings=())


async def test_what_matters_is_worked_out_beside_it_and_says_how_sure_it_is(
    board: OpenBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def told(table: object) -> HparamImportance:
        asked.append(table)
        return HparamImportance("val/auc", 24, 0.71, (("lr", 0.62, 0.08), ("seed", 0.02, 0.05)))

    monkeypatch.setattr(hparam_importance, "hparam_importance", told)
    async with board(many(24), size=(160, 36)) as it:
        await it.press("B")
        await it.sees("what matters: lr 0.62 ± 0.08 (clear), seed 0.02 ± 0.05 (may be chance)")
        await it.sees("71% of the differences explained over 24 runs")
        it.watching.publish(many(24))
        await it.press("down", "up")
        assert len(asked) == 1
        await it.press("w")
        await it.until(lambda: len(asked) == 2, "another question")


async def test_with_few_runs_it_says_how_many_are_needed(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("B")
        await it.sees("what matters: 20 runs with a value are needed, there are 11")


async def test_a_metric_is_chosen_among_all(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("B", "M")
        await it.sees("rank by", "train/loss")
        await it.press(*"f1")
        await it.sees_not("train/loss")
        await it.press("enter")
        await it.sees("ranked by val/f1")


async def test_a_filter_may_name_a_hyperparameter(board: OpenBoard) -> None:
    async with board(many(8)) as it:
        await it.press("B")
        await it.sees(" 07 ")
        await it.press("slash", *"seed=2", "enter")
        await it.sees_not(" 03 ")
        await it.sees(" 02 ", " 07 ")


@pytest.mark.parametrize("ending", ["md", "csv", "json", "tex"])
async def test_the_ranking_goes_into_a_file_that_the_person_names(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with board() as it:
        await it.press("B", "x")
        await it.sees("export to a new file", "leaderboard.md")
        await it.press("backspace", "backspace", *ending, "enter")
        path = tmp_path / f"leaderboard.{ending}"
        await it.sees("written: ")
        text = path.read_text()
        assert "exp-21-wide" in text.replace("\\_", "_")
        if ending == "json":
            assert [row["rank"] for row in json.loads(text)["runs"]] == list(range(1, 12))


async def test_a_file_that_is_there_stays_and_a_wrong_ending_is_said(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaderboard.md").write_text("mine")
    async with board() as it:
        await it.press("B", "x", "enter")
        await it.sees("already exists")
        assert (tmp_path / "leaderboard.md").read_text() == "mine"
        await it.press("x", "x", "enter")
        await it.sees("the name must end in one of .md")


async def test_a_comparison_and_compared_runs_are_exported_too(
    board: OpenBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with board() as it:
        await it.press("j", "j", "3", "enter")
        await it.sees("[1 Verdicts]")
        await it.press("x", "enter")
        await it.until(lambda: (tmp_path / "comparison.md").exists(), "comparison.md")
        await it.press("escape", "1", "space", "space", "c")
        await it.sees("metrics, last value")
        await it.press("x", "enter")
        await it.until(lambda: (tmp_path / "compared-runs.md").exists(), "compared-runs.md")
