"""The machine in full."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.show.screen import machine
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class MachineScreen(Detail):
    """Every measure on a line."""

    def body(self) -> ComposeResult:
        yield TableWidget(header=False, cursor=False)

    def job(self) -> Build:
        return machine.machines_table

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span("Machine", "strong"),))
        self.query_one(TableWidget).show(view)
