"""A detail screen with one table that is filtered as one types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from runwatch.ui.host import Host
from runwatch.ui.screens.detail import Detail

if TYPE_CHECKING:
    from runwatch.ui.widgets.prompt import Prompt


class Filtering(Detail):
    """``FILTERS`` says what is filtered, ``words`` by which words; ``filter_changed`` shows the rest."""

    FILTERS: ClassVar[str] = "rows"

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def filter_changed(self) -> None:
        """Show what ``words`` leave."""
        self.ask()

    def action_filter(self) -> None:
        from runwatch.ui.widgets.prompt import Prompt

        if not self.query(Prompt):
            help, complete = self.grammar()
            self.mount(Prompt(self.FILTERS, self.words, self.FILTERS, help, complete))

    def grammar(self) -> tuple[str, Callable[[str], list[str]] | None]:
        """What may be typed, in a line, and what completes it."""
        return "words to look for", None

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        event.stop()
        self.words = event.text
        self.filter_changed()

    def on_prompt_closed(self, event: Prompt.Closed) -> None:
        event.stop()
        self.show_part()


class Filtered(Filtering):
    """It has the key, among its first; a screen that has one of its own elsewhere is only ``Filtering``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="detail.filter", key_display="/")
    ]


def run_grammar(host: Host) -> tuple[str, Callable[[str], list[str]]]:
    """The grammar of the runs' filter in a line, and what completes it."""
    from runwatch.text.run_filter import GRAMMAR, completions

    def complete(text: str) -> list[str]:
        return completions(text, host.snapshot.situation.runs) if host.snapshot else []

    return GRAMMAR, complete
