"""One run in full: curves, metrics, settings, health, console, files, media, the machine."""

from __future__ import annotations

import contextlib
import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from runwatch.domain.run import RunKey
from runwatch.show.screen import run
from runwatch.show.screen.curves import CurvesPlot
from runwatch.show.screen.destinations import ShowComparison, ShowFile
from runwatch.show.screen.run import FileKey
from runwatch.ui.bindings import hidden
from runwatch.ui.chart_keys import CHART_KEYS, ChartKeys
from runwatch.ui.consoles import ConsolePart
from runwatch.ui.host import Build
from runwatch.ui.media import MediaPart
from runwatch.ui.screens.filtered import Filtering
from runwatch.ui.selection import Selection
from runwatch.ui.system import SystemPart
from runwatch.ui.widgets.curves import Curves
from runwatch.ui.widgets.grid import CellGrid
from runwatch.ui.widgets.line import LineWidget
from runwatch.ui.widgets.table import TableWidget
from runwatch.ui.work import fetch

_TOGETHER = "training and validation of a metric in one chart"


class RunScreen(Filtering, ChartKeys):
    """Everything known of one run."""

    FILTERS = "charts"

    TABS = ("Curves", "Metrics", "Settings", "Health", "Console", "Files", "Media", "System")
    BINDINGS: ClassVar[list[BindingType]] = [
        *CHART_KEYS,
        Binding(
            "plus,equals_sign",
            "density(1)",
            "More",
            id="run.more",
            key_display="+",
            tooltip="more, smaller charts",
        ),
        Binding(
            "minus", "density(-1)", "Larger", id="run.fewer", key_display="-", tooltip="fewer, larger charts"
        ),
        hidden("pagedown,j", "page(1)", "Next page", "run.next-page"),
        hidden("pageup,k", "page(-1)", "Previous page", "run.previous-page"),
        hidden("x", "export", "Export", "run.export", "a chart as SVG, PNG or CSV, or the table"),
        Binding("slash", "filter", "Filter", id="run.filter", key_display="/", tooltip="the charts' tags"),
        Binding("p", "pin_chart", "Pin", id="run.pin", tooltip="this chart comes first, in every run"),
        hidden("T", "together", "Together", "run.together", _TOGETHER),
        Binding("b", "pin", "Baseline", id="run.baseline"),
    ]

    def __init__(self, key: RunKey, choice: Selection) -> None:
        super().__init__()
        self.key, self.choice = key, choice
        self._plots: tuple[CurvesPlot, ...] = ()
        self._sizes: dict[str, tuple[int, float]] = {}
        self._measured = -1

    def body(self) -> ComposeResult:
        yield LineWidget(id="forecast", collapse=True)
        yield CellGrid(id="part-1")
        yield TableWidget(id="part-2")
        yield TableWidget(id="part-3", header=False)
        yield TableWidget(id="part-4")
        yield ConsolePart(self.key, id="part-5")
        yield TableWidget(id="part-6")
        yield MediaPart(self.key, id="part-7")
        yield SystemPart(self.key, id="part-8")

    def job(self) -> Build:
        key, marked, sizes = self.key, self.choice.slots, self._sizes
        charts = run.ChartChoice(self.words, self.choice.pinned, self.choice.together)
        return lambda snapshot, now: run.run_view(snapshot, key, marked, now, sizes, charts)

    def paint(self, view: run.RunView) -> None:
        self.fill(head=view.head, forecast=view.forecast)
        self.query_one("#subhead", LineWidget).show(view.reason, view.checkpoints)
        self._plots = view.plots
        if self.active == 1:
            self._draw()
        tables = {2: view.metrics, 3: view.settings, 4: view.health, 6: view.files}
        if self.active in tables:
            self.query_one(f"#part-{self.active}", TableWidget).show(tables[self.active])
            if self.active == 6 and self._measured != view.version:
                self._measured = view.version
                self._measure()
        elif self.active == 5:
            self.query_one(ConsolePart).update_from(view.consoles, view.version)
        elif self.active == 7:
            self.query_one(MediaPart).update_from(view.version)
        elif self.active == 8:
            self.query_one(SystemPart).update_from(view.version, self.choice.chart)

    def _measure(self) -> None:
        """Ask the disk how large the files are; it may take long to answer."""
        snapshot, root = self.host.snapshot, self.key.root
        run = snapshot.situation.run(self.key) if snapshot else None
        files = run.files if run is not None else ()

        def get() -> dict[str, tuple[int, float]]:
            sizes = {}
            for name in files:
                with contextlib.suppress(OSError, ValueError):
                    stat = os.lstat(os.path.join(root, name))
                    sizes[name] = (stat.st_size, stat.st_mtime)
            return sizes

        if os.path.isabs(root):
            fetch(self, "file sizes", get, self._take_sizes)

    def _take_sizes(self, sizes: dict[str, tuple[int, float]]) -> None:
        self._sizes = sizes
        self.ask()

    def _draw(self) -> None:
        if self.active == 1:
            self.query_one("#part-1", CellGrid).draw_page(self._plots, self.choice.chart, self.choice.pinned)
        else:
            self.query_one(SystemPart).draw()

    def why_not(self, action: str) -> str:
        """Why the key of an action does nothing on this tab."""
        return super().why_not(action) or "that works on the curves only: 1 shows them"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("log", "smooth", "axis", "zoom", "pan", "density", "page"):
            return self.active in (1, 8)
        if action in ("filter", "pin_chart", "together"):
            return self.active == 1
        return super().check_action(action, parameters)

    def action_density(self, by: int) -> None:
        self._say_or_draw(self._grid().denser(by))

    def action_page(self, by: int) -> None:
        self._say_or_draw(self._grid().turn(by))

    def _say_or_draw(self, why_not: str) -> None:
        if why_not:
            self.host.say(why_not)
        else:
            self._draw()

    def _grid(self) -> CellGrid:
        """The charts of the active part."""
        return self.query_one("#part-1" if self.active == 1 else "#part-8 CellGrid", CellGrid)

    def action_pin_chart(self) -> None:
        tag = self._grid().chosen_tag
        if tag is None:
            self.host.say("there is no chart to pin")
            return
        pinned = self.choice.pin(tag)
        self.host.save_view()
        self.host.say(f"{tag} comes first now" if pinned else f"{tag} is back in its place")
        self.ask()

    def action_together(self) -> None:
        self.choice.together = not self.choice.together
        self.host.save_view()
        self.host.say("training and validation in one chart" if self.choice.together else "one chart a tag")
        self.ask()

    def action_export(self) -> None:
        """The chart with the keys is asked first; here it is the grid's first one, or the table."""
        if self.active not in (1, 8):
            super().action_export()
            return
        for chart in self._grid().query(Curves):
            chart.action_export()
            return

    def action_pin(self) -> None:
        from runwatch.domain.intents import PinBaseline

        self.host.submit_intent(PinBaseline(self.key))

    def on_resize(self) -> None:
        self.call_after_refresh(self.ask)

    def opened(self, event: TableWidget.Opened) -> bool:
        if self.active == 6 and isinstance(event.key, FileKey):
            self.host.open(ShowFile(self.key, event.key.path))
            return True
        if self.active == 2:
            self.host.open(ShowComparison(self.key))
        return self.active == 2
