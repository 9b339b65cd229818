"""History, former baselines, and taking a pin back."""

from __future__ import annotations

import made_up
from eyes import OpenBoard

from runwatch.domain.comparison import Baseline
from runwatch.domain.intents import ClearBaseline, PinBaseline
from runwatch.domain.task import TaskEvent

HOUR = 3600.0


def told() -> list[tuple[str, TaskEvent]]:
    """Newest first: one closed by a person after 3 h, one cleared by itself, one open."""
    now = made_up.NOW
    events = (
        TaskEvent("f1", now - 5 * HOUR, "opened", "runwatch", "exp-20 crashed", "critical"),
        TaskEvent("f2", now - 4 * HOUR, "opened", "runwatch", "disk /data is low", "warning"),
        TaskEvent("f1", now - 2 * HOUR, "done", "person", "exp-20 crashed", "critical"),
        TaskEvent("f2", now - 1 * HOUR, "resolved", "runwatch", "disk /data is low", "warning"),
        TaskEvent("f3", now - 0.5 * HOUR, "opened", "runwatch", "income drifted \x1b[2J", "critical"),
    )
    return [(made_up.ROOT, event) for event in reversed(events)]


async def test_the_history_says_what_opened_who_closed_it_and_how_long_it_took(board: OpenBoard) -> None:
    async with board() as it:
        it.watching.events = told()
        await it.press("H")
        await it.sees("[1 Tasks and findings]", "last 7 days: 3 opened, 2 closed (1 by a person")
        await it.sees("income drifted ␛[2J")
        lines = it.text.splitlines()
        crashed = next(line for line in lines if "exp-20 crashed" in line)
        assert "done" in crashed and "a person" in crashed and "3 h" in crashed
        order = [
            next(i for i, line in enumerate(lines) if name in line) for name in ("income", "disk", "exp-20")
        ]
        assert order == sorted(order)
        await it.press("slash", *"person", "enter")
        await it.sees_not("disk /data is low")
        await it.sees("exp-20 crashed")


async def test_the_history_grows_with_no_key(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("H")
        await it.sees("no history yet")
        it.watching.events = told()
        it.watching.publish(made_up.snapshot(2, findings=made_up.findings()[:1]))
        await it.sees("income drifted")


async def test_former_baselines_are_told_with_date_and_reason(board: OpenBoard) -> None:
    async with board() as it:
        it.watching.pins = [
            {"run": "champion/2026-09", "at": made_up.NOW - 50 * 86400, "reason": "first in production"},
            {"run": "champion/2026-10", "at": made_up.NOW - 26 * 86400, "reason": ""},
        ]
        await it.press("3", "H")
        await it.sees("[2 Baselines]", "champion/2026-09", "first in production", "24 d")


async def test_a_pin_is_taken_back_with_one_key(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("j", "b")
        await it.sees("the baseline is pinned · u undoes it")
        await it.press("u")
        await it.until(lambda: len(it.watching.intents) == 2)
        assert it.watching.intents[1] == PinBaseline(
            made_up.key("champion/2026-10"), since=made_up.NOW - 26 * 86400
        )
        await it.press("u")
        await it.sees("nothing to undo")


async def test_taking_back_the_first_pin_leaves_none(board: OpenBoard) -> None:
    assumed = Baseline("run", "champion/2026-10", "runwatch.toml")
    async with board(made_up.snapshot(baselines={made_up.ROOT: assumed})) as it:
        await it.press("b", "u")
        await it.until(lambda: len(it.watching.intents) == 2)
        assert it.watching.intents[1] == ClearBaseline(made_up.ROOT)


async def test_a_baseline_with_a_reason_from_the_palette(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("j", "colon")
        await it.press(*"Baseline with")
        await it.sees("Baseline with a reason")
        await it.until(lambda: "Leaderboard" not in it.text, "the narrowed list")
        await it.press("enter")
        await it.sees("why this one?")
        await it.press(*"new data", "enter")
        await it.until(lambda: bool(it.watching.intents))
        assert it.watching.intents == [PinBaseline(made_up.key("nightly/exp-19-diverging"), "new data")]
