"""The runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.intents import PinBaseline
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.destinations import ShowRun, ShowRuns
from runwatch.show.screen import runs
from runwatch.show.screen.view import Words
from runwatch.ui.messages import Asked, Intended, Requested
from runwatch.ui.panes.base import Pane
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.table import TableWidget


class RunsPane(Pane):
    """All runs, those that need a person on top; the run under the cursor is the one that the metrics pane
    shows."""

    ID = "runs"
    TITLE = "Runs"
    PLACE = "left"
    ORDER = 10
    WEIGHT = 5
    FILTERED = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="runs.mark", tooltip="mark for overlaid curves and comparing"),
        Binding("b", "pin", "Baseline", id="runs.baseline", tooltip="compare every run with this one"),
        Binding("c", "compare", "Compare", id="runs.compare", tooltip="the marked runs side by side"),
        Binding("o", "order", "Order", id="runs.order", tooltip="by attention, age, name or metric"),
    ]

    def __init__(self, choice: Selection, number: int) -> None:
        super().__init__(choice, number)
        self._kept: runs.Kept = {}

    def compose(self) -> ComposeResult:
        yield TableWidget(id="runs-table", lasting=True)

    def job(self) -> Callable[[Snapshot, float], Any]:
        choice = self.choice
        ask = runs.RunsAsk(choice.filters.get(self.ID, ""), choice.order, choice.marked)
        kept = self._kept
        return lambda snapshot, now: runs.runs(snapshot, ask, now, kept)

    def count(self, snapshot: Snapshot, now: float) -> Words:
        return runs.summary(snapshot)

    def show(self, view: Any) -> None:
        self.query_one(TableWidget).show(view)

    @property
    def key(self) -> RunKey | None:
        """The run under the cursor."""
        return cast("RunKey | None", self.query_one(TableWidget).key)

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()
        self.choice.looked = cast("RunKey | None", event.key)
        self.post_message(Asked())

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        if self.key is not None:
            self.post_message(Requested(ShowRun(self.key)))

    def action_mark(self) -> None:
        if self.key is not None:
            self.choice.toggle(self.key)
            self.query_one(TableWidget).action_move(1)
            self.post_message(Asked())

    def action_pin(self) -> None:
        if self.key is not None:
            self.post_message(Intended(PinBaseline(self.key)))

    def action_order(self) -> None:
        orders = runs.ORDERS
        self.choice.order = orders[(orders.index(self.choice.order) + 1) % len(orders)]
        self.post_message(Asked(f"runs by {self.choice.order}"))

    def action_compare(self) -> None:
        self.post_message(Requested(ShowRuns(self.choice.marked)))
