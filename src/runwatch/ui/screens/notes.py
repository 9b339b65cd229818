"""What was assumed, which data could not be judged, how the watching goes."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.show.screen import notes
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class NotesScreen(Detail):
    """One list, kept up to date."""

    def body(self) -> ComposeResult:
        yield TableWidget(header=False)

    def job(self) -> Build:
        return notes.notes

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span("Notes", "strong"),))
        self.query_one(TableWidget).show(view)
