"""Screens that are one table: the machine, problems, notes, what happened."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.show.screen.view import TableView, text
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.table import TableWidget


class TableScreen(Detail):
    """The table that ``build`` makes, under a title."""

    def __init__(self, title: str, build: Build, header: bool = False) -> None:
        super().__init__()
        self._title, self._build, self._header = title, build, header

    def body(self) -> ComposeResult:
        yield TableWidget(header=self._header)

    def job(self) -> Build:
        return self._build

    def paint(self, view: TableView) -> None:
        self.fill(head=text(self._title, "strong"))
        self.query_one(TableWidget).show(view)
