"""One finding in full."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show.screen import findings as view_findings
from runwatch.show.screen.view import text
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.table import TableWidget


class FindingScreen(Detail):
    """Its words, and the evidence."""

    def __init__(self, key: view_findings.Key) -> None:
        super().__init__()
        self.key = key

    def body(self) -> ComposeResult:
        yield TableWidget(header=False)

    def job(self) -> Build:
        key = self.key

        def make(snapshot: Snapshot, now: float) -> object:
            finding = view_findings.place_of(snapshot, key)
            return view_findings.finding_facts(finding, now) if finding is not None else None

        return make

    def paint(self, view: Any) -> None:
        gone = text("  no longer active; this is how it was", "muted") if view is None else ()
        self.fill(head=(*text("Finding", "strong"), *gone))
        if view is not None:
            self.query_one(TableWidget).show(view)
