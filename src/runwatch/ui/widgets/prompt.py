"""A filter line at the foot of the screen: what is typed holds at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from runwatch.text.safe import safe
from runwatch.ui.textual_leaks import LineInput

Complete = Callable[[str], list[str]]


class Prompt(Horizontal):
    """Filter words for one thing. Enter keeps them, Escape shows all again."""

    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; background: $rw-bar; layer: foot; }
    Prompt #completions { color: $rw-muted; max-width: 50%; }
    Prompt Static { width: auto; color: $rw-key; padding: 0 1; }
    Prompt Input { width: 1fr; border: none; height: 1; padding: 0; background: $rw-bar; }
    Prompt Input:focus { border: none; background: $rw-bar; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Show all", id="filter.clear"),
        Binding("tab", "complete", "Complete", id="filter.complete", priority=True),
    ]

    class Changed(Message):
        """The words changed."""

        def __init__(self, about: str, text: str) -> None:
            super().__init__()
            self.about, self.text = about, text

    class Closed(Message):
        """The line is gone."""

    def __init__(
        self,
        title: str,
        text: str,
        about: str,
        help: str = "words to look for",
        complete: Complete | None = None,
    ) -> None:
        super().__init__()
        self._title, self._text, self._about = title, text, about
        self._help, self._complete = help, complete
        self._turn: tuple[str, int] | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(f"/ filter {self._title}"))
        yield LineInput(self._text, placeholder=self._help, compact=True)
        yield Static(id="completions")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self._about, event.value))
        if self._turn is None or event.value not in self._offers(self._turn[0]):
            self._turn = None
            self._offer(event.value)

    def _offers(self, text: str) -> list[str]:
        return self._complete(text) if self._complete is not None else []

    def _offer(self, text: str) -> None:
        """Show what Tab would make of the last word."""
        words = [offer.rpartition(" ")[2] for offer in self._offers(text)]
        self.query_one("#completions", Static).update(Content(safe("  ".join(words), 60)))

    def action_complete(self) -> None:
        """Take the first completion; the next ones with each further Tab."""
        field = self.query_one(Input)
        start, n = self._turn if self._turn is not None else (field.value, -1)
        offers = self._offers(start)
        if offers:
            self._turn = (start, (n + 1) % len(offers))
            field.value = offers[self._turn[1]]
            field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()

    def action_clear(self) -> None:
        self.post_message(self.Changed(self._about, ""))
        self._close()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if self.is_attached and not self._closing_down:
            self._close()

    _closing_down = False

    def _close(self) -> None:
        if not self._closing_down:
            self._closing_down = True
            self.post_message(self.Closed())
            self.remove()
