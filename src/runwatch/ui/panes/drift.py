"""Data drift: columns x batches."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.situation import Snapshot
from runwatch.show.screen import drift
from runwatch.show.screen.destinations import ShowColumn, ShowData
from runwatch.show.screen.view import Words
from runwatch.ui.host import Build, host
from runwatch.ui.panes.base import Pane
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class DriftPane(Pane):
    """The heat map, the column to look at first on top."""

    ID = "drift"
    TITLE = "Drift"
    PLACE = "left"
    ORDER = 20
    WEIGHT = 4
    FILTERED = True
    _first: tuple[str, str] | None = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d",
            "data",
            "Data set",
            id="drift.data",
            tooltip="quality, batches, segments, all columns together",
        )
    ]

    def compose(self) -> ComposeResult:
        yield LineWidget(id="drift-note", collapse=True)
        yield TableWidget(id="drift-table", tight=True)

    def job(self) -> Build:
        room = self.size.width
        ask = drift.DriftAsk(
            self.choice.filters.get(self.ID, ""), 16 if room > 100 else 8 if room > 84 else 6
        )
        return lambda snapshot, now: (drift.drift(snapshot, ask, now), drift.first_set(snapshot))

    def count(self, snapshot: Snapshot, now: float) -> Words:
        return drift.summary(snapshot)

    def show(self, view: Any) -> None:
        table, self._first = view
        self.query_one(LineWidget).show(table.note)
        self.query_one(TableWidget).show(table)

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        if isinstance(event.key, drift.ColumnKey):
            host(self).open(ShowColumn(event.key))

    def action_data(self) -> None:
        key = self.query_one(TableWidget).key
        subject = (key.root, key.data_set) if isinstance(key, drift.ColumnKey) else self._first
        if subject is not None:
            host(self).open(ShowData(*subject))
        else:
            host(self).say("there is no data set yet")
