"""A board over made-up snapshots, and eyes to see it with."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import made_up
import pytest
from textual.app import App
from textual.pilot import Pilot

from runwatch.domain.situation import Snapshot
from runwatch.ui.app import RunwatchApp
from runwatch.ui.settings import UiSettings


@pytest.fixture(autouse=True)
def _same_clock_and_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_FILTERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text_of(app: App[Any]) -> str:
    """All that is on the screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


class Board:
    """A running board: press keys, look."""

    def __init__(self, app: RunwatchApp, pilot: Pilot[None], watching: made_up.FakeWatching) -> None:
        self.app, self.pilot, self.watching = app, pilot, watching

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.03)

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Wait until something holds; fail when it does not within a few seconds."""
        for _ in range(200):
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


@pytest.fixture
def board() -> OpenBoard:
    """Opens a board: ``async with board(snapshot, size=…, settings=…, brief=…) as it``."""

    @asynccontextmanager
    async def opened(
        first: Snapshot | None = None, size: tuple[int, int] = (120, 36), brief: str = "", **settings: Any
    ) -> AsyncIterator[Board]:
        watching = made_up.FakeWatching(first, brief)
        app = RunwatchApp(watching, UiSettings(clock=lambda: made_up.NOW, **settings))
        async with app.run_test(size=size, notifications=True) as pilot:
            it = Board(app, pilot, watching)
            await it.until(lambda: app.snapshot is not None, "the first snapshot")
            await pilot.pause(0.05)
            yield it

    return opened
