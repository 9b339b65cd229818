"""A board that stays open for weeks keeps nothing of the screens and lines that were closed."""

from __future__ import annotations

import gc
from collections import Counter

import made_up
from eyes import OpenBoard
from textual._styles_cache import StylesCache
from textual.widget import Widget

TIMES = 6


def _alive() -> Counter[str]:
    """How many widgets of each kind there are, and the caches of what widgets drew."""
    gc.collect()
    found = gc.get_objects()
    kinds = Counter(type(it).__name__ for it in found if isinstance(it, Widget))
    kinds["caches"] = sum(isinstance(it, StylesCache) for it in found)
    return kinds


async def test_closed_screens_and_lines_leave_nothing_behind(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        await it.sees("sweep/lr/0001")

        async def tour() -> None:
            await it.press("enter")
            await it.until(lambda: len(it.app.screen_stack) == 2)
            await it.press("2", "1", "escape")
            await it.until(lambda: len(it.app.screen_stack) == 1)
            for key in ("slash", "question_mark", "colon", "n", "F", "H"):
                await it.press(key, "escape")
                await it.until(lambda: len(it.app.screen_stack) == 1)

        await tour()
        await tour()
        before = _alive()
        for _ in range(TIMES):
            await tour()
        more = {kind: n - before[kind] for kind, n in _alive().items() if n - before[kind] >= TIMES}
        assert more.pop("caches", 0) < 5 * TIMES, "of some 50 widgets a tour"
        assert not more
