"""A key that cannot act says why."""

from __future__ import annotations

import made_up
import pytest
from eyes import OpenBoard

from runwatch.show.screen import destinations as to
from runwatch.ui.routes import screen_for


async def told(it, *keys: str) -> str:  # type: ignore[no-untyped-def]
    """What pressing keys made the board say."""
    before = len(it.notices)
    await it.press(*keys)
    return " / ".join(it.notices[before:])


async def test_on_an_empty_board_every_key_that_needs_a_run_a_task_or_data_says_so(board: OpenBoard) -> None:
    async with board(made_up.empty()) as it:
        for key in ("space", "b", "e", "asterisk", "x"):
            assert "no run under the cursor" in await told(it, key), key
        assert "mark two or more runs" in await told(it, "c")
        assert "nothing to open" in await told(it, "enter")
        assert "there is no finding" in await told(it, "n")
        tasks = next(pane.number for pane in it.app.screen.panes if pane.ID == "tasks")
        for key in ("space", "z", "p", "e"):
            said = await told(it, str(tasks), key)
            assert "no task under the cursor" in said or not _bound(it, key), key
        assert "nothing to undo" in await told(it, "u")
        assert f"there are {len(it.app.screen.panes)} panes" in await told(it, "9")
        await it.press("question_mark")
        await it.press(*"number")
        await it.sees(f"1 to {len(it.app.screen_stack[-2].panes)} ")


def _bound(it, key: str) -> bool:  # type: ignore[no-untyped-def]
    focused = it.app.focused
    return any(key in node._bindings.key_to_bindings for node in focused.ancestors_with_self[:3])


@pytest.mark.parametrize("key", ["less_than_sign", "plus", "minus", "ctrl+w"])
async def test_where_panes_are_tabs_the_keys_of_borders_say_so(board: OpenBoard, key: str) -> None:
    async with board(made_up.snapshot(), size=(80, 24)) as it:
        assert "panes are tabs below 110x30" in await told(it, key)


async def test_keys_of_the_curves_say_so_on_other_tabs(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        it.app.push_screen(screen_for(it.app, to.ShowRun(made_up.runs()[0].key)))
        await it.until(lambda: it.app.live.painted)
        await it.press("3")
        for binding in it.app.screen._bindings.key_to_bindings.values():
            for one in binding:
                if one.action.partition("(")[0] in ("log", "smooth", "axis", "together"):
                    assert "that works on the curves only" in await told(it, one.key), one.key


async def test_the_help_says_beside_a_key_why_it_cannot_act(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        it.app.push_screen(screen_for(it.app, to.ShowRun(made_up.runs()[0].key)))
        await it.until(lambda: it.app.live.painted)
        await it.press("3", "question_mark", *"smooth")
        await it.sees("not now, that works on the curves only")


async def test_a_key_typed_among_the_commands_finds_what_it_does(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        await it.press("colon", "B", "enter")
        await it.sees("ranked by")
