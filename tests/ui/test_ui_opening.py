"""Between two screens: the stack changes at once, widgets come and views are asked for a little later."""

from __future__ import annotations

import made_up
from eyes import OpenBoard

from runwatch.show.screen.destinations import ShowPlace
from runwatch.ui.bridge import ViewReady
from runwatch.ui.routes import screen_for
from runwatch.ui.screens.live import LiveScreen


def late(screen: LiveScreen) -> ViewReady:
    """What was asked for last, for this screen, and is handled now."""
    app = screen.app
    return ViewReady(app._ticket, screen.view()(app.snapshot, made_up.NOW), app.snapshot)


async def test_a_clock_that_asks_for_a_view_while_a_screen_opens_is_no_crash(board: OpenBoard) -> None:
    async with board() as it:
        findings = screen_for(it.app, ShowPlace("findings"))
        it.app.push_screen(findings)
        it.app._refresh_ages()
        it.app.on_view_ready(late(it.app.live))
        await it.until(lambda: it.app.live is findings and findings.painted, "the findings")


async def test_the_last_view_of_a_screen_that_closes_is_not_shown_on_another(board: OpenBoard) -> None:
    async with board() as it:
        dashboard = it.app.live
        await it.press("F")
        await it.until(lambda: it.app.live is not dashboard and it.app.live.painted, "the findings")
        view = late(it.app.live)
        it.app.pop_screen()
        it.app.on_view_ready(view)
        await it.sees("live")
        assert it.app.live is dashboard
