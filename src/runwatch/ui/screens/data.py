"""One data set in full."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from runwatch.show.screen import data
from runwatch.ui.host import Build
from runwatch.ui.screens.detail import Detail
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class DataScreen(Detail):
    """Faults of the newest batch, the batches, the segments, and all columns together."""

    TABS: ClassVar[tuple[str, ...]] = ("Quality", "Batches", "Segments", "Together")
    BOXES: ClassVar[dict[str, str]] = {
        "box-features": "what tells the new rows apart",
        "box-performance": "performance by batch",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "estimate", "Estimate", id="data.estimate", tooltip="of the next metric")
    ]

    def __init__(self, root: str, name: str) -> None:
        super().__init__()
        self.root, self.set_name = root, name
        self._metric: str | None = None
        self._estimates: tuple[str, ...] = ()

    def body(self) -> ComposeResult:
        yield TableWidget(id="part-1")
        yield TableWidget(id="part-2")
        yield TableWidget(id="part-3")
        with Vertical(id="part-4"):
            yield LineWidget(id="joint")
            with Horizontal():
                with Vertical(classes="box", id="box-features"):
                    yield TableWidget(id="features", cursor=False, header=False)
                with Vertical(classes="box", id="box-performance"):
                    yield LineWidget(id="performance-words", collapse=True)
                    yield Chart(id="performance")

    def job(self) -> Build:
        root, name = self.root, self.set_name
        metric = self._metric
        return lambda snapshot, now: data.data_view(snapshot, root, name, now, metric)

    def paint(self, view: data.DataView) -> None:
        self.fill(head=view.head, subhead=view.about)
        self.fill(part_1=view.quality, part_2=view.batches, part_3=view.segments)
        self.fill(joint=view.joint, features=view.features)
        self.fill(performance=view.performance, performance_words=view.performance_words)
        if view.estimates != self._estimates:
            self._estimates = view.estimates
            self.refresh_bindings()

    def why_not(self, action: str) -> str:
        """Why the key of an action does nothing now."""
        return super().why_not(action) or "there is no other estimate of performance"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "estimate":
            return self.active == 4 and len(self._estimates) > 1
        return super().check_action(action, parameters)

    def action_estimate(self) -> None:
        """Draw the next metric's estimate."""
        names = self._estimates
        at = names.index(self._metric) if self._metric in names else len(names) - 1
        self._metric = names[(at + 1) % len(names)]
        self.ask()
