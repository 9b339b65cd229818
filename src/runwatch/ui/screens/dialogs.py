"""Small questions over the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from runwatch.show.view import Column, Row, Span, TableView
from runwatch.text.safe import safe
from runwatch.ui.widgets.table import Table


class Marks(Suggester):
    """Completes the +project or @context that is being typed."""

    def __init__(self, marks: tuple[str, ...]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._marks = marks

    async def get_suggestion(self, value: str) -> str | None:
        word = value.rpartition(" ")[2]
        if len(word) < 1 or word[0] not in "+@":
            return None
        found = next((mark for mark in self._marks if mark.startswith(word) and mark != word), None)
        return value + found[len(word) :] if found else None


class AskLine(ModalScreen[str | None]):
    """One line of text; None when it was left with Escape. ``check`` says what is wrong with a text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="dialog.leave"),
        Binding("tab", "complete", "Complete", show=False, priority=True, id="dialog.complete"),
    ]

    def __init__(
        self,
        title: str,
        hint: str,
        marks: tuple[str, ...] = (),
        check: Callable[[str], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._title, self._hint, self._check = title, hint, check
        self._marks = tuple(safe(mark) for mark in marks)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Input(suggester=Marks(self._marks) if self._marks else None, compact=True)
            yield Static(Content(self._hint), classes="hint")

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wrong = self._check(event.value)
        if wrong:
            self.query_one(".hint", Static).update(Content(wrong))
        else:
            self.dismiss(event.value)


class Menu(ModalScreen[str | None]):
    """A few choices, each with a letter: (letter, words, value)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Leave", id="menu.leave")]

    def __init__(self, title: str, entries: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__()
        self._title, self._entries = title, entries

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog menu") as box:
            box.border_title = Content(self._title)
            box.styles.height = len(self._entries) + 2
            yield Table(header=False)

    def on_mount(self) -> None:
        columns = (Column("key", "", 2), Column("what", "", 20, grow=1))
        rows = tuple(Row(value, ((Span(key, "key"),), (Span(what),))) for key, what, value in self._entries)
        self.query_one(Table).show(TableView(columns, rows))
        self.query_one(Table).focus()

    def on_key(self, event: events.Key) -> None:
        for key, _, value in self._entries:
            if event.character == key:
                event.stop()
                event.prevent_default()
                self.dismiss(value)
                return

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        value: Any = event.key
        self.dismiss(value)
