"""What could not be read or watched."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.show.screen import problems
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class ProblemsScreen(Detail):
    """One row a problem."""

    def body(self) -> ComposeResult:
        yield TableWidget()

    def job(self) -> Build:
        return lambda snapshot, now: problems.problems(snapshot)

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span("Problems", "strong"),))
        self.query_one(TableWidget).show(view)
