"""A slice opens to its rows."""

from __future__ import annotations

import made_up
from eyes import Board, OpenBoard


async def open_slices(it: Board) -> None:
    await it.press("3", "enter")
    await it.sees("slices: where it regressed", "opens the rows of a slice")
    await it.press("tab")


async def test_a_slice_opens_to_its_rows_and_says_what_they_share(board: OpenBoard) -> None:
    async with board(made_up.snapshot(predictions={made_up.PREDICTIONS: made_up.predicted()})) as it:
        await open_slices(it)
        await it.press("enter")
        await it.sees("the first 200 rows", "scanner = 'Axio 2' in screening", "P-0000")
        await it.sees("the same in all rows: scanner Axio 2")
        await it.press("slash", *"P-0142", "enter")
        await it.sees("1 of 200 rows", "P-0142")
        assert "P-0000" not in it.text
        await it.press("escape")
        await it.sees("slices: where it regressed")


async def test_a_slice_that_is_gone_says_why(board: OpenBoard) -> None:
    async with board(made_up.snapshot(predictions={made_up.PREDICTIONS: made_up.predicted()})) as it:
        await open_slices(it)
        await it.press("down", "enter")
        await it.sees("no such slice any more", "open it again")


async def test_rows_are_read_again_when_the_predictions_are_compared_anew(board: OpenBoard) -> None:
    async with board(made_up.snapshot(predictions={made_up.PREDICTIONS: made_up.predicted()})) as it:
        await open_slices(it)
        await it.press("enter")
        await it.sees("P-0000")
        it.watching.slice_rows = lambda predictions, label: (("patient",), (("Q-1",),))  # type: ignore[method-assign]
        it.watching.publish(made_up.snapshot(2, predictions={made_up.PREDICTIONS: made_up.predicted()}))
        await it.sees("Q-1")
