"""What was assumed, which data could not be judged, how the watching goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show import view_notes
from runwatch.show.view import Span
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import Line
from runwatch.ui.widgets.table import Table


class NotesScreen(Detail):
    """One list, kept up to date."""

    def body(self) -> ComposeResult:
        yield Table(header=False)

    def job(self) -> Callable[[Snapshot, float], Any]:
        return view_notes.notes

    def paint(self, view: Any) -> None:
        self.query_one("#head", Line).show((Span("Notes", "strong"),))
        self.query_one(Table).show(view)
