"""The rows of one slice of a predictions comparison."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.domain.run import Problem
from runwatch.show.screen import rows
from runwatch.show.screen.destinations import ShowSlice
from runwatch.show.screen.view import Span, text, words
from runwatch.ui.host import Build
from runwatch.ui.screens.filtered import Filtered
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch


class RowsScreen(Filtered):
    """The rows are read on a worker, again when the predictions were compared anew."""

    def __init__(self, key: ShowSlice) -> None:
        super().__init__()
        self.key = key
        self._found: tuple[rows.Names, rows.Texts] | Problem | None = None
        self._fetched: object = self

    def body(self) -> ComposeResult:
        yield TableWidget(lasting=True)

    def job(self) -> Build:
        predictions = self.key.predictions
        return lambda snapshot, now: snapshot.situation.predictions.get(predictions)

    def paint(self, view: object) -> None:
        if view is not self._fetched:
            self._fetched = view
            self._fetch()
            self.filter_changed()

    def _fetch(self) -> None:
        watching, key = self.host.watching, self.key
        fetch(self, "rows", lambda: watching.slice_rows(key.predictions, key.slice), self._take)

    def _take(self, found: tuple[rows.Names, rows.Texts] | Problem) -> None:
        self._found = found
        self.filter_changed()

    def filter_changed(self) -> None:
        view = rows.rows_view(self._found, self.words)
        name = words(
            text(self.key.slice, "strong"), Span(" in ", "muted"), text(self.key.predictions.name, "info")
        )
        self.query_one("#head", LineWidget).show(name, view.count)
        self.query_one("#subhead", LineWidget).show(view.common)
        self.query_one(TableWidget).show(view.table)
