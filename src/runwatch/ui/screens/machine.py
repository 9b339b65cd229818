"""The machine in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult

from runwatch.domain.situation import Snapshot
from runwatch.show import view_machine
from runwatch.show.view import Span
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.line import Line
from runwatch.ui.widgets.table import Table


class MachineScreen(Detail):
    """Every measure on a line."""

    def body(self) -> ComposeResult:
        yield Table(header=False, cursor=False)

    def job(self) -> Callable[[Snapshot, float], Any]:
        return lambda snapshot, now: view_machine.machine_table(snapshot.situation.machine)

    def paint(self, view: Any) -> None:
        self.query_one("#head", Line).show((Span("Machine", "strong"),))
        self.query_one(Table).show(view)
