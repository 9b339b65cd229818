"""The board as a person uses it."""

from __future__ import annotations

from pathlib import Path

import made_up
import pytest
from eyes import OpenBoard, text_of
from msgspec.structs import replace

from runwatch.domain.health import CurveForecast
from runwatch.domain.intents import (
    AddTask,
    EditTask,
    FinishTask,
    IntentAnswer,
    MarkLooked,
    PinBaseline,
    ReopenTask,
    SetPriority,
    SnoozeTask,
    Undo,
)


async def test_all_panes_are_on_one_screen_and_the_worst_comes_first(board: OpenBoard) -> None:
    async with board() as it:
        await it.sees("Runs", "Drift", "Metrics vs baseline", "Tasks", "gpu-07")
        lines = it.text.splitlines()
        assert "exp-20 crashed: CUDA out of memory" in lines[0]
        first_run = next(line for line in lines if "exp-2" in line and "✗" in line and "│" in line)
        assert "crashed" in first_run
        await it.sees("✗ drifted", "income", "0.31", "2 of 8 done today", "? Help")


async def test_a_small_terminal_shows_one_pane_at_a_time(board: OpenBoard) -> None:
    async with board(size=(80, 24)) as it:
        await it.sees("1 Runs", "4 Tasks", "running")
        assert "drifted" not in it.text.split("\n", 1)[1]
        await it.press("2")
        await it.sees("✗ drifted")
        assert "exp-21" not in it.text.split("\n", 1)[1]
        await it.press("4")
        await it.sees("ask Ben")


async def test_what_changes_on_disk_changes_on_the_screen_with_no_key(board: OpenBoard) -> None:
    async with board() as it:
        await it.sees("exp-22-deep")
        assert "exp-99" not in it.text
        newer = made_up.run("nightly/exp-99", "running", 1, 0.97, 60, version=2)
        it.watching.publish(made_up.snapshot(2, runs=(*made_up.runs(), newer)))
        await it.sees("exp-99", "97%")


async def test_a_burst_of_snapshots_paints_a_few_times_and_ends_at_the_last(board: OpenBoard) -> None:
    async with board() as it:
        painted: list[int] = []
        screen = it.app.screen
        paint = screen.paint  # type: ignore[attr-defined]
        screen.paint = lambda view: (painted.append(1), paint(view))  # type: ignore[attr-defined]
        run, first = made_up.run("burst/0", "running", 1), made_up.snapshot()
        for version in range(2, 300):
            runs = (replace(run, id=f"burst/{version}", version=version),)
            it.watching.publish(
                replace(first, version=version, situation=replace(first.situation, runs=runs))
            )
        await it.sees("burst/299")
        assert len(painted) <= 8


