"""What the detail screens say, and how they are used."""

from __future__ import annotations

from eyes import OpenBoard


async def test_an_earlier_batch_is_shown_with_its_own_verdict(board: OpenBoard) -> None:
    async with board() as it:
        await it.press("2", "enter")
        await it.sees("✗ drifted  income", "the median rose", "PSI")
        await it.press(*["left_square_bracket"] * 8)
        await it.sees("✓ stable  income", "2026-11-17.parquet", "earlier batch")
        assert "the median rose" not in it.text and "PSI" not in it.text
        await it.press(*["right_square_bracket"] * 8)
        await it.sees("✗ drifted  income", "newest batch", "PSI")
