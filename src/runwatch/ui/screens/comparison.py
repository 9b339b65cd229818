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
from runwatch.ui.screens.exporting import Exporting
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget


class ComparisonScreen(Exporting):
    """Verdicts and slices; calibration, thresholds and confusion; hyperparameters that differ."""

    TABS: ClassVar[tuple[str, ...]] = ("Verdicts", "Scores", "Hyperparameters")
    BOXES: ClassVar[dict[str, str]] = {
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

    def job(self) -> Build:
        subject = self.subject
        return lambda snapshot, now: comparison.comparison_view(snapshot, subject)

    def paint(self, view: comparison.ComparisonView) -> None:
        self.fill(head=view.head, subhead=view.notes, metrics=view.metrics, slices=view.slices)
        self.fill(calibration=view.calibration, calibration_words=view.calibration_words)
        self.fill(thresholds=view.thresholds, confusion=view.confusion, part_3=view.hparams)
        opens = isinstance(self.subject, PredictionsKey) and bool(view.slices.rows)
        self.query_one("#box-slices").border_subtitle = Content(
            "⏎ opens the rows of a slice" if opens else ""
        )

    def opened(self, event: TableWidget.Opened) -> bool:
        if (
            event.table.id != "slices"
            or not isinstance(self.subject, PredictionsKey)
            or not isinstance(event.key, tuple)
        ):
            return False
        self.host.open(ShowSlice(self.subject, str(event.key[1])))
        return True

    def exported(self) -> tuple[str, Callable[[str], str]] | None:
        snapshot = self.host.snapshot
        compared = comparison.comparison_of(snapshot, self.subject) if snapshot else None
        if compared is None:
            return None
        return "comparison", lambda form: export.comparison_text(compared, form)
