"""One run against the baseline: a row a metric, and which curves to draw."""

from __future__ import annotations

import msgspec

from runwatch.domain.comparison import Baseline, Comparison, MetricComparison
from runwatch.domain.directions import is_system
from runwatch.domain.main_metric import by_importance
from runwatch.domain.run import Metric, Run, RunKey
from runwatch.domain.situation import Snapshot
from runwatch.show.screen.curves import CurvesPlot, plot
from runwatch.show.screen.forecast_words import chance
from runwatch.show.screen.runs import is_baseline
from runwatch.show.screen.view import (
    VERDICT_TONES,
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    difference,
    figure,
    tally,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import METRIC_SIGNS, METRIC_WORDS

_COLUMNS = (
    ViewColumn("metric", "metric", 11, grow=2),
    ViewColumn("value", "value", 7, right=True),
    ViewColumn("baseline", "base", 7, right=True, drop=1),
    ViewColumn("delta", "± base", 9, right=True),
    ViewColumn("at", "at step", 7, right=True, drop=2),
    ViewColumn("verdict", "verdict", 16, drop=2),
    ViewColumn("why", "why", 30, grow=1, drop=3),
)
_RANK = {"worse": 0, "better": 1, "inconclusive": 2, "equivalent": 3, "unknown": 4}


class MetricsAsk(msgspec.Struct, frozen=True):
    """Which run is looked at, which are marked for overlaid curves, and which tag is drawn (None: the
    run's leading metric)."""

    run: RunKey | None = None
    marked: tuple[RunKey, ...] = ()
    tag: str | None = None


class MetricsView(msgspec.Struct, frozen=True):
    """The pane: the table, whose it is, the curves of one tag, and the tags that there are."""

    title: Words
    table: TableView
    plot: CurvesPlot
    tags: tuple[str, ...] = ()
    forecast: Words = ()


def metrics(snapshot: Snapshot, ask: MetricsAsk) -> MetricsView:
    """The looked-at run (else the first) beside the baseline."""
    situation = snapshot.situation
    run = situation.run(ask.run) if ask.run else None
    models = _predictions(snapshot)
    if run is None:
        return MetricsView((), TableView(_COLUMNS, models, _nothing(snapshot)), CurvesPlot())
    comparison = situation.comparisons.get(run.key)
    tag = ask.tag if ask.tag in run.metrics else run.main
    return MetricsView(
        _title(snapshot, run),
        table=metric_table(run, comparison, models),
        plot=plot(snapshot, run, ask.marked, tag),
        tags=tuple(sorted(run.metrics)),
        forecast=_forecast(snapshot, run),
    )


def _forecast(snapshot: Snapshot, run: Run) -> Words:
    """How likely the run beats the baseline, where that can be told."""
    forecast = snapshot.situation.forecasts.get(run.key)
    return chance(forecast) if forecast is not None and forecast.beats_baseline is not None else ()


_SHOWN_MODELS = 3


def _predictions(snapshot: Snapshot) -> tuple[ViewRow, ...]:
    """The primary metric of each watched predictions, those that got worse first."""
    comparisons = sorted(
        snapshot.situation.predictions.items(), key=lambda pair: (_RANK[pair[1].verdict], pair[0])
    )
    rows = []
    for key, comparison in comparisons[:_SHOWN_MODELS]:
        if comparison.primary is not None:
            row = _judged(comparison.primary)
            label = words(text(key.name, "info"), " ", text(comparison.primary.name, "strong"))
            rows.append(ViewRow.of(key, label, *row.cells[1:]))
    return tuple(rows)


def _title(snapshot: Snapshot, run: Run) -> Words:
    baseline = snapshot.situation.baselines.get(run.root)
    name = Span(safe(run.name or run.id.rpartition("/")[2]), "strong")
    if baseline is None:
        return words(name, Span("  no baseline: press b on a run to pin it", "muted"))
    if is_baseline(snapshot, run):
        return words(
            Span("◆ ", "baseline"),
            name,
            Span(f"  {_part(baseline)} the baseline, {safe(baseline.source)}", "muted"),
        )
    return words(name, Span(" against ", "muted"), baseline_name(baseline))


def _part(baseline: Baseline) -> str:
    return "is part of" if baseline.kind == "group" else "is"


def baseline_name(baseline: Baseline) -> Words:
    """The baseline with its sign and its source."""
    return words(Span(f"◆ {safe(baseline.name)}", "baseline"), Span(f" {safe(baseline.source)}", "muted"))


def metric_table(run: Run, comparison: Comparison | None, models: tuple[ViewRow, ...] = ()) -> TableView:
    """Judged metrics first (the primary on top, then what got worse), the others below. ``models``: rows of
    predictions, on top where one of them is worse, else last."""
    judged = list(comparison.metrics) if comparison else []
    judged.sort(key=lambda m: (not m.primary, _RANK[m.verdict], m.name))
    names = {metric.name for metric in judged}
    others = {
        tag: metric.direction
        for tag, metric in run.metrics.items()
        if tag not in names and not metric.hidden and not is_system(tag)
    }
    rest = [run.metrics[tag] for tag in by_importance(others)]
    rows = tuple(_judged(metric) for metric in judged) + tuple(_alone(metric) for metric in rest)
    bad = any(cell.tone == "bad" for row in models for cell in row.cells[3])
    rows = (*models, *rows) if bad else (*rows, *models)
    has_notes = any(row.cells[-1] for row in rows)
    return TableView(
        _COLUMNS if has_notes else _COLUMNS[:-1], rows, (text("this run has no metric yet", "muted"),)
    )


def _judged(metric: MetricComparison) -> ViewRow:
    tone = VERDICT_TONES[metric.verdict]
    sign = METRIC_SIGNS[metric.verdict]
    name = text(metric.name, "strong" if metric.primary else "plain")
    return ViewRow.of(
        metric.name,
        name,
        text(figure(metric.candidate)),
        text(figure(metric.baseline), "baseline"),
        text(f"{sign} {difference(metric.delta)}" if metric.delta is not None else sign, tone),
        text("" if metric.at is None else units.count(metric.at), "muted"),
        text(METRIC_WORDS[metric.verdict], tone),
        text(metric.reason, "muted"),
    )


def _alone(metric: Metric) -> ViewRow:
    return ViewRow.of(
        metric.tag,
        text(metric.tag),
        text(figure(metric.last)),
        text("–", "faint"),
        text("–", "faint"),
        text(units.count(metric.last_step), "muted"),
        (),
        (),
    )


def _nothing(snapshot: Snapshot) -> tuple[Words, ...]:
    if snapshot.watch.phase != "live" or "runs" in snapshot.watch.waiting:
        return (text("reading …", "muted"),)
    if not snapshot.situation.runs:
        return (text("no run yet", "muted"), text("its metrics and curves appear here", "muted"))
    return (text("choose a run to see its metrics", "muted"),)


def summary(snapshot: Snapshot) -> Words:
    """Counts over all compared runs: "2 worse · 1 better"."""
    verdicts = (comparison.verdict for comparison in snapshot.situation.comparisons.values())
    return tally(verdicts, ("worse", "better"), VERDICT_TONES)
