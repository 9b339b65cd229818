"""The whole board as a picture, in two sizes."""

from __future__ import annotations

import time
from typing import Any

import made_up
import pytest
from eyes import text_of
from textual.pilot import Pilot
from textual.widgets import Input

from patience import PATIENCE_S
from runwatch.ui.app import RunwatchApp
from runwatch.ui.settings import UiSettings


async def _drawn(pilot: Pilot[Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    before = ""
    while time.monotonic() < end:
        shown = text_of(pilot.app)
        drawn = "● live" in shown and ("┤" in shown or "[1 Runs" in shown)
        if drawn and shown == before:
            break
        before = shown
        await pilot.pause(0.05)
    await pilot.pause()


def _app(theme: str = "") -> RunwatchApp:
    return RunwatchApp(made_up.FakeWatching(), UiSettings(theme=theme, clock=lambda: made_up.NOW))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_board(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_drawn)


def test_the_board_in_light(snap_compare: Any) -> None:
    assert snap_compare(_app("runwatch-light"), terminal_size=(120, 36), run_before=_drawn)


async def _still(pilot: Pilot[Any]) -> None:
    """Until nothing has changed for half a second."""
    before, same, end = "", 0, time.monotonic() + PATIENCE_S
    while same < 10 and time.monotonic() < end:
        shown = text_of(pilot.app)
        before, same = shown, same + 1 if shown == before else 0
        await pilot.pause(0.05)


STATES: dict[str, tuple[str, ...]] = {
    "drift": ("2",),
    "tasks": ("4",),
    "filter": ("slash", *"status:cr"),
    "groups": ("t", *"folder", "enter"),
    "findings": ("F",),
    "finding": ("n",),
    "run": ("enter",),
    "console": ("enter", "5"),
    "column": ("2", "enter"),
    "help": ("question_mark",),
    "palette": ("colon",),
}


@pytest.mark.parametrize("theme", ["runwatch-dark", "runwatch-light"])
@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 50)], ids=["40x12", "80x24", "200x50"])
def test_sizes_and_themes(snap_compare: Any, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(_app(theme), terminal_size=size, run_before=_drawn)


def _after(*keys: str) -> Any:
    async def reached(pilot: Any) -> None:
        await _drawn(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await _still(pilot)

    return reached


@pytest.mark.parametrize("state", STATES)
def test_states(snap_compare: Any, state: str) -> None:
    before = _after(*STATES[state])
    assert snap_compare(_app("runwatch-dark"), terminal_size=(100, 30), run_before=before)


def test_one_pane_in_full(snap_compare: Any) -> None:
    assert snap_compare(_app("runwatch-dark"), terminal_size=(120, 36), run_before=_after("2", "f"))
