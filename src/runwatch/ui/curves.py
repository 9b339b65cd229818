"""Learning curves: points are fetched on a worker, drawn by the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.worker import get_current_worker

from runwatch.domain.points import Points
from runwatch.domain.run import RunKey
from runwatch.show.view import Tone
from runwatch.show.view_chart import ChartAsk, ChartView, Level, line
from runwatch.show.view_metrics import Curve
from runwatch.ui.widgets.chart import Chart

if TYPE_CHECKING:
    from runwatch.ui.app import RunwatchApp

_Name = tuple[RunKey, str]


class Curves(Chart):
    """A chart that fetches what it draws; a curve whose run did not change is not fetched again."""

    class Fetched(Message, bubble=False):
        """A chart is ready to be drawn."""

        def __init__(self, view: ChartView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._kept: dict[_Name, tuple[int, Points]] = {}
        self._wanted: object = None

    def show(  # type: ignore[override]
        self, curves: tuple[Curve, ...], level: float | None, ask: ChartAsk
    ) -> None:
        """Draw these curves, with the baseline's value as a level where there is no curve of it."""
        wanted = (curves, level, ask)
        if wanted == self._wanted or not self.is_attached:
            return
        self._wanted = wanted
        self.run_worker(
            lambda: self._fetch(curves, level, ask),
            thread=True,
            exclusive=True,
            group=f"curves-{self.id}",
            exit_on_error=False,
        )

    def _fetch(self, curves: tuple[Curve, ...], level: float | None, ask: ChartAsk) -> None:
        worker = get_current_worker()
        watching = cast("RunwatchApp", self.app).watching
        kept: dict[_Name, tuple[int, Points]] = {}
        lines = []
        for curve in curves:
            name = (curve.run, curve.tag)
            have = self._kept.get(name)
            if have is None or have[0] != curve.version:
                have = (curve.version, watching.series(curve.run, curve.tag))
            if worker.is_cancelled:
                return
            kept[name] = have
            lines.append(line(have[1], curve.name, cast("Tone", curve.tone), ask))
        self._kept = kept
        has_base = any(curve.tone == "baseline" for curve in curves)
        levels = (Level(level, "baseline"),) if level is not None and not has_base else ()
        shown = tuple(one for one in lines if len(one.x))
        self.post_message(
            self.Fetched(
                ChartView(
                    key=(curves, level, ask),
                    lines=shown,
                    levels=levels,
                    log=ask.log,
                    x_axis=ask.x_axis,
                    window=ask.window,
                )
            )
        )

    def on_curves_fetched(self, event: Fetched) -> None:
        super().show(event.view)
