"""One column in full: the two distributions over each other, figures, and how it went over the batches."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from runwatch.domain.drift import Distribution
from runwatch.domain.situation import Snapshot
from runwatch.show.screen import column
from runwatch.show.screen.drift import ColumnKey
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch


class ColumnScreen(Detail):
    """The column's distribution is fetched on a worker, again when a batch came."""

    HORIZONTAL_BREAKPOINTS = [(0, "narrow"), (66, "side-by-side")]  # noqa: RUF012 (Textual declares it so)
    BOXES: ClassVar[dict[str, str]] = {
        "distribution-box": "reference and current",
        "trend-box": "effect over the batches",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "quantiles", "Quantiles", id="column.quantiles", tooltip="quantile against quantile"),
        Binding("left_square_bracket", "batch(-1)", "Earlier batch", id="column.earlier", key_display="["),
        Binding("right_square_bracket", "batch(1)", "Later batch", id="column.later", key_display="]"),
    ]

    def __init__(self, key: ColumnKey) -> None:
        super().__init__()
        self.key = key
        self._batch: int | None = None
        self._batches = 0
        self._fetched: object = None
        self._found: Distribution | None = None
        self._quantiles = False

    def body(self) -> ComposeResult:
        with Horizontal(id="column-body"):
            with Vertical(id="column-drawn"):
                with Vertical(classes="box", id="distribution-box"):
                    yield Chart(id="distribution")
                    yield TableWidget(id="bars", cursor=False)
                with Vertical(classes="box", id="trend-box"):
                    yield LineWidget(id="trend-words")
                    yield Chart(id="trend")
            with Vertical(id="column-figures"):
                yield TableWidget(id="figures", cursor=False)
                yield TableWidget(id="summary", cursor=False)

    def on_mount(self) -> None:
        self.query_one("#bars").display = False
        super().on_mount()

    def job(self) -> Build:
        key, batch = self.key, self._batch

        def make(snapshot: Snapshot, now: float) -> object:
            return column.column_view(snapshot, key, batch), column.trend_words(snapshot, key)

        return make

    def paint(self, view: Any) -> None:
        shown, trend = view
        self._batches = shown.batches
        self.fill(head=shown.head, subhead=shown.sentence, figures=shown.figures)
        self.fill(trend=shown.trend, trend_words=trend)
        if (shown.version, self._batch) != self._fetched and not shown.gone:
            self._fetched = (shown.version, self._batch)
            self._fetch()

    def _fetch(self) -> None:
        watching, key, batch = self.host.watching, self.key, self._batch

        def get() -> Distribution | None:
            return watching.distribution(key.data_set, key.root, key.column, batch)

        fetch(self, "distribution", get, self._take)

    def _take(self, distribution: Distribution | None) -> None:
        self._found = distribution
        self.fill(summary=column.summary_table(distribution))
        self._draw()

    def _draw(self) -> None:
        distribution = self._found
        chart, bars = self.query_one("#distribution", Chart), self.query_one("#bars", TableWidget)
        by_label = distribution is not None and bool(distribution.labels) and not distribution.edges
        chart.display, bars.display = not by_label, by_label
        if distribution is not None and by_label:
            bars.show(column.bars_table(distribution))
        elif distribution is not None and self._quantiles:
            chart.show(column.quantile_chart(distribution))
        else:
            chart.show(column.distribution_chart(distribution))

    def action_quantiles(self) -> None:
        self._quantiles = not self._quantiles
        self._draw()

    def action_batch(self, by: int) -> None:
        if self._batches < 2:
            self.host.say("there is no other batch")
            return
        current = self._batch if self._batch is not None else self._batches - 1
        target = max(0, min(current + by, self._batches - 1))
        self._batch = None if target == self._batches - 1 else target
        self.ask()
