"""Where there is little room: figures stay, bars give way, no way to a pane is cut off."""

from __future__ import annotations

import made_up
from eyes import OpenBoard

from runwatch.show.screen.view import Span, ViewColumn, ViewRow, as_wide_as_needed
from runwatch.ui.app import RunwatchApp
from runwatch.ui.palette import palette
from runwatch.ui.settings import UiSettings
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
