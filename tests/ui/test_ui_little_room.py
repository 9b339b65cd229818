"""Where there is little room: figures stay, bars give way, no way to a pane is cut off."""

from __future__ import annotations

from eyes import OpenBoard

from runwatch.show.screen.view import Span
from runwatch.ui.widgets.words import fitted, width_of


async def test_the_machine_keeps_its_figures_on_the_smallest_screen(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        await it.press("5", "enter")
        await it.sees("Machine", "cpu", "38%", "3.2 2.9 2.5")


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
