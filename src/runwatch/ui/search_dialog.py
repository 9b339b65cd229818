"""What every dialog with a line to type in and a list below it shares."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from runwatch.ui.bindings import hidden
from runwatch.ui.left_once import LeftOnce
from runwatch.ui.textual_leaks import LineInput
from runwatch.ui.widgets.table import TableWidget

T = TypeVar("T")


def arrows(name: str) -> list[Binding]:
    """The keys that move in the list while one types, called ``name.down`` and ``name.up``."""
    return [
        hidden("down", "move(1)", "Down", f"{name}.down", priority=True),
        hidden("up", "move(-1)", "Up", f"{name}.up", priority=True),
    ]


class SearchDialog(LeftOnce[T | None], ModalScreen[T | None], Generic[T]):
    """``show_found`` fills the list for what was typed."""

    LOOK: ClassVar[str] = "dialog tall"
    ASKS: ClassVar[str] = "words to look for"

    def __init__(self, title: str = "", subtitle: str = "") -> None:
        super().__init__()
        self._titles = Content(title), Content(subtitle)

    def compose(self) -> ComposeResult:
        with Vertical(classes=self.LOOK) as box:
            box.border_title, box.border_subtitle = self._titles
            yield LineInput(placeholder=self.ASKS, compact=True)
            yield self.listing()

    def listing(self) -> TableWidget:
        """The list below the line."""
        return TableWidget(header=False, lasting=True)

    def on_mount(self) -> None:
        self.show_found("")
        self.query_one(Input).focus()

    def show_found(self, words: str) -> None:
        """Fill the list with what fits the words."""
        raise NotImplementedError

    def on_input_changed(self, event: Input.Changed) -> None:
        self.show_found(event.value)

    def action_move(self, by: int) -> None:
        self.query_one(TableWidget).action_move(by)
