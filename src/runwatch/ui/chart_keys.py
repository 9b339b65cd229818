"""The keys of every place that draws curves."""

from __future__ import annotations

from textual.binding import Binding, BindingType
from textual.widget import Widget

from runwatch.show.screen import chart
from runwatch.show.screen.chart import ChartAsk
from runwatch.ui.bindings import hidden
from runwatch.ui.messages import ViewChanged
from runwatch.ui.selection import Selection

CHART_KEYS: list[BindingType] = [
    Binding("L", "log", "Log", id="chart.log", tooltip="logarithmic y axis"),
    Binding("S", "smooth", "Smooth", id="chart.smooth", tooltip="moving average, display only"),
    Binding("X", "axis", "x axis", id="chart.axis", tooltip="by step, epoch, time since the start, clock"),
    Binding("z", "zoom(0.5)", "Zoom", id="chart.zoom", tooltip="zoom in on the newest part"),
    hidden("Z", "zoom(2.0)", "Wider", "chart.wider"),
    hidden("left_square_bracket", "pan(-0.5)", "Earlier", "chart.earlier", key_display="["),
    hidden("right_square_bracket", "pan(0.5)", "Later", "chart.later", key_display="]"),
]


class ChartKeys(Widget):
    """Mixed into what draws curves: changes how, and has them drawn anew."""

    choice: Selection

    def _take(self, ask: ChartAsk, message: str) -> None:
        self.choice.chart = ask
        self.post_message(ViewChanged(message))

    def action_log(self) -> None:
        ask = chart.toggled_log(self.choice.chart)
        self._take(ask, "logarithmic" if ask.log else "linear")

    def action_smooth(self) -> None:
        ask = chart.next_smooth(self.choice.chart)
        self._take(ask, f"smoothed {ask.smooth:g}" if ask.smooth else "not smoothed")

    def action_axis(self) -> None:
        ask = chart.other_axis(self.choice.chart)
        self._take(ask, f"by {'time since the start' if ask.x_axis == 'time' else ask.x_axis}")

    def action_zoom(self, factor: float) -> None:
        whole = "the whole curve is shown" if factor > 1 else "this is as close as it gets"
        self._see(chart.zoomed(self.choice.chart, factor), whole)

    def action_pan(self, share: float) -> None:
        end = "the end" if share > 0 else "the beginning"
        all_seen = self.choice.chart.window == (0.0, 1.0)
        why = "the whole curve is shown; z zooms in" if all_seen else f"this is {end}"
        self._see(chart.panned(self.choice.chart, share), why)

    def _see(self, ask: ChartAsk, why_not: str) -> None:
        self._take(ask, why_not if ask == self.choice.chart else "")
