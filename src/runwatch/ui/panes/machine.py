"""The machine on one line; with other machines on the board, a line each."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.show.screen import machine
from runwatch.show.screen.destinations import ShowPlace
from runwatch.ui.host import Build, host
from runwatch.ui.panes.base import Pane
from runwatch.ui.widgets.line import LineWidget


class MachinePane(Pane, can_focus=True):
    """Host, CPU, memory, the disk to worry about, GPUs."""

    ID = "machine"
    TITLE = "Machine"
    PLACE = "strip"
    ORDER = 50
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open", id="machine.open")]

    def compose(self) -> ComposeResult:
        yield LineWidget(id="machine-line")

    def job(self) -> Build:
        width = max(self.size.width - 2, 10)
        return lambda snapshot, now: machine.strips(snapshot, now, width)

    def show(self, view: Any) -> None:
        lines = list(self.query(LineWidget))
        for line in lines[len(view) :]:
            line.remove()
        for i, words in enumerate(view):
            if i == len(lines):
                lines.append(LineWidget())
                self.mount(lines[i])
            lines[i].show(words)

    def action_open(self) -> None:
        host(self).open(ShowPlace("machine"))

    def on_click(self) -> None:
        host(self).open(ShowPlace("machine"))
