"""What the detail screens say, and how they are used."""

from __future__ import annotations

import re

import made_up
import pytest
from eyes import Board, OpenBoard
from msgspec.structs import replace

from runwatch.domain.comparison import Baseline
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskList
from runwatch.ui.widgets.console import LogView


async def test_an_earlier_batch_is_shown_with_its_own_verdict(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("2", "enter")
        await it.sees("✗ drifted  income", "the median rose", "PSI")
        await it.press(*["left_square_bracket"] * 8)
        await it.sees("✓ stable  income", "2026-11-17.parquet", "earlier batch")
        assert "the median rose" not in it.text and "PSI" not in it.text
        await it.press(*["right_square_bracket"] * 8)
        await it.sees("✗ drifted  income", "newest batch", "PSI")


async def test_enter_shows_a_row_that_was_cut_in_full(board: OpenBoard) -> None:
    async with board(size=(80, 24)) as it:
        await it.press("enter", "4")
        row = next(line for line in it.text.splitlines() if "▌" in line)
        assert "at step 4,120" not in row
        await it.press("enter")
        await it.sees("in full", "at step 4,120", "what to do", "lower the batch size")
        await it.press("escape")
        await it.sees_not("in full")
        await it.sees("4 Health")


async def test_open_is_offered_only_where_there_is_something_to_open(board: OpenBoard) -> None:
    async with board() as it:
        assert "⏎ Open" in it.text.splitlines()[-1]
        it.watching.publish(made_up.snapshot(2, runs=()))
        await it.sees("no runs here yet")
        await it.until(lambda: "⏎ Open" not in it.text.splitlines()[-1], "the end of Open")


async def test_a_task_is_shown_with_all_its_words(board: OpenBoard) -> None:
    long = made_up.task("ask Ben " + "about the export of the new system " * 6 + "before Friday")
    async with board(made_up.snapshot(tasks={made_up.ROOT: TaskList("todo.txt", (long,))})) as it:
        await it.press("4", "enter")
        await it.sees("Task", "ask Ben")
        assert "before Friday" not in it.text
        await it.press("enter")
        await it.sees("before Friday")


def two_roots(*roots: str) -> Snapshot:
    runs = tuple(replace(made_up.run("exp/run1", "finished", 60), root=root) for root in roots)
    return made_up.snapshot(
        runs=runs, roots=roots, comparisons={}, data=(), baselines={}, findings=(), tasks={}
    )


async def test_runs_of_one_name_in_two_roots_are_told_apart_on_every_screen(board: OpenBoard) -> None:
    async with board(two_roots("/ana/vision/runs", "/ben/speech/runs")) as it:
        await it.sees("vision:exp/run1", "speech:exp/run1")
        await it.press("B")
        await it.sees("vision:exp/run1", "speech:exp/run1")
        await it.press("space", "space", "c")
        await it.sees("● vision:exp/run1", "━ speech:exp/run1")
        await it.press("escape", "escape", "enter")
        await it.sees("✓ finished vision:exp/run1")
        await it.press("escape", "colon", *"run1")
        await it.sees("Run: vision:exp/run1", "Run: speech:exp/run1")


async def test_a_run_in_trouble_says_so_whatever_its_status(board: OpenBoard) -> None:
    worse = replace(
        made_up.findings()[0], scope="nightly/exp-22-deep", run=made_up.key("nightly/exp-22-deep")
    )
    async with board(made_up.snapshot(findings=(worse,)), size=(160, 40)) as it:
        row = next(line for line in it.text.splitlines() if "▌" in line)
        assert "running" in row and "exp-22-deep ✗" in row


async def test_every_run_of_a_baseline_group_is_marked(board: OpenBoard) -> None:
    group = {made_up.ROOT: Baseline("group", "sweep/lr/*", "runwatch.toml")}
    async with board(made_up.snapshot(baselines=group), size=(160, 40)) as it:
        assert len(re.findall(r"sweep/lr/[^│]* baseline ", it.text)) == 3
        await it.press("G", *"kkk")
        await it.sees("is part of the baseline")


async def test_the_figures_of_a_column_keep_their_numbers_on_a_small_terminal(board: OpenBoard) -> None:
    async with board(size=(80, 24)) as it:
        await it.press("2", "enter")
        await it.sees("p-value", "1.0e-08", "reference", "current")


async def test_on_a_tiny_terminal_no_figure_of_a_column_is_cut(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("2", "enter")
        await it.sees("reference and current")
        await it.press("tab", "tab")
        await it.sees("measure", "p-value, corrected", "1.0e-08")


@pytest.mark.parametrize("tab", ["7", "8"])
async def test_what_an_empty_tab_says_is_not_cut(board: OpenBoard, tab: str) -> None:
    said = {"7": ("this run logged", "table or"), "8": ("nothing of the machine", "runwatch", "watched")}
    async with board(size=(40, 12)) as it:
        await it.press("enter", tab)
        await it.sees(*said[tab])


async def test_words_of_an_empty_pane_without_room_to_wrap_show_that_they_are_cut(board: OpenBoard) -> None:
    async with board(made_up.empty(), size=(120, 36)) as it:
        pane = next(line for line in it.text.splitlines() if "no data is watched yet" in line)
        assert "…" in pane


async def test_a_comparison_keeps_names_and_verdicts_on_a_tiny_terminal(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("3", "enter")
        await it.sees("not compared", "shares no", "with the baseline")
        await it.press("escape", "1", "j", "j", "3", "enter")
        await it.sees("val/auc", "difference", "▲ better")


async def test_a_metric_that_cannot_be_judged_says_why(board: OpenBoard) -> None:
    run = made_up.key("nightly/exp-21-wide")
    told = made_up.comparison(run.id, 0.01, "better")
    mute = replace(told.metrics[1], verdict="unknown", reason="no step that both have", delta=None)
    unknown = replace(told, metrics=(told.metrics[0], mute))
    async with board(made_up.snapshot(comparisons={run: unknown})) as it:
        await it.press("j", "j", "enter", "2")
        await it.sees("unknown", "no step that both have")


async def test_a_pane_that_was_hidden_is_made_for_its_size_at_once(board: OpenBoard) -> None:
    async with board(size=(96, 24)) as it:
        await it.press("2")
        await it.sees("last 8 batches")


def a_log(first: int, last: int) -> bytes:
    return b"".join(b"epoch %04d done\n" % n for n in range(first, last))


async def top_line_when(it: Board, version: int, log: bytes) -> str:
    """The first line of the log on the screen once the run has written this log."""
    it.watching.log = log
    newer = tuple(replace(run, version=version) for run in made_up.runs())
    it.watching.publish(made_up.snapshot(version, runs=newer))
    end = log.splitlines()[-1].decode()
    await it.until(lambda: it.app.screen.query_one(LogView).lines[-1].text == end, end)
    await it.pilot.pause()
    return re.findall(r"epoch (\d{4}) done", it.text)[0]


async def test_a_log_that_is_read_stays_where_it_is_while_it_grows(board: OpenBoard) -> None:
    async with board() as it:
        it.watching.log = a_log(0, 200)
        await it.press("enter", "5")
        await it.sees("epoch 0199 done", "following")
        await it.press("g")
        await it.sees("epoch 0000 done")
        assert await top_line_when(it, 2, a_log(0, 260)) == "0000"
        await it.press(*"jjjjjjjjjjjjjjjjjjjjjjjjj")
        assert await top_line_when(it, 3, a_log(20, 300)) == "0025"
        assert await top_line_when(it, 4, a_log(0, 320)) == "0025"


async def test_half_pages_as_in_vi(board: OpenBoard) -> None:
    many = tuple(made_up.run(f"sweep/{n:03d}", "finished", 60) for n in range(100))
    async with board(made_up.snapshot(runs=many, findings=(), comparisons={})) as it:
        await it.press("ctrl+d")
        half = it.app.choice.looked
        assert half is not None and 3 < int(half.id[-3:]) < 12
        await it.press("ctrl+u")
        assert it.app.choice.looked == made_up.key("sweep/000")


async def test_curves_of_the_machine_stand_apart_from_the_metrics(board: OpenBoard) -> None:
    tag = "system/cpu_utilization"
    run = made_up.run("exp", "running", 60)
    run = replace(run, metrics={**run.metrics, tag: made_up.metric("exp", tag, "min")})
    async with board(made_up.snapshot(runs=(run,), comparisons={}, findings=(), baselines={})) as it:
        it.watching.system = (tag, "machine/memory %")
        await it.press("enter")
        await it.sees("8 System")
        assert tag not in it.text
        await it.press("2")
        await it.sees("[2 Metrics]")
        assert tag not in it.text
        await it.press("8")
        await it.sees(tag, "machine/memory %", "07:30")
        it.watching.system = ()
    async with board(made_up.snapshot(runs=(run,), comparisons={}, findings=(), baselines={})) as it:
        await it.press("enter", "8")
        await it.sees("nothing of the machine is known for this run")


async def test_what_is_no_step_is_not_called_one(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("2", "enter")
        await it.sees("effect over the batches", "batch ")
        await it.press("v")
        await it.sees("current quantile")
        assert " step" not in it.text
