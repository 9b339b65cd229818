"""Marked runs side by side: their curves over each other, and a table of what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import curves, run_tables
from runwatch.show.text import export
from runwatch.ui.chart_keys import CHART_KEYS, ChartKeys
from runwatch.ui.host import Build
from runwatch.ui.screens.exporting import Exporting
from runwatch.ui.selection import Selection
from runwatch.ui.widgets.curves import Curves
from runwatch.ui.widgets.table import TableWidget


class CompareScreen(Exporting, ChartKeys):
    """The row under the cursor says which metric is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [*CHART_KEYS]

    def __init__(self, keys: tuple[RunKey, ...], choice: Selection) -> None:
        super().__init__()
        self.keys, self.choice = keys, choice
        self._tag: str | None = None

    def body(self) -> ComposeResult:
        with Vertical(classes="box", id="compare-curves"):
            yield Curves()
        yield TableWidget(id="compare-table", lasting=True)

    def show_part(self) -> None:
        self.query_one(TableWidget).focus()

    def job(self) -> Build:
        keys, tag = self.keys, self._tag

        def make(snapshot: Snapshot, now: float) -> object:
            plot = curves.CurvesPlot()
            first = next((run for key in keys if (run := snapshot.situation.run(key))), None)
            if first is not None:
                plot = curves.plot(snapshot, first, keys, tag or first.main)
            return run_tables.legend(snapshot, keys), run_tables.side_by_side(snapshot, keys), plot

        return make

    def paint(self, view: Any) -> None:
        legend, table, plot = view
        self.fill(head=legend, compare_table=table)
        self.query_one(Curves).draw_plot(plot, self.choice.chart)

    def on_table_widget_moved(self, event: TableWidget.Moved) -> None:
        event.stop()
        key = event.key
        if isinstance(key, tuple) and key and key[0] == "m":
            self._tag = str(key[1])
            self.ask()

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        snapshot, keys, tag, watching = self.host.snapshot, self.keys, self._tag, self.host.watching
        if snapshot is None:
            return None
        runs = [run for key in keys if (run := snapshot.situation.run(key))]
        return "compared-runs", lambda form: export.runs_text(
            export.table_of(runs, tag, "last", watching.series), form
        )