async def test_the_cursor_stays_on_its_run_when_others_come_and_go(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("j", "j")
        looked = it.app.choice.looked
        assert looked == made_up.key("nightly/exp-21-wide")
        worse = made_up.run("a/new-crash", "crashed", 1, version=2)
        it.watching.publish(made_up.snapshot(2, runs=(worse, *made_up.runs())))
        await it.sees("new-crash")
        assert it.app.choice.looked == looked
        row = next(line for line in it.text.splitlines() if "▌" in line)
        assert "exp-21-wide" in row


async def test_until_it_is_moved_the_cursor_stays_on_the_first_row(board: OpenBoard) -> None:
    async with board(made_up.snapshot(runs=made_up.runs()[5:6])) as it:
        assert it.app.choice.looked == made_up.key("nightly/exp-18")
        worse = made_up.run("a/new-crash", "crashed", 1, version=2)
        it.watching.publish(made_up.snapshot(2, runs=(worse, *made_up.runs())))
        await it.sees("new-crash")
        lines = it.text.splitlines()
        first = next(i for i, line in enumerate(lines) if "status" in line and "run" in line) + 1
        assert "▌" in lines[first]


async def test_the_metrics_pane_follows_the_runs_cursor(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("j", "j")
        await it.sees(" exp-21-wide against", "0.8734", "▲ +0.0124")
        await it.sees("━ champion/2026-10")
        assert any("⠀" < char <= "⣿" for char in it.text)


async def test_filter_as_one_types_and_escape_shows_all(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("slash", *"sweep")
        await it.sees_not("exp-21-wide")
        await it.sees("sweep/lr/0001")
        await it.press("enter")
        await it.sees("/sweep")
        await it.press("escape")
        await it.sees("exp-21-wide")


async def test_a_filter_that_matches_nothing_says_how_to_go_on(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("slash", *"zzz")
        await it.sees("no run matches “zzz”", "escape clears the filter")
        await it.press("escape", "slash", *"zzz>3")
        await it.sees("no run has a metric or hyperparameter zzz")


async def test_pin_the_baseline(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("j", "b")
        await it.until(lambda: bool(it.watching.intents))
        assert it.watching.intents == [PinBaseline(made_up.key("nightly/exp-19-diverging"))]
        await it.sees("the baseline is pinned")


async def test_marked_runs_are_drawn_together_and_compared(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("c")
        await it.sees("mark two or more runs")
        await it.press("j", "j", "space", "space")
        await it.until(lambda: len(it.app.choice.marked) == 2)
        assert it.text.count("●") >= 3
        await it.press("c")
        await it.sees("metrics, last value", "★", "━ nightly/exp-21-wide", "━ nightly/exp-22-deep")
        await it.press("escape")
        await it.sees("1 Runs")


async def test_enter_opens_every_pane_in_full_and_escape_closes(board: OpenBoard) -> None:
    async with board() as it:
        for pane, words in (
            ("1", ("[1 Curves]", "CUDA out of memory at step 4,120", "val/loss")),
            ("2", ("the median rose by 0.4 IQR", "Kolmogorov-Smirnov", "effect over the batches")),
            ("3", ("[1 Verdicts]", "slices: where it regressed")),
            ("5", ("32 cores", "full in 2 d")),
        ):
            await it.press("1", "home", "j", "j") if pane == "3" else await it.press("1", "home")
            await it.press(pane, "enter")
            await it.sees(*words)
            await it.press("escape")
            await it.sees("1 Runs", "5 Machine" if it.app.screen.has_class("tabbed") else "2 Drift")


async def test_all_parts_of_a_run(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("enter")
        await it.sees("[1 Curves]")
        await it.press("3")
        await it.sees("optimizer.name", "adam", "A100")
        await it.press("4")
        await it.sees("lower the batch size", "not a number: '0.3.1'", "line 412")
        await it.press("5")
        await it.sees("RuntimeError: CUDA out of memory", "following")
        await it.press("6")
        await it.sees("last.ckpt", "checkpoint", "45.8 MiB")


async def test_a_run_that_vanishes_says_so(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("enter")
        await it.sees("[1 Curves]")
        it.watching.publish(made_up.snapshot(2, runs=()))
        await it.sees("is no longer on disk")


async def test_help_is_made_from_the_keys_of_this_place(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("question_mark")
        await it.sees("keys that work here", "compare every run with this one", "Filter")
        assert "Snooze" not in it.text.split("keys that work here")[1].split("everywhere")[0]
        await it.press("escape", "4", "question_mark")
        await it.sees("until tomorrow, Monday or a date")


async def test_leaderboard_ranks_by_the_chosen_metric(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("B")
        await it.sees("ranked by val/auc, best value")
        first = next(line for line in it.text.splitlines() if "▌" in line)
        best = max(made_up.runs(), key=lambda run: run.metrics["val/auc"].best or 0)
        assert best.id in first
        await it.press("m")
        await it.sees("ranked by val/f1")
        await it.press("w")
        await it.sees("last value")


async def test_a_running_run_says_where_it_goes_and_what_is_left(board: OpenBoard) -> None:
    going = CurveForecast("val/auc", 0.874, 0.869, 0.879, ((4000, 0.86, 0.874, 0.88),), 0.83)
    looked = made_up.key("nightly/exp-21-wide")
    async with board(made_up.snapshot(forecasts={looked: going})) as it:
        await it.press("j", "j")
        await it.sees("beats the baseline with 83% probability")
        await it.press("enter")
        await it.sees("val/auc heads for 0.8740 (0.8690 to 0.8790)", "about 1 h 20 (1 h 12 to 1 h 36) left")
        await it.sees("updated 3s ago")


async def test_what_happened_is_a_line_that_takes_no_keys_and_opens_on_request(board: OpenBoard) -> None:
    async with board(brief=made_up.brief("3 runs ended [bold]x[/bold] \x1b[2J")) as it:
        await it.sees("since you last looked", "3 runs ended [bold]x[/bold] ␛[2J")
        await it.press("j", "space")
        await it.sees("●")
        assert MarkLooked() not in it.watching.intents
        await it.press("w")
        await it.sees("What happened", "nightly/exp-20 (out of memory)")
        assert MarkLooked() in it.watching.intents
        await it.press("escape")
        await it.sees_not("since you last looked")
        await it.press("w")
        await it.sees("nightly/exp-20 (out of memory)")


async def test_what_happened_can_be_put_away_unread(board: OpenBoard) -> None:
    async with board(brief=made_up.brief("3 runs ended")) as it:
        await it.sees("3 runs ended")
        await it.press("W")
        await it.sees_not("3 runs ended")
        assert MarkLooked() in it.watching.intents


@pytest.mark.parametrize("keys", [("question_mark",), ("colon",), ("4", "a"), ("4", "s")])
async def test_behind_a_dialog_the_board_goes_on(board: OpenBoard, keys: tuple[str, ...]) -> None:
    async with board() as it:
        await it.press(*keys)
        await it.until(lambda: it.app.screen is not it.app.live, "a dialog")
        it.watching.publish(made_up.snapshot(2, runs=(made_up.run("later/fine", "running", 1),)))
        behind = it.app.live
        await it.until(lambda: "later/fine" in text_of(it.app, behind), "what is new, behind the dialog")


async def test_n_walks_all_findings_from_any_screen(board: OpenBoard) -> None:
    many = len(made_up.snapshot().findings)
    async with board() as it:
        await it.press("n")
        await it.sees(f"finding 1 of {many}")
        depth = len(it.app.screen_stack)
        await it.press("n")
        await it.sees(f"finding 2 of {many}")
        await it.press("N", "N")
        await it.sees(f"finding {many} of {many}")
        assert len(it.app.screen_stack) == depth
        await it.press("escape")
        await it.sees("Runs", f"{many}/{many}")


async def test_the_headline_and_the_list_open_a_finding(board: OpenBoard) -> None:
    async with board() as it:
        await it.pilot.click("#headline")
        await it.sees("finding 1 of")
        await it.press("escape", "F")
        await it.sees("Findings")
        await it.press("j", "enter")
        await it.sees("finding 2 of")


async def test_an_empty_root_says_what_to_do_next(board: OpenBoard) -> None:
    async with board(made_up.empty()) as it:
        await it.sees(
            "no runs here yet",
            "its metrics and curves appear here ",
            "no data is watched yet",
            "[[data]]",
            "Nothing pending",
        )


async def test_an_error_of_the_view_is_shown_and_the_board_goes_on(board: OpenBoard) -> None:
    async with board() as it:
        broken = made_up.snapshot(2, runs=(replace(made_up.runs()[0], metrics=None),))  # type: ignore[arg-type]
        it.watching.publish(broken)
        await it.sees("the view could not be built")
        it.watching.publish(made_up.snapshot(3, runs=(made_up.run("later/fine", "running", 1),)))
        await it.sees("later/fine")


class TestTasks:
    async def test_space_finishes_and_u_takes_it_back(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "space")
            await it.until(lambda: len(it.watching.intents) == 1)
            assert it.watching.intents == [FinishTask(made_up.ROOT, made_up.CRASHED)]
            await it.press("u")
            await it.until(lambda: len(it.watching.intents) == 2)
            assert it.watching.intents[1] == Undo(made_up.ROOT, "undo-1")
            await it.press("u")
            await it.sees("nothing to undo")

    async def test_a_finished_one_is_opened_again(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "d", "G")
            await it.sees("clean /scratch")
            await it.press("space")
            await it.until(lambda: bool(it.watching.intents))
            assert isinstance(it.watching.intents[0], ReopenTask)

    async def test_add_with_completion(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "a", *"call @be")
            await it.sees("call @ben")
            await it.press("tab", "enter")
            await it.until(lambda: bool(it.watching.intents))
            assert it.watching.intents == [AddTask("call @ben", made_up.ROOT)]

    async def test_snooze_until_tomorrow_and_until_a_date(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "s")
            await it.sees("snooze until", "Thu 26 Nov", "Mon 30 Nov")
            await it.press("t")
            await it.until(lambda: len(it.watching.intents) == 1)
            assert str(it.watching.intents[0].until) == "2026-11-26"  # type: ignore[union-attr]
            await it.press("s", "d")
            await it.press(*"never", "enter")
            await it.sees("a date looks like")
            for _ in "never":
                await it.press("backspace")
            await it.press(*"2026-12-24", "enter")
            await it.until(lambda: len(it.watching.intents) == 2)
            snoozed = it.watching.intents[1]
            assert isinstance(snoozed, SnoozeTask)
            assert snoozed.until.isoformat() == "2026-12-24"

    async def test_priority(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "p", "b")
            await it.until(lambda: len(it.watching.intents) == 1)
            await it.press("p", "n")
            await it.until(lambda: len(it.watching.intents) == 2)
            given = [intent.priority for intent in it.watching.intents if isinstance(intent, SetPriority)]
            assert given == ["B", None]

    async def test_edit_in_the_editor(
        self, board: OpenBoard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        editor = tmp_path / "edit.sh"
        editor.write_text('#!/bin/sh\necho "(B) changed +nightly" > "$1"\n')
        editor.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(editor))
        monkeypatch.delenv("VISUAL", raising=False)
        async with board() as it:
            from contextlib import nullcontext

            monkeypatch.setattr(it.app, "suspend", nullcontext)
            await it.press("4", "e")
            await it.until(lambda: bool(it.watching.intents))
            assert it.watching.intents == [EditTask(made_up.ROOT, made_up.CRASHED, "(B) changed +nightly")]

    async def test_enter_jumps_to_what_the_task_is_about(self, board: OpenBoard) -> None:
        async with board() as it:
            await it.press("4", "j", "j", "enter")
            await it.sees("ask Ben about the new CRM export @ben", "due")
            await it.press("escape", "home", "enter")
            await it.sees("[1 Curves]", "✗ crashed nightly/exp-20")

    async def test_a_refused_intent_says_why(self, board: OpenBoard) -> None:
        async with board() as it:
            it.watching.submit = lambda intent, answered: answered(  # type: ignore[method-assign]
                IntentAnswer(intent, False, "the file is read-only")
            )
            await it.press("4", "space")
            await it.sees("the file is read-only")
            assert not it.app.undos


async def test_a_data_set_in_full(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("2", "d")
        await it.sees("[1 Quality]", "no fault found", "22% of the columns drifted")
        await it.press("2")
        await it.sees("2026-11-25.parquet", "4,200", "income, channel, tenure_months")
        await it.press("4")
        await it.sees("AUC 0.670", "what tells the new rows apart")


async def test_the_pane_says_which_file_holds_the_tasks(board: OpenBoard) -> None:
    async with board() as it:
        await it.sees("/home/ana/churn/todo.txt")


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_the_way_to_help_and_out_is_always_at_the_foot(board: OpenBoard, width: int) -> None:
    async with board(size=(width, 20)) as it:
        foot = it.text.splitlines()[-1]
        assert "? Help" in foot and "q Quit" in foot


async def test_the_machine_is_no_tab_and_leaves_the_shown_pane_alone(board: OpenBoard) -> None:
    async with board(size=(80, 24)) as it:
        await it.press("4")
        await it.sees("[4 Tasks")
        assert "5 Machine" not in it.text
        await it.press("5")
        await it.sees("[4 Tasks", "ask Ben")
        await it.pilot.resize_terminal(70, 20)
        await it.sees("ask Ben")
        await it.press("l")
        await it.sees("[1 Runs")
        await it.press("h", "h")
        await it.sees("[4 Tasks")


async def test_a_pane_that_cannot_be_filtered_says_so(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("3", "slash")
        await it.sees("has nothing to filter")
        await it.press("4", "slash")
        await it.sees("filter tasks")
