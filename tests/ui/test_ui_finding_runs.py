"""Finding things among many runs, and a board arranged by hand."""

from __future__ import annotations

import made_up
from eyes import Board, OpenBoard

from runwatch.domain.intents import KeepView


def order(it: Board, *names: str) -> list[str]:
    """The names in the order in which the screen shows them."""
    lines = it.text.splitlines()[2:]
    at = {name: next(i for i, line in enumerate(lines) if name in line.split("││")[0]) for name in names}
    return sorted(names, key=lambda name: at[name])


async def test_a_filter_says_how_many_are_shown_and_completes(board: OpenBoard) -> None:
    async with board(size=(160, 40)) as it:
        await it.press("slash")
        await it.sees("status:crashed", "/regex/")
        await it.press(*"sta", "tab")
        await it.sees("status:", "running")
        await it.press(*"cr", "tab")
        await it.sees("status:crashed", "1 of 11 shown")
        await it.press("enter")
        await it.sees("/status:crashed")
        await it.press("slash", *" age<", "x")
        await it.sees("is not a duration")
        await it.press("escape")
        await it.sees("sweep/lr/0003")


async def test_runs_are_sorted_by_a_column_and_the_arrow_says_so(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("s", *"value", "enter")
        await it.sees("val/auc▼")
        assert order(it, "exp-20", "lr/0003", "exp-22-deep") == ["exp-20", "exp-22-deep", "lr/0003"]
        await it.press("r")
        await it.sees("val/auc▲")
        assert order(it, "exp-20", "lr/0003") == ["lr/0003", "exp-20"]
        await it.press("o")
        await it.sees_not("auc▲")


async def test_a_click_on_a_title_sorts(board: OpenBoard) -> None:
    async with board() as it:
        table = it.app.screen.query_one("#runs-table")
        for shown in ("run▲", "run▼"):
            await it.pilot.click(table, offset=(14, 0))
            await it.sees(shown)
        await it.pilot.click(table, offset=(14, 0))
        await it.sees_not("run▼")


async def test_columns_can_be_chosen(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("C")
        await it.sees("tab selects or unselects")
        await it.press(*"depth", "tab", "enter")
        await it.sees("depth")
        await it.press("C", *"progress", "tab", "enter")
        await it.sees_not("progress")


async def test_groups_fold_and_say_mean_and_spread(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("t", *"folder", "enter")
        await it.sees("▾", "nightly", "6 runs", "±")
        await it.press("g", "enter")
        await it.sees("▸")
        await it.sees_not("exp-21-wide")
        await it.press("enter")
        await it.sees("exp-21-wide")


async def test_bookmarks_and_hidden_runs_are_kept_for_the_root(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("G", "asterisk")
        await it.sees("★")
        await it.press("g", "j", "x")
        await it.sees("1 hidden (X shows them)")
        await it.until(lambda: it.app._keeping is None, "what is kept, after the last change")
        kept = [i for i in it.watching.intents if isinstance(i, KeepView)][-1]
    assert kept.root == made_up.ROOT
    async with board(view=kept.view, roots=(made_up.ROOT,)) as it:
        await it.sees("★", "1 hidden")


async def test_hiding_is_undone(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("g", "j", "x")
        await it.sees("hidden; u undoes it", "1 hidden (X shows them)")
        await it.press("u")
        await it.sees_not("1 hidden")


async def test_a_metric_of_ones_own_choice(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("m", *"train/loss", "enter")
        await it.sees("train/loss")
        await it.until(lambda: "train/loss" in it.text.splitlines()[2], "the metric's name over its values")


async def test_a_pane_takes_the_whole_screen_and_gives_it_back(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("2", "f")
        await it.sees_not("Metrics vs baseline")
        await it.sees("tenure_months")
        await it.press("f")
        await it.sees("Metrics vs baseline")
        await it.press("ctrl+w")
        await it.sees_not("tenure_months")
        await it.press("2")
        await it.sees("tenure_months")


async def test_borders_move_by_keys_and_mouse(board: OpenBoard) -> None:
    async with board() as it:
        left = it.app.screen.query_one("#left")
        before = left.region.right
        await it.press("greater_than_sign")
        await it.until(lambda: left.region.right > before, "a wider column")
        edge = left.region.right
        await it.pilot.mouse_down(offset=(edge - 1, 8))
        await it.pilot.hover(offset=(edge - 20, 8))
        await it.pilot.mouse_up(offset=(edge - 20, 8))
        await it.until(lambda: left.region.right < edge - 10, "a narrower column")
        await it.press("0")
        await it.until(lambda: left.region.right == before, "the first width")


async def test_an_empty_pane_is_only_its_title(board: OpenBoard) -> None:
    async with board(made_up.snapshot(data=())) as it:
        drift, runs = (it.app.screen.query_one(f"#{name}") for name in ("drift", "runs"))
        await it.until(lambda: drift.region.height == 3, "a low pane")
        assert runs.region.height > 20
        await it.press("2")
        await it.until(lambda: drift.region.height > 5, "room for who is in it")
