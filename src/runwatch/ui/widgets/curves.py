"""Learning curves: points are fetched on a worker, drawn by the chart."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from textual.worker import get_current_worker

from runwatch.domain.points import EPOCHS, FloatArray, Points, former_tag
from runwatch.domain.run import RunKey
from runwatch.show.screen.chart import ChartAsk, ChartLine, ChartView, has_times, line, placed
from runwatch.show.screen.curves import CurvesPlot, DrawnCurve, chart, ends, incompatible_curves
from runwatch.ui.host import host
from runwatch.ui.widgets.chart import Chart
from runwatch.ui.work import fetch

_Name = tuple[RunKey, str]


class Curves(Chart):
    """A chart that fetches what it draws; a curve whose run did not change is not fetched again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._kept: dict[_Name, tuple[int, Points]] = {}
        self._wanted: object = None

    def draw_plot(self, plot: CurvesPlot, ask: ChartAsk) -> None:
        """Fetch and draw; nothing happens when this plot is drawn already."""
        request = (plot, ask)
        if request == self._wanted or not self.is_attached:
            return
        self._wanted = request
        self.title = plot.tag or self.title
        self.call_after_refresh(self._fetch_later, plot, ask)

    def _fetch_later(self, plot: CurvesPlot, ask: ChartAsk) -> None:
        """After the frame that all else is on: points may first have to be read."""
        if self.is_attached and (plot, ask) == self._wanted:
            fetch(self, "curves", lambda: self._fetch(plot, ask), self._take)

    def _fetch(self, plot: CurvesPlot, ask: ChartAsk) -> ChartView | None:
        """None when a newer plot is wanted."""
        worker = get_current_worker()
        watching = host(self).watching
        points_by_name: dict[_Name, tuple[int, Points]] = {}

        def fetched(curve: DrawnCurve) -> Points:
            name = (curve.run, curve.tag)
            have = self._kept.get(name)
            if have is None or have[0] != curve.version:
                have = (curve.version, watching.series(curve.run, curve.tag))
            points_by_name[name] = have
            return have[1]

        ask = _possible(plot, ask, fetched)
        foreign = incompatible_curves(plot) if ask.x_axis == "step" else frozenset()

        def epochs(curve: DrawnCurve) -> Points | None:
            return fetched(replace(curve, tag=EPOCHS)) if ask.x_axis == "epoch" else None

        raw = replace(ask, smooth=0.0)
        lines: list[ChartLine] = []
        band: list[ChartLine] = []
        ended: list[tuple[DrawnCurve, FloatArray]] = []
        for curves, out in ((plot.curves, lines), (plot.band, band)):
            for curve in curves:
                if worker.is_cancelled:
                    return None
                if curve in foreign:
                    ended.append((curve, fetched(curve).values))
                    continue
                points, known = fetched(curve), epochs(curve)
                for back in range(curve.former if out is lines else 0):
                    branch = fetched(replace(curve, tag=former_tag(curve.tag, back)))
                    if len(branch):
                        out.append(line(branch, "", "faint", raw, epochs=known))
                if out is lines and ask.smooth:
                    out.append(line(points, "", "faint", raw, epochs=known))
                out.append(line(points, curve.name, curve.tone, ask, curve.selected, known))
        self._kept = points_by_name
        own, marks = next((curve for curve in plot.curves if curve.selected), None), plot.marks
        if own is not None:
            marks = placed(marks, fetched(own), ask, epochs(own))
        return chart(plot, lines, band, ask, marks, ends(ended))

    def _take(self, view: ChartView | None) -> None:
        if view is not None:
            self.show(view)


def _possible(plot: CurvesPlot, ask: ChartAsk, fetched: Callable[[DrawnCurve], Points]) -> ChartAsk:
    """How the curves can be drawn: over steps where nothing here knows times, or epochs."""
    if ask.x_axis in ("time", "clock") and not any(has_times(fetched(c)) for c in plot.curves):
        return replace(ask, x_axis="step")
    if ask.x_axis == "epoch" and not any(len(fetched(replace(c, tag=EPOCHS))) for c in plot.curves):
        return replace(ask, x_axis="step")
    return ask
