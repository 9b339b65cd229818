"""Eyes and fingers for a running board."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import made_up
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from patience import PATIENCE_S
from runwatch.ui.app import RunwatchApp


def text_of(app: App[Any], screen: Screen[Any] | None = None) -> str:
    """All that is on the screen (the topmost one), as text."""
    return "\n".join(strip.text for strip in (screen or app.screen)._compositor.render_strips())


class Board:
    """A running board: press keys, look. ``notices``: what was said at the corner, unwrapped."""

    def __init__(
        self, app: RunwatchApp, pilot: Pilot[None], watching: made_up.FakeWatching, notices: list[str]
    ) -> None:
        self.app, self.pilot, self.watching, self.notices = app, pilot, watching, notices

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait until something holds; fail when it does not, however slow the machine is."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if holds():
                return
            await self.pilot.pause(0.025)
        raise AssertionError(f"{what or 'it'} did not come; the screen:\n{self.text}")

    async def sees(self, *words: str) -> None:
        for word in words:
            await self.until(lambda word=word: word in self.text, repr(word))

    async def sees_not(self, word: str) -> None:
        await self.until(lambda: word not in self.text, f"the end of {word!r}")


OpenBoard = Callable[..., AbstractAsyncContextManager[Board]]
