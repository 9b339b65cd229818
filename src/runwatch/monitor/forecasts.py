"""Where the curves of running runs are going, and whether they will beat the baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from runwatch.domain.clock import elapsed
from runwatch.domain.comparison import Baseline
from runwatch.domain.health import CurveForecast
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.domain.situation import Situation
from runwatch.monitor.baselines import members

EVERY_S = 10.0
GROWN_BY = 1.03

if TYPE_CHECKING:
    from runwatch.judge.health.trace import Trace

TraceOf = Callable[[RunKey, str], "Trace | None"]


class Forecasts:
    """Forecasts of the running runs, made anew when a curve has grown by a few percent. Slow (scipy): for
    the background thread; ``known`` is replaced whole."""

    def __init__(self) -> None:
        self._made: dict[RunKey, tuple[int, CurveForecast]] = {}
        self._looked_at = float("-inf")
        self.known: Mapping[RunKey, CurveForecast] = {}

    def due(self, situation: Situation) -> bool:
        """Whether some run is running whose end is known, and the last look is a while ago."""
        if elapsed(self._looked_at, situation.now) < EVERY_S or not any(
            _wanted(run) for run in situation.runs
        ):
            return False
        self._looked_at = situation.now
        return True

    def update(self, situation: Situation, trace_of: TraceOf) -> bool:
        """Make the forecasts; True if one changed."""
        forecasts: dict[RunKey, CurveForecast] = {}
        changed = False
        for run in situation.runs:
            metric = run.main_metric if _wanted(run) else None
            if metric is None:
                continue
            count, forecast = self._made.get(run.key, (0, None))
            if forecast is None or forecast.tag != metric.tag or metric.count >= count * GROWN_BY:
                forecast = self._forecast(run, metric, situation, trace_of)
                self._made[run.key] = (metric.count, forecast)
                changed = True
            forecasts[run.key] = forecast
        self._made = {key: self._made[key] for key in forecasts}
        changed = changed or forecasts.keys() != self.known.keys()
        self.known = forecasts
        return changed

    @staticmethod
    def _forecast(run: Run, metric: Metric, situation: Situation, trace_of: TraceOf) -> CurveForecast:
        trace = trace_of(run.key, metric.tag)
        if trace is None:
            return CurveForecast(metric.tag, None, None, None, reason="its curve was not kept")
        from runwatch.judge.health.forecast import forecast

        value, spread = _to_beat(run, metric, situation)
        return forecast(metric.tag, trace, run.progress.total_steps, metric.direction, value, spread)


def _wanted(run: Run) -> bool:
    return run.status == "running" and run.progress.total_steps is not None


def _to_beat(run: Run, metric: Metric, situation: Situation) -> tuple[float | None, float]:
    """The value that the baseline ended at (a comparison in progress has the one at the common step), and its
    spread between seeds (0: not known)."""
    comparison = situation.comparisons.get(run.key)
    baseline: Baseline | None = situation.baselines.get(run.root)
    known = None
    if comparison is not None:
        known = next((m.baseline for m in comparison.metrics if m.name == metric.tag), None)
    if baseline is None or known is None:
        return None, 0.0
    group: Sequence[Run] = members(baseline, [r for r in situation.runs if r.root == run.root])
    from runwatch.judge.runs.primary import match

    tags = [(r, match(metric.tag, list(r.metrics))) for r in group]
    finite = [
        r.metrics[tag].last for r, tag in tags if tag is not None and math.isfinite(r.metrics[tag].last)
    ]
    from statistics import fmean, stdev

    return fmean(finite) if finite else known, stdev(finite) if len(finite) > 1 else 0.0
