"""One comparison in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from runwatch.domain.comparison import PredictionsKey
from runwatch.show.screen import comparison
from runwatch.show.screen.destinations import ShowSlice
from runwatch.show.text import export
from runwatch.ui.host import Build
from runwatch.ui.messages import Requested
from runwatch.ui.screens.exporting import Exporting
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class ComparisonScreen(Exporting):
    """Verdicts and slices; calibration, thresholds and confusion; hyperparameters that differ."""

    TABS: ClassVar[tuple[str, ...]] = ("Verdicts", "Scores", "Hyperparameters")
    _BOXES: ClassVar[dict[str, str]] = {
        "box-metrics": "metrics",
        "box-slices": "slices: where it regressed",
        "box-calibration": "reliability: observed rate by predicted",
        "box-thresholds": "precision, recall and F1 by threshold",
        "box-confusion": "confusion, and its difference to the baseline",
    }

    def __init__(self, subject: comparison.Subject) -> None:
        super().__init__()
        self.subject = subject

    def body(self) -> ComposeResult:
        with Vertical(id="part-1"):
            with Vertical(classes="box", id="box-metrics"):
                yield TableWidget(id="metrics")
            with Vertical(classes="box", id="box-slices"):
                yield TableWidget(id="slices")
        with Vertical(id="part-2"):
            with Horizontal(id="scores"):
                with Vertical(classes="box", id="box-calibration"):
                    yield LineWidget(id="calibration-words")
                    yield Chart(id="calibration")
                with Vertical(classes="box", id="box-thresholds"):
                    yield Chart(id="thresholds")
            with Vertical(classes="box", id="box-confusion"):
                yield TableWidget(id="confusion", cursor=False)
        yield TableWidget(id="part-3")

    def on_mount(self) -> None:
        for box, title in self._BOXES.items():
            self.query_one(f"#{box}").border_title = Content(title)
        super().on_mount()

    def job(self) -> Build:
        subject = self.subject
        return lambda snapshot, now: comparison.comparison_view(snapshot, subject)

    def paint(self, view: comparison.ComparisonView) -> None:
        self.query_one("#head", LineWidget).show(view.head)
        self.query_one("#subhead", LineWidget).show(view.notes)
        self.query_one("#metrics", TableWidget).show(view.metrics)
        self.query_one("#slices", TableWidget).show(view.slices)
        opens = isinstance(self.subject, PredictionsKey) and bool(view.slices.rows)
        self.query_one("#box-slices").border_subtitle = Content(
            "⏎ opens the rows of a slice" if opens else ""
        )
        self.query_one("#calibration-words", LineWidget).show(view.calibration_words)
        self.query_one("#calibration", Chart).show(view.calibration)
        self.query_one("#thresholds", Chart).show(view.thresholds)
        self.query_one("#confusion", TableWidget).show(view.confusion)
        self.query_one("#part-3", TableWidget).show(view.hparams)

    def opened(self, event: TableWidget.Opened) -> bool:
        if (
            event.table.id != "slices"
            or not isinstance(self.subject, PredictionsKey)
            or not isinstance(event.key, tuple)
        ):
            return False
        self.post_message(Requested(ShowSlice(self.subject, str(event.key[1]))))
        return True

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        snapshot = self.host.snapshot
        compared = comparison.comparison_of(snapshot, self.subject) if snapshot else None
        if compared is None:
            return None
        return "comparison", lambda form: export.comparison_text(compared, form)
