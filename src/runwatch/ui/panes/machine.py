"""The machine, on one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.situation import Snapshot
from runwatch.show import view_machine
from runwatch.show.destinations import ShowPlace
from runwatch.ui.messages import Requested
from runwatch.ui.panes.base import Pane
from runwatch.ui.widgets.line import Line


class MachinePane(Pane, can_focus=True):
    """Host, CPU, memory, the disk to worry about, GPUs."""

    ID = "machine"
    TITLE = "Machine"
    PLACE = "strip"
    ORDER = 50
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open", id="machine.open")]

    def compose(self) -> ComposeResult:
        yield Line(id="machine-line")

    def job(self) -> Callable[[Snapshot, float], Any]:
        return lambda snapshot, now: view_machine.strip(snapshot.situation.machine)

    def show(self, view: Any) -> None:
        self.query_one(Line).show(view)

    def action_open(self) -> None:
        self.post_message(Requested(ShowPlace("machine")))

    def on_click(self) -> None:
        self.post_message(Requested(ShowPlace("machine")))
