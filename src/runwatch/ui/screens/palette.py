"""Everything that can be done, by words: one line an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.fuzzy import FuzzySearch
from textual.widgets import Input

from runwatch.show.screen.view import TableView, ViewColumn, ViewRow, text
from runwatch.ui.search_dialog import SearchDialog, arrows
from runwatch.ui.widgets.table import TableWidget

_COLUMNS = (
    ViewColumn("name", "", 20, grow=1),
    ViewColumn("about", "", 20, grow=4, drop=1),
    ViewColumn("key", "", 10, right=True),
)
_MOST = 200


class PaletteCommand(NamedTuple):
    """``do`` is called when it is chosen; ``key``: what does the same, "" for none."""

    name: str
    about: str
    key: str
    do: Callable[[], object]


class PaletteScreen(SearchDialog[PaletteCommand]):
    """Type some letters of it; Enter does what is under the cursor. ``more``: found only by typing."""

    LOOK = "dialog tall help"
    ASKS = "what to do, a run, a theme …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="palette.leave"),
        *arrows("palette"),
    ]

    def __init__(
        self, commands: Sequence[PaletteCommand], more: Callable[[], Sequence[PaletteCommand]]
    ) -> None:
        super().__init__()
        self._commands, self._more = list(commands), more
        self._every: list[PaletteCommand] | None = None
        self._found: list[PaletteCommand] = []

    def show_found(self, words: str) -> None:
        if words and self._every is None:  # of ten thousand runs: not at every letter
            self._every = [*self._commands, *self._more()]
        every = self._every if words and self._every is not None else self._commands
        if words:
            search = FuzzySearch()
            scored = [(self._score(search, words, command), i) for i, command in enumerate(every)]
            best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
            every = [every[i] for _, i in best[:_MOST]]
        self._found = every
        rows = tuple(
            ViewRow.of(i, text(c.name, "strong"), text(c.about, "muted"), text(c.key, "key"))
            for i, c in enumerate(every)
        )
        self.query_one(TableWidget).show(
            TableView(_COLUMNS, rows, (text(f"nothing matches “{words}”", "muted"),))
        )
        self.query_one(TableWidget).select(0)

    @staticmethod
    def _score(search: FuzzySearch, words: str, command: PaletteCommand) -> float:
        if words == command.key:  # ":q" as elsewhere
            return float("inf")
        score, _ = search.match(words, command.name)
        if score <= 0 and words.lower() in command.about.lower():
            return 0.1
        return score * (2 if words.lower() in command.name.lower() else 1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._take(self.query_one(TableWidget).key)

    def _take(self, key: object) -> None:
        self.dismiss(self._found[key] if isinstance(key, int) and key < len(self._found) else None)

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        self._take(event.key)
