"""A stage for stories: the real dashboard with the real monitor over a folder that a story writes to."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from patience import PATIENCE_S
from runwatch import config
from runwatch.cli._dashboard_monitor import DashboardMonitor
from runwatch.ui.app import RunwatchApp
from runwatch.ui.settings import UiSettings

SCREENSHOTS = os.environ.get("RUNWATCH_SCREENSHOTS")
"""A folder: the stories leave their pictures there."""


class Stage:
    """Press keys, look, take a picture."""

    def __init__(self, app: RunwatchApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def top(self) -> str:
        """The line that says what needs a person first."""
        return self.text.splitlines()[0]

    @property
    def cursor(self) -> str:
        """The line of the list that has the keys."""
        return next((line for line in self.text.splitlines() if "▌" in line), "")

    async def until(self, holds: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if holds():
                return
            await self.pilot.pause(0.05)
        raise AssertionError(f"{what} did not come; the screen:\n{self.text}")

    async def sees(self, *words: str) -> None:
        for word in words:
            await self.until(lambda word=word: word in self.text, repr(word))

    async def presses(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    def screenshot(self, name: str) -> None:
        if SCREENSHOTS:
            Path(SCREENSHOTS, f"{name}.svg").write_text(self.app.export_screenshot(title="runwatch"))


@asynccontextmanager
async def stage(root: Path, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    """Opened on ``root``, and left by ``q`` as a person does."""
    paths = (os.path.realpath(root),)
    monitor = DashboardMonitor(paths, config.load(paths))
    app = RunwatchApp(monitor, UiSettings(roots=paths))
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Stage(app, pilot)
            await pilot.press("q")
    finally:
        monitor.stop()
        app.bridge.stop()
    assert app.crash is None
