"""A filter line at the foot of the screen: what is typed holds at once."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static


class Prompt(Horizontal):
    """Filter words for one thing. Enter keeps them, Escape shows all again."""

    DEFAULT_CSS = """
    Prompt { dock: bottom; height: 1; background: $rw-bar; layer: foot; }
    Prompt Static { width: auto; color: $rw-key; padding: 0 1; }
    Prompt Input { width: 1fr; border: none; height: 1; padding: 0; background: $rw-bar; }
    Prompt Input:focus { border: none; background: $rw-bar; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", "Show all", id="filter.clear")]

    class Changed(Message):
        """The words changed."""

        def __init__(self, about: str, text: str) -> None:
            super().__init__()
            self.about, self.text = about, text

    class Closed(Message):
        """The line is gone."""

    def __init__(self, title: str, text: str, about: str) -> None:
        super().__init__()
        self._title, self._text, self._about = title, text, about

    def compose(self) -> ComposeResult:
        yield Static(Content(f"/ filter {self._title}"))
        yield Input(self._text, placeholder="words that must occur", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self._about, event.value))

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
