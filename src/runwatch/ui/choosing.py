"""Choosing several of many, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from runwatch.show.screen.view import TableView, ViewColumn, ViewRow, matches, text
from runwatch.text.safe import safe
from runwatch.ui.search_dialog import SearchDialog, arrows
from runwatch.ui.widgets.table import TableWidget

_COLUMNS = (
    ViewColumn("chosen", "", 2),
    ViewColumn("name", "", 14, grow=1),
    ViewColumn("about", "", 20, grow=2),
)


class Choose(SearchDialog[tuple[str, ...]]):
    """``choices``: (key, words); those of ``chosen`` stand first, in their order. Tab takes or leaves the one
    under the cursor, shift and an arrow moves it, Enter ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="choose.leave"),
        Binding("tab", "take", "Select or unselect", priority=True, id="choose.toggle"),
        *arrows("choose"),
        Binding("shift+down", "shift(1)", "Move down", priority=True, id="choose.later"),
        Binding("shift+up", "shift(-1)", "Move up", priority=True, id="choose.earlier"),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        super().__init__(title, "tab selects or unselects · shift+arrows move · enter ends")
        self._about = dict(choices)
        self._chosen = [key for key in chosen if key in self._about]

    def show_found(self, words: str) -> None:
        keys = [*self._chosen, *(key for key in self._about if key not in self._chosen)]
        rows = tuple(
            ViewRow.of(
                key,
                text("✓" if key in self._chosen else "·", "good" if key in self._chosen else "faint"),
                text(key.lstrip("=@"), "strong"),
                text(self._about[key], "muted"),
            )
            for key in keys
            if matches(words, safe(key), safe(self._about[key]))
        )
        self.query_one(TableWidget).show(TableView(_COLUMNS, rows, (text("nothing matches", "muted"),)))

    def _show(self) -> None:
        self.show_found(self.query_one(Input).value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(tuple(self._chosen))

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

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        self.action_take()
