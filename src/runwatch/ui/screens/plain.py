"""Screens that are one table: the machine, problems, notes, what happened."""

from __future__ import annotations

from textual.app import ComposeResult

from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class TableScreen(Detail):
    """The table that ``build`` makes, under a title."""

    def __init__(self, title: str, build: Build, header: bool = False, cursor: bool = True) -> None:
        super().__init__()
        self._title, self._build = title, build
        self._header, self._cursor = header, cursor

    def body(self) -> ComposeResult:
        yield TableWidget(header=self._header, cursor=self._cursor)

    def job(self) -> Build:
        return self._build

    def paint(self, view: TableView) -> None:
        self.query_one("#head", LineWidget).show((Span(self._title, "strong"),))
        self.query_one(TableWidget).show(view)
