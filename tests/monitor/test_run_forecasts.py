"""Forecasts of running runs against the baseline."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from runwatch.domain.comparison import Baseline, CompareOptions
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.points import Points
from runwatch.domain.run import Metric, Progress, Run, RunKey
from runwatch.domain.situation import Situation
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.runs.comparing import compare_runs
from runwatch.monitor.forecasts import Forecasts

CURVE = 0.4 + 2 * np.arange(1, 1001) ** -0.5


def run(name: str, tag: str, values: np.ndarray, status: str) -> Run:
    low, n = float(values.min()), len(values)
    metric = Metric(tag, float(values[-1]), n, None, low, n, low, float(values.max()), n, "min", "csv")
    made = with_main_metric(Run("/r", name, ("csv",), status, "", None, None, n, None, {tag: metric}))  # type: ignore[arg-type]
    return replace(made, progress=Progress(total_steps=1000))


@pytest.mark.parametrize("tag", ["val/loss", "val_loss"])
def test_what_is_to_be_beaten_is_where_the_baseline_ended(tag: str) -> None:
    """At the common step the baseline was where the candidate is now, and so will both end."""
    champion = run("champion", tag, CURVE, "finished")
    candidate = run("candidate", "val/loss", 1.002 * CURVE[:300], "running")
    curves = {champion.key: CURVE, candidate.key: 1.002 * CURVE[:300]}

    def series(key: RunKey, _: str) -> Points:
        return Points.of(np.arange(len(curves[key])) + 1, curves[key])

    health = RunHealth()
    health.feed("val/loss", series(candidate.key, "val/loss"))
    view = health.curve("val/loss")
    assert view is not None
    found = compare_runs(candidate, champion, series, CompareOptions())
    assert found.metrics[0].at == 300 and found.metrics[0].baseline == CURVE[299]
    situation = Situation(1e9, "box", ("/r",), (champion, candidate))
    pinned = {"/r": Baseline("run", "champion", "pinned")}
    situation = replace(situation, comparisons={candidate.key: found}, baselines=pinned)
    forecasts = Forecasts()
    assert forecasts.due(situation) and forecasts.update(situation, lambda key, tag: view.trace)
    chance = forecasts.known[candidate.key].beats_baseline
    assert chance is None or chance < 0.8
