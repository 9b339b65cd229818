"""Choosing several of many, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from runwatch.show.screen.view import Span, TableView, ViewColumn, ViewRow, matches, text
from runwatch.text.safe import safe
from runwatch.ui.widgets.table import TableWidget

_COLUMNS = (
    ViewColumn("chosen", "", 2),
    ViewColumn("name", "", 14, grow=1),
    ViewColumn("about", "", 20, grow=2),
)


class Choose(ModalScreen[tuple[str, ...] | None]):
    """``choices``: (key, words); those of ``chosen`` stand first, in their order. Tab takes or leaves the one
    under the cursor, shift and an arrow moves it, Enter ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="choose.leave"),
        Binding("tab", "take", "Select or unselect", priority=True, id="choose.toggle"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="choose.down"),
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="choose.up"),
        Binding("shift+down", "shift(1)", "Move down", priority=True, id="choose.later"),
        Binding("shift+up", "shift(-1)", "Move up", priority=True, id="choose.earlier"),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        super().__init__()
        self._title, self._about = title, dict(choices)
        self._chosen = [key for key in chosen if key in self._about]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("tab selects or unselects · shift+arrows move · enter ends")
            yield Input(placeholder="words to look for", compact=True)
            yield TableWidget(header=False, lasting=True)

    def on_mount(self) -> None:
        self._show()
        self.query_one(Input).focus()

    def _show(self) -> None:
        words = self.query_one(Input).value
        keys = [*self._chosen, *(key for key in self._about if key not in self._chosen)]
        rows = tuple(
            ViewRow(
                key,
                (
                    (Span("✓" if key in self._chosen else "·", "good" if key in self._chosen else "faint"),),
                    text(key.lstrip("=@"), "strong"),
                    text(self._about[key], "muted"),
                ),
            )
            for key in keys
            if matches(words, safe(key), safe(self._about[key]))
        )
        self.query_one(TableWidget).show(TableView(_COLUMNS, rows, (text("nothing matches", "muted"),)))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(tuple(self._chosen))

    def action_move(self, by: int) -> None:
        self.query_one(TableWidget).action_move(by)

    def action_take(self) -> None:
        key = self.query_one(TableWidget).key
        if key in self._chosen:
            self._chosen.remove(str(key))
        elif isinstance(key, str):
            self._chosen.append(key)
        self._show()

    def action_shift(self, by: int) -> None:
        key = self.query_one(TableWidget).key
        if key not in self._chosen:
            return
        at = self._chosen.index(str(key))
        to = max(0, min(at + by, len(self._chosen) - 1))
        self._chosen.insert(to, self._chosen.pop(at))
        self._show()
        self.query_one(TableWidget).select(key)

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        self.action_take()
