"""A board that stays open for weeks keeps nothing of the screens and lines that were closed."""

from __future__ import annotations

import gc
from collections import Counter

import made_up
from eyes import OpenBoard
from textual._styles_cache import StylesCache
from textual.widget import Widget

from runwatch.domain.intents import AddTask, IntentAnswer, Undo
from runwatch.domain.run import RunKey
from runwatch.show.screen.destinations import ShowRun

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


async def test_screens_opened_from_each_other_do_not_pile_up(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        await it.sees("sweep/lr/0001")
        for _ in range(20):
            before = it.app.screen
            it.app.open(ShowRun(RunKey(made_up.ROOT, "sweep/lr/0001")))
            await it.until(lambda before=before: it.app.screen is not before)
        deepest = len(it.app.screen_stack)
        assert 10 < deepest < 20
        await it.press("escape")
        await it.until(lambda: len(it.app.screen_stack) == deepest - 1)


async def test_changes_that_can_be_taken_back_do_not_pile_up(board: OpenBoard) -> None:
    async with board(made_up.snapshot()) as it:
        for number in range(150):
            intent = AddTask("call", made_up.ROOT)
            it.app._take_answer(IntentAnswer(intent, True, "added", f"token {number}"))
        assert len(it.app.undos) == 100
        it.app.action_undo()
        assert it.watching.intents[-1] == Undo(made_up.ROOT, "token 149")
