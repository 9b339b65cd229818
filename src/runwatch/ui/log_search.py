"""Searching a log: what stands over one mixes this in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.widget import Widget

from runwatch.text.units import plural
from runwatch.ui.widgets.console import LogView

if TYPE_CHECKING:
    from runwatch.ui.widgets.prompt import Prompt

SEARCH_KEY = Binding("slash", "search", "Search", id="console.search", key_display="/")


class LogSearch(Widget):
    """``/`` asks for words; each change is said by ``searched``."""

    def searched(self, message: str) -> None:
        """Show how much was found; "" when nothing is searched for."""
        raise NotImplementedError

    def action_search(self) -> None:
        from runwatch.ui.widgets.prompt import Prompt

        if not self.screen.query(Prompt):
            self.mount(Prompt("log", self.query_one(LogView).words, "console"))

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        event.stop()
        matches = self.query_one(LogView).find(event.text)
        self.searched(f"{plural(matches, 'line')} with “{event.text}”" if event.text else "")

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        event.stop()
        self.query_one(LogView).focus()
