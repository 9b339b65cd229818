"""Every key of every screen, pressed once: nothing breaks, the screen goes on being painted, and a key does
something or says why it does not."""

from __future__ import annotations

import made_up
import pytest
from eyes import Board, OpenBoard
from textual.binding import Binding
from textual.widgets import Input

from runwatch.show.screen import destinations as to
from runwatch.show.screen.drift import ColumnKey
from runwatch.ui.places import PLACES
from runwatch.ui.routes import screen_for
from runwatch.ui.widgets.prompt import Prompt

RUN = made_up.runs()[0].key
SCREENS: dict[str, to.Destination] = {
    **{name: to.ShowPlace(name) for name in PLACES},
    "run": to.ShowRun(RUN),
    "data": to.ShowData(made_up.ROOT, "features"),
    "column": to.ShowColumn(ColumnKey(made_up.ROOT, "features", "income")),
    "comparison": to.ShowComparison(made_up.PREDICTIONS),
    "run against baseline": to.ShowComparison(made_up.key("nightly/exp-21-wide")),
    "rows": to.ShowSlice(made_up.PREDICTIONS, made_up.SLICE),
    "runs": to.ShowRuns((RUN, made_up.runs()[1].key)),
    "file": to.ShowFile(RUN, "train.log"),
    "finding": to.ShowFinding(made_up.findings()[0].key),
}
DIALOGS = {
    "help": "question_mark", "palette": "colon", "filter": "slash", "sort": "s", "columns": "C", "group": "t",
    "metric": "m",
}  # fmt: skip
LEAVING = ("app.quit", "app.interrupt", "app.suspend", "detail.close")
GOING = ("detail.part", "detail.next", "detail.prev", "board.pane", "board.right", "board.left", "board.next")
"""They go elsewhere: pressed last."""
MOVING = ("table.", "log.", "help.", "palette.", "pick.", "choose.", "filter.", "board.unfilter", *GOING)
"""They do nothing at the end of a list, or where one is already."""


EVERYWHERE = ("table.", "log.", "chart.", "app.", *GOING)
"""The same on every screen: pressed where ``every`` is asked for."""


def keys_of(it: Board, every: bool) -> dict[str, Binding]:
    """The keys of the focused widget and all above it, each as the innermost has it."""
    found: dict[str, Binding] = {}
    focused = it.app.focused
    for node in focused.ancestors_with_self if focused else [it.app.screen, it.app]:
        for key, bindings in node._bindings.key_to_bindings.items():
            found.setdefault(key, bindings[0])
    wanted = [
        (key, binding)
        for key, binding in found.items()
        if binding.id and binding.id not in LEAVING and (every or not binding.id.startswith(EVERYWHERE))
    ]
    return dict(sorted(wanted, key=lambda pair: str(pair[1].id).startswith(GOING)))


def state_of(it: Board) -> object:
    focused = it.app.focused
    typed = focused.value if isinstance(focused, Input) else ""
    return it.text, it.app.screen, focused, len(it.notices), len(it.watching.intents), typed


async def press_all(it: Board, every: bool = False) -> list[str]:
    """The names of the keys that did nothing in silence."""
    base, silent = list(it.app.screen_stack), []
    for key, binding in keys_of(it, every).items():
        before = state_of(it)
        await it.press(key)
        if state_of(it) == before:
            await it.pilot.pause(0.3)
        if state_of(it) == before and not str(binding.id).startswith(MOVING):
            silent.append(f"{key} ({binding.id})")
        assert it.app.crash is None, f"{key} ({binding.id}): {it.app.crash!r}"
        assert it.text.strip(), f"{key} ({binding.id}) left an empty screen"
        while it.app.screen_stack != base and len(it.app.screen_stack) > len(base):
            it.app.pop_screen()
            await it.pilot.pause()
        if it.app.screen_stack != base:
            break
        if it.app.screen.query(Prompt):
            await it.press("escape")
    return silent


@pytest.mark.parametrize("name", SCREENS)
async def test_every_key_of_a_screen(board: OpenBoard, name: str) -> None:
    async with board() as it:
        screen = screen_for(it.app, SCREENS[name])
        assert screen is not None
        it.app.push_screen(screen)
        await it.until(lambda: it.app.screen is screen and screen.painted, f"the screen of {name}")
        await it.pilot.pause(0.1)
        assert not await press_all(it, every=name in ("run", "file"))


@pytest.mark.parametrize("part", range(2, 9))
async def test_every_key_of_the_parts_of_a_run(board: OpenBoard, part: int) -> None:
    async with board() as it:
        it.app.push_screen(screen_for(it.app, to.ShowRun(RUN)))
        await it.until(lambda: it.app.live.painted)
        await it.press(str(part))
        await it.pilot.pause(0.2)
        assert not await press_all(it)


@pytest.mark.parametrize("pane", range(1, 6))
async def test_every_key_of_a_pane(board: OpenBoard, pane: int) -> None:
    async with board() as it:
        await it.press(str(pane))
        assert not await press_all(it, every=pane == 1)


async def test_every_key_of_the_smallest_board(board: OpenBoard) -> None:
    async with board(size=(40, 12)) as it:
        assert not await press_all(it)


@pytest.mark.parametrize("name", DIALOGS)
async def test_every_key_of_a_dialog(board: OpenBoard, name: str) -> None:
    async with board() as it:
        await it.press(DIALOGS[name])
        await it.pilot.pause(0.1)
        assert not await press_all(it)


async def test_a_dialog_that_is_left_twice_takes_nothing_else_away(board: OpenBoard) -> None:
    """Enter behind Escape, both pressed before the board came to the first."""
    async with board(made_up.snapshot()) as it:
        await it.sees("sweep/lr/0001")
        for below, key in ((1, "colon"), (2, "colon"), (2, "question_mark")):
            if below == 2 and len(it.app.screen_stack) == 1:
                await it.press("enter")
                await it.until(lambda: len(it.app.screen_stack) == 2)
            await it.press(key)
            await it.until(lambda below=below: len(it.app.screen_stack) == below + 1)
            dialog = it.app.screen
            dialog.dismiss(None)
            dialog.dismiss(None)
            await it.pilot.pause()
            assert len(it.app.screen_stack) == below
            assert it.app.is_running
