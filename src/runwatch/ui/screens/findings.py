"""All findings as a list."""

from __future__ import annotations

from typing import cast

from textual.app import ComposeResult

from runwatch.show.screen import findings as view_findings
from runwatch.show.screen.view import Span, TableView
from runwatch.ui.host import Build
from runwatch.ui.screens.filtered import Filtered
from runwatch.ui.widgets.table import TableWidget


class FindingsScreen(Filtered):
    """What needs a person first is on top; Enter opens what a finding is about."""

    FILTERS = "findings"

    def body(self) -> ComposeResult:
        yield TableWidget(lasting=True)

    def job(self) -> Build:
        filter = self.words
        return lambda snapshot, now: view_findings.findings(snapshot, filter, now)

    def paint(self, view: TableView) -> None:
        self.fill(head=(Span("Findings", "strong"), Span(f"  {len(view.rows)}", "muted")))
        self.query_one(TableWidget).show(view)

    def opened(self, event: TableWidget.Opened) -> bool:
        self.host.walk_to(cast("view_findings.Key", event.key))
        return True
