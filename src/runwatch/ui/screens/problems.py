"""What could not be read or watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show import view_problems
from runwatch.show.view import Span
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import Line
from runwatch.ui.widgets.table import Table


class ProblemsScreen(Detail):
    """One row a problem."""

    def body(self) -> ComposeResult:
        yield Table()

    def job(self) -> Callable[[Snapshot, float], Any]:
        return lambda snapshot, now: view_problems.problems(snapshot)

    def paint(self, view: Any) -> None:
        self.query_one("#head", Line).show((Span("Problems", "strong"),))
        self.query_one(Table).show(view)
