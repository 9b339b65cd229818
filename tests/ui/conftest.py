"""A board over made-up snapshots, and eyes to see it with."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import made_up
import pytest
from eyes import Board, OpenBoard

from patience import PATIENCE_S
from runwatch.domain.situation import Snapshot
from runwatch.show.brief import Brief
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


def _lasting(app: RunwatchApp) -> list[str]:
    """Notices stay until they are seen, however slow the machine is; gives what they said."""
    notify, said = app.notify, []

    def lasting(words: str, **how: Any) -> None:
        said.append(words)
        notify(words, **{**how, "timeout": 10 * PATIENCE_S})

    app.notify = lasting  # type: ignore[method-assign, assignment]
    return said


@pytest.fixture
def board() -> OpenBoard:
    """Opens a board: ``async with board(snapshot, size=…, settings=…, brief=…) as it``."""

    @asynccontextmanager
    async def opened(
        first: Snapshot | None = None,
        size: tuple[int, int] = (120, 36),
        brief: Brief | None = None,
        view: str = "",
        **settings: Any,
    ) -> AsyncIterator[Board]:
        watching = made_up.FakeWatching(first, brief)
        watching.view = view
        app = RunwatchApp(watching, UiSettings(clock=lambda: made_up.NOW, **settings))
        notices = _lasting(app)
        async with app.run_test(size=size, notifications=True) as pilot:
            it = Board(app, pilot, watching, notices)
            await it.until(lambda: app.snapshot is not None, "the first snapshot")
            await it.until(lambda: getattr(app.live, "painted", False), "the first view")
            await pilot.pause()
            yield it

    return opened
