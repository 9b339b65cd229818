"""The last moments of a board: what threads still send finds the widgets gone."""

from __future__ import annotations

import asyncio

from eyes import OpenBoard


async def test_what_arrives_when_the_widgets_are_gone_is_no_crash(board: OpenBoard) -> None:
    async with board() as it:
        dashboard = it.app.screen

        async def send_once_the_banner_is_gone() -> bool:
            while dashboard.query("#banner"):
                await asyncio.sleep(0)
            return it.app.screen_stack == [dashboard] and it.app.call_later(it.app._take_briefs, ())

        sending = asyncio.create_task(send_once_the_banner_is_gone())
    assert await sending, "the message came too late to be handled"
    assert it.app.crash is None
