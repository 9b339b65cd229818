"""Metrics against the baseline, and the learning curves."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType

from runwatch.domain.comparison import PredictionsKey
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import metrics as view_metrics
from runwatch.show.screen import runs
from runwatch.show.screen.destinations import ShowComparison
from runwatch.show.screen.view import Words
from runwatch.ui.chart_keys import CHART_KEYS, ChartKeys
from runwatch.ui.host import Build, host
from runwatch.ui.messages import ViewChanged
from runwatch.ui.panes.base import Pane
from runwatch.ui.panes.runs import runs_ask
from runwatch.ui.widgets.curves import Curves
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class MetricsPane(Pane, ChartKeys):
    """The run under the runs' cursor: a row a metric; the curve of the row under this table's cursor."""

    ID = "metrics"
    TITLE = "Metrics vs baseline"
    PLACE = "right"
    ORDER = 30
    WEIGHT = 5
    BINDINGS: ClassVar[list[BindingType]] = [*CHART_KEYS]

    def compose(self) -> ComposeResult:
        yield LineWidget(id="metrics-title")
        yield LineWidget(id="metrics-forecast", collapse=True)
        yield TableWidget(id="metrics-table", tight=True)
        yield Curves(id="metrics-curves")

    def job(self) -> Build:
        choice = self.choice
        ask = view_metrics.MetricsAsk(choice.looked, choice.slots, choice.tag)
        listed = runs_ask(choice, self.size.width)

        def make(snapshot: Snapshot, now: float) -> view_metrics.MetricsView:
            """At first the cursor is nowhere yet; where it will be is known."""
            looked = ask if ask.run else replace(ask, run=runs.top(snapshot, listed, now))
            return view_metrics.metrics(snapshot, looked)

        return make

    def count(self, snapshot: Snapshot, now: float) -> Words:
        return view_metrics.summary(snapshot)

    def show(self, view: view_metrics.MetricsView) -> None:
        self.query_one("#metrics-title", LineWidget).show(view.title)
        self.query_one("#metrics-forecast", LineWidget).show(view.forecast)
        self.query_one(TableWidget).show(view.table)
        self.query_one(TableWidget).styles.max_height = "45%" if view.plot.curves else "100%"
        self.query_one(Curves).draw_plot(view.plot, self.choice.chart)

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()
        picked = isinstance(event.key, str) and event.table.has_focus
        self.choice.tag = str(event.key) if picked else None
        self.post_message(ViewChanged())

    def on_table_widget_opened(self, event: TableWidget.Opened) -> None:
        event.stop()
        model = event.key if isinstance(event.key, PredictionsKey) else None
        subject = model or self.choice.looked
        if subject is not None:
            host(self).open(ShowComparison(subject))
