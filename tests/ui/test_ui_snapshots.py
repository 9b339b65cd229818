"""The whole board as a picture, in two sizes."""

from __future__ import annotations

import time
from typing import Any

import made_up
import pytest
from eyes import PATIENCE_S, text_of
from textual.pilot import Pilot

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
