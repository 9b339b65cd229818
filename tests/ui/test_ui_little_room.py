"""Where there is little room: figures stay, bars give way, no way to a pane is cut off."""

from __future__ import annotations

import made_up
from eyes import OpenBoard
from msgspec.structs import replace

from runwatch.show.screen.view import Span, ViewColumn, ViewRow, as_wide_as_needed
from runwatch.ui.app import RunwatchApp
from runwatch.ui.palette import palette
from runwatch.ui.settings import UiSettings
from runwatch.ui.widgets.console import LogView
from runwatch.ui.widgets.words import fitted, width_of


async def test_the_machine_keeps_its_figures_on_the_smallest_screen(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("5", "enter")
        await it.sees("Machine", "cpu", "38%", "3.2 2.9 2.5")


async def test_a_row_of_the_machine_opens_in_full(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("5", "enter", "j", "j", "enter")
        await it.sees("over 1, 5, 15 min")


def test_a_column_is_as_wide_as_what_it_holds() -> None:
    columns = (ViewColumn("n", "n", 20), ViewColumn("what", "what", 20))
    rows = tuple(ViewRow(i, ((Span(words),), (Span("x"),))) for i, words in enumerate(("1,234", "9")))
    assert [column.width for column in as_wide_as_needed(columns, rows, "n")] == [5, 20]
    assert as_wide_as_needed(columns, (), "n")[0].width == 1


async def test_sixteen_colours_keep_the_row_under_the_cursor_readable() -> None:
    for name in ("runwatch-ansi", "runwatch-ansi-light"):
        app = RunwatchApp(made_up.FakeWatching(), UiSettings(theme=name, clock=lambda: made_up.NOW))
        async with app.run_test():
            cursor = palette(app)["cursor"]
            assert cursor.color is not None and cursor.color != cursor.bgcolor, name


async def test_every_pane_has_its_number_among_the_tabs(board: OpenBoard) -> None:
    async with board(size=(36, 12)) as it:
        for number in "1234":
            await it.press(number)
            await it.until(lambda number=number: f"[{number} " in it.text, f"tab {number}")
            tabs = it.text.splitlines()[1]
            assert all(f"{n} " in tabs for n in range(1, 5)), tabs


def test_a_cut_leaves_no_sign_without_its_number() -> None:
    tones = {"plain": None}
    line = (Span("eval_auc −0.0053"),)
    for width in range(10, 15):
        shown = "".join(segment.text for segment in fitted(line, width, tones))  # type: ignore[arg-type]
        assert width_of((Span(shown),)) == width
        assert shown.rstrip() == "eval_auc …", width


async def test_what_happened_comes_before_when_where_there_is_little_room(board: OpenBoard) -> None:
    async with board(brief=made_up.brief("3 runs ended, 1 crashed"), size=(40, 12)) as it:
        await it.sees("3 runs ended, 1 crashed", "w opens")


async def test_what_a_key_says_fits_the_smallest_screen(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("f")
        await it.sees("panes are tabs below 110x30")
        assert "110x30" in it.text.splitlines()[-1]


async def test_words_of_an_empty_pane_break_only_where_the_line_ends(board: OpenBoard) -> None:
    async with board(made_up.empty(), size=(40, 12)) as it:
        await it.sees("writes its first file")


async def test_a_log_without_a_line_is_told_from_no_log(board: OpenBoard) -> None:
    for consoles, said in (((), "ending in .log, .out"), (("train.log",), "this file is empty")):
        run = replace(made_up.runs()[0], consoles=consoles)
        async with board(made_up.snapshot(runs=(run,)), size=(40, 12)) as it:
            it.watching.log = b""
            await it.press("enter", "5")
            await it.sees(said)


async def test_titles_among_compared_runs_take_the_whole_line(board: OpenBoard) -> None:
    async with board(size=(40, 24)) as it:
        await it.press("space", "j", "space", "c")
        await it.sees("metrics, last value", "no hyperparameter differs")


async def test_an_empty_log_has_the_ground_of_its_theme(board: OpenBoard) -> None:
    run = replace(made_up.runs()[0], consoles=())
    async with board(made_up.snapshot(runs=(run,)), size=(80, 24)) as it:
        await it.press("enter", "5")
        await it.sees("ending in .log, .out")
        log = it.app.screen.query_one(LogView)
        grounds = {segment.style and segment.style.bgcolor for y in (0, 5) for segment in log.render_line(y)}
        assert None not in grounds
