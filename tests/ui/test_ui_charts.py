"""Which charts a run shows, and how: pinned, filtered, together, over epochs, superseded branches."""

from __future__ import annotations

import made_up
import numpy as np
from eyes import Board, OpenBoard
from msgspec.structs import replace

from runwatch.domain.points import EPOCHS, Points, former_tag
from runwatch.domain.run import Attempt, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.ui.selection import Selection

TAGS = ("train/loss", "val/loss", "val/auc", "lr")


def told(**changes: object) -> Snapshot:
    run = made_up.run("exp", "running", 60)
    metrics = {tag: made_up.metric("exp", tag, "min") for tag in TAGS}
    run = replace(run, metrics=metrics, main="val/loss", **changes)
    return made_up.snapshot(runs=(run,), comparisons={}, findings=(), baselines={})


def titles(it: Board) -> list[str]:
    return [part.split("─")[0].strip() for line in it.text.splitlines() for part in line.split("╭─")[1:]]


async def test_charts_are_filtered_by_their_tags(board: OpenBoard) -> None:
    async with board(told()) as it:
        await it.press("enter")
        await it.sees("val/auc", "train/loss")
        await it.press("slash", *"auc", "enter")
        await it.sees_not("train/loss")
        assert titles(it) == ["val/auc"]
        await it.press("slash", "escape")
        await it.sees("train/loss")


async def test_a_pinned_chart_comes_first_and_stays_so(board: OpenBoard) -> None:
    async with board(told()) as it:
        await it.press("enter")
        await it.sees("lr")
        assert titles(it)[0] != "lr"
        await it.press("slash", *"lr", "enter")
        await it.sees_not("train/loss")
        await it.press("p")
        await it.sees("★ lr")
        await it.press("slash", "escape")
        await it.sees("train/loss")
        assert titles(it)[0] == "★ lr"
        kept = Selection()
        kept.take(it.app.choice.kept())
        assert kept.pinned == ("lr",)
        await it.press("p")
        await it.sees_not("★")


async def test_training_and_validation_in_one_chart_on_request(board: OpenBoard) -> None:
    async with board(told()) as it:
        await it.press("enter")
        await it.sees("train/loss")
        await it.press("T")
        await it.sees("loss: validation, train", "━ validation", "━ train")
        assert len(titles(it)) == 3
        await it.press("T")
        await it.sees_not("loss: validation, train")


async def test_over_epochs_where_they_are_known(board: OpenBoard) -> None:
    async with board(told()) as it:
        series = it.watching.series
        known = Points.of([0, 1995, 3990], [0.0, 10.0, 20.0])
        it.watching.series = lambda key, tag: known if tag == EPOCHS else series(key, tag)  # type: ignore[method-assign]
        await it.press("enter")
        await it.sees("train/loss")
        await it.press("X")
        await it.sees("epoch", " 20")


async def test_what_a_newer_attempt_superseded_is_drawn_faint(board: OpenBoard) -> None:
    asked: list[str] = []
    branch = Points.of(np.arange(4000, 8000, 40), np.full(100, 0.3))
    attempt = Attempt(1, 0, 8000, 200, 100, None, 4000)
    async with board(told(attempts=(attempt,))) as it:
        run = it.watching.first.situation.runs[0]
        metrics = {**run.metrics, "val/loss": replace(run.metrics["val/loss"], former=100)}
        resumed = replace(run, metrics=metrics, version=run.version + 1)
        series = it.watching.series

        def told_of(key: RunKey, tag: str) -> Points:
            asked.append(tag)
            return branch if tag == former_tag("val/loss", 0) else series(key, tag)

        it.watching.series = told_of  # type: ignore[method-assign]
        it.watching.publish(made_up.snapshot(2, runs=(resumed,), comparisons={}, findings=(), baselines={}))
        await it.press("enter")
        await it.until(lambda: former_tag("val/loss", 0) in asked)
        await it.sees("7000")
        assert former_tag("val/auc", 0) not in asked


def test_a_run_keeps_its_colour_when_another_is_unmarked() -> None:
    chosen = Selection()
    a, b, c, d = (RunKey("/r", name) for name in "abcd")
    for key in (a, b, c):
        chosen.toggle(key)
    chosen.toggle(a)
    assert chosen.marked == (b, c)
    assert chosen.slots.index(b) == 1
    chosen.toggle(d)
    assert (chosen.slots.index(d), chosen.slots.index(c)) == (0, 2)
    for key in (d, c, b):
        chosen.toggle(key)
    assert chosen.slots == ()


async def test_epochs_and_steps_are_not_drawn_on_one_axis(board: OpenBoard) -> None:
    by_epoch = replace(made_up.run("keras", "finished", 60), epoch=3990.0, step=3990)
    by_step = made_up.run("champion", "finished", 120)
    first = made_up.snapshot(runs=(by_epoch, by_step), comparisons={}, findings=(), baselines={})
    async with board(first) as it:
        await it.press("space", "j", "space", "k", "enter")
        await it.sees("champion at its end")
        await it.press("escape", "j", "enter")
        await it.sees("keras at its end")
