"""Small questions over the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rich.cells import chop_cells
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from runwatch.show.screen.view import TableView, ViewColumn, ViewRow, matches, text
from runwatch.text.fitting import wrapped
from runwatch.text.safe import safe
from runwatch.ui.bindings import hidden
from runwatch.ui.left_once import LeftOnce
from runwatch.ui.search_dialog import SearchDialog, arrows
from runwatch.ui.textual_leaks import LineInput
from runwatch.ui.widgets.table import TableWidget


class Marks(Suggester):
    """Completes the +project or @context that is being typed."""

    def __init__(self, marks: tuple[str, ...]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._marks = marks

    async def get_suggestion(self, value: str) -> str | None:
        word = value.rpartition(" ")[2]
        if len(word) < 1 or word[0] not in "+@":
            return None
        match = next((mark for mark in self._marks if mark.startswith(word) and mark != word), None)
        return value + match[len(word) :] if match else None


class AskLine(LeftOnce[str | None], ModalScreen[str | None]):
    """One line of text; None when it was left with Escape. ``check`` says what is wrong with a text;
    ``value`` is there to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="dialog.leave"),
        hidden("tab", "complete", "Complete", "dialog.complete", priority=True),
    ]

    def __init__(
        self,
        title: str,
        hint: str,
        marks: tuple[str, ...] = (),
        check: Callable[[str], str] = lambda _: "",
        value: str = "",
    ) -> None:
        super().__init__()
        self._title, self._hint, self._check, self._value = title, hint, check, value
        self._marks = tuple(safe(mark) for mark in marks)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            suggester = Marks(self._marks) if self._marks else None
            yield LineInput(self._value, suggester=suggester, compact=True, select_on_focus=False)
            yield Static(Content(self._hint), classes="hint")

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wrong = self._check(event.value)
        if wrong:
            self.query_one(".hint", Static).update(Content(wrong))
        else:
            self.dismiss(event.value)


_AROUND = 8
"""Cells of a line of a menu that are no words: borders, its key, blanks."""


def _lines(words: str, room: int) -> list[str]:
    return [line for broken in wrapped(words, room) for line in chop_cells(broken, room)]


class Menu(LeftOnce[str | None], ModalScreen[str | None]):
    """A few choices, each with a letter: (letter, words, value). ``wide``: their words are long."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Leave", id="menu.leave")]

    def __init__(self, title: str, entries: tuple[tuple[str, str, str], ...], wide: bool = False) -> None:
        super().__init__()
        self._title, self._entries, self._wide = title, entries, wide

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog menu") as box:
            box.border_title = Content(self._title)
            if self._wide:
                box.styles.width = "80%"
            yield TableWidget(header=False)

    def on_mount(self) -> None:
        self._fill()
        self.query_one(TableWidget).focus()

    def on_resize(self) -> None:
        self._fill()

    def _fill(self) -> None:
        """Wide words go on in the next lines: nothing of them is hidden on a narrow screen."""
        room = max(int(0.8 * self.app.size.width) - _AROUND, 1)
        columns = (ViewColumn("key", "", 2), ViewColumn("what", "", 20, grow=1))
        rows = [
            ViewRow.of((value, i), text("" if i else key, "key"), text(part))
            for key, what, value in self._entries
            for i, part in enumerate(_lines(what, room) if self._wide else [what])
        ]
        self.query_one(".dialog").styles.height = len(rows) + 2
        self.query_one(TableWidget).show(TableView(columns, tuple(rows)))

    def on_key(self, event: events.Key) -> None:
        for key, _, value in self._entries:
            if event.character == key:
                event.stop()
                event.prevent_default()
                self.dismiss(value)
                return

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        row: Any = event.key
        self.dismiss(row[0])


class Pick(SearchDialog[str]):
    """One of many names: type to narrow them down, Enter takes the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="pick.leave"),
        *arrows("pick"),
    ]

    def __init__(self, title: str, names: tuple[str, ...]) -> None:
        super().__init__(title)
        self._names = names

    def show_found(self, words: str) -> None:
        rows = tuple(ViewRow.of(name, text(name)) for name in self._names if matches(words, safe(name)))
        nothing = (text(f"nothing matches “{words}”", "muted"),)
        self.query_one(TableWidget).show(TableView((ViewColumn("name", "", 20, grow=1),), rows, nothing))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.query_one(TableWidget).action_open()

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        self.dismiss(str(event.key))
