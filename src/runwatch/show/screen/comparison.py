"""A comparison in full: every metric with its interval, slices, calibration, confusion, thresholds."""

from __future__ import annotations

import msgspec
import numpy as np

from runwatch.domain.comparison import (
    Comparison,
    Confusion,
    MetricComparison,
    PredictionsKey,
    SliceComparison,
)
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.judge.runs.hyperparameters import as_text
from runwatch.show.costs import cheapest, cost_words
from runwatch.show.screen.chart import ChartBand, ChartLine, ChartMark, ChartView
from runwatch.show.screen.runs import is_baseline
from runwatch.show.screen.view import (
    SERIES,
    VERDICT_TONES,
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    difference,
    join,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import METRIC_SIGNS, METRIC_WORDS

_METRICS = (
    ViewColumn("metric", "metric", 16, grow=2),
    ViewColumn("candidate", "candidate", 9, right=True, drop=1),
    ViewColumn("baseline", "baseline", 9, right=True, drop=1),
    ViewColumn("delta", "difference", 11, right=True),
    ViewColumn("ci", "95% interval", 19, right=True, drop=2),
    ViewColumn("p", "p (adj.)", 8, right=True, drop=4),
    ViewColumn("n", "n", 7, right=True, drop=5),
    ViewColumn("method", "method", 15, drop=6),
    ViewColumn("verdict", "verdict", 17, grow=1),
    ViewColumn("reason", "why", 16, grow=6, drop=3),
)
_SLICES = (
    ViewColumn("slice", "slice", 20, grow=2),
    ViewColumn("n", "rows", 7, right=True),
    ViewColumn("metric", "metric", 10, drop=3),
    ViewColumn("candidate", "candidate", 9, right=True, drop=2),
    ViewColumn("baseline", "baseline", 9, right=True, drop=2),
    ViewColumn("delta", "difference", 11, right=True),
    ViewColumn("share", "adds to loss", 12, right=True, drop=1),
    ViewColumn("p", "p (adj.)", 8, right=True, drop=4),
)
_HPARAMS = (
    ViewColumn("name", "differs in", 20, grow=1),
    ViewColumn("baseline", "baseline", 16, grow=1),
    ViewColumn("candidate", "candidate", 16, grow=1),
)


class ComparisonView(msgspec.Struct, frozen=True):
    """All of one comparison; a part that does not apply has no rows or no lines."""

    head: Words
    notes: Words
    metrics: TableView
    slices: TableView
    calibration: ChartView
    calibration_words: Words
    confusion: TableView
    thresholds: ChartView
    hparams: TableView


Subject = RunKey | PredictionsKey


def comparison_of(snapshot: Snapshot, subject: Subject) -> Comparison | None:
    if isinstance(subject, PredictionsKey):
        return snapshot.situation.predictions.get(subject)
    return snapshot.situation.comparisons.get(subject)


def comparison_view(snapshot: Snapshot, subject: Subject) -> ComparisonView:
    """The comparison of this run, or of these predictions."""
    comparison = comparison_of(snapshot, subject)
    if comparison is None:
        return _missing(snapshot, subject)
    return ComparisonView(
        _head(comparison, *_called(snapshot, subject, comparison)),
        notes=join(
            [
                *(text(message, "strong") for message in cost_words(comparison)),
                *(text(n, "warn") for n in comparison.notes),
            ]
        ),
        metrics=TableView(_METRICS, tuple(_metric(metric) for metric in _sorted(comparison))),
        slices=TableView(_SLICES, tuple(_slice(s, i) for i, s in enumerate(comparison.slices)), _no_slices()),
        calibration=calibration_chart(comparison),
        calibration_words=_calibration_words(comparison),
        confusion=_confusion(comparison.confusion),
        thresholds=threshold_chart(comparison),
        hparams=TableView(
            _HPARAMS,
            tuple(
                ViewRow.of(n, text(n, "muted"), text(as_text(a), "baseline"), text(as_text(b), "strong"))
                for n, a, b in comparison.hparams
            ),
            (text("no hyperparameter differs, or none is recorded", "muted"),),
        ),
    )


def _missing(snapshot: Snapshot, subject: Subject) -> ComparisonView:
    if isinstance(subject, PredictionsKey):
        name, root, run = subject.name, "", None
    else:
        name, root, run = subject.id, subject.root, snapshot.situation.run(subject)
    if run is not None and is_baseline(snapshot, run):
        why = "this is the baseline: choose a run to compare with it"
    elif root in snapshot.situation.baselines:
        why = "not compared: it shares no metric with the baseline"
    else:
        why = "no baseline: press b on a run to make it one"
    nothing = TableView((), ())
    empty = TableView((), (), (text(why, "muted"),))
    blank = ChartView(key=("no comparison", name), empty="")
    return ComparisonView(
        text(name, "strong"),
        notes=(),
        metrics=empty,
        slices=nothing,
        calibration=blank,
        calibration_words=(),
        confusion=nothing,
        thresholds=blank,
        hparams=nothing,
    )


def _called(snapshot: Snapshot, subject: Subject, comparison: Comparison) -> tuple[str, str]:
    """What people call candidate and baseline; their ids where both have one name."""
    ids = comparison.candidate, comparison.baseline
    if isinstance(subject, PredictionsKey):
        return ids
    runs = [snapshot.situation.run(RunKey(subject.root, name)) for name in ids]
    candidate, baseline = (name if run is None else run.title for name, run in zip(ids, runs, strict=True))
    return ids if candidate == baseline else (candidate, baseline)


def _head(comparison: Comparison, candidate: str, baseline: str) -> Words:
    tone = VERDICT_TONES[comparison.verdict]
    return words(
        Span(f"{METRIC_SIGNS[comparison.verdict]} {METRIC_WORDS[comparison.verdict]}  ", tone),
        text(candidate, "strong"),
        Span(" against ", "muted"),
        Span(f"◆ {safe(baseline)}", "baseline"),
        Span(f"  {safe(comparison.reason)}", "muted"),
    )


def _sorted(comparison: Comparison) -> list[MetricComparison]:
    return sorted(comparison.metrics, key=lambda m: (not m.primary, m.verdict != "worse", m.name))


def _metric(metric: MetricComparison) -> ViewRow:
    tone = VERDICT_TONES[metric.verdict]
    name = words(
        text(metric.name, "strong" if metric.primary else "plain"), Span(" primary" * metric.primary, "muted")
    )
    why = metric.reason
    if metric.verdict == "inconclusive" and metric.n_needed and "needs " not in why:
        why = f"needs {metric.n_needed:,} {'rows' if metric.n else 'seeds'} or more; {why}"
    return ViewRow.of(
        metric.name,
        name,
        text(units.number(metric.candidate)),
        text(units.number(metric.baseline), "baseline"),
        text(difference(metric.delta) if metric.delta is not None else "–", tone),
        text(interval(metric.ci), "muted"),
        text(units.number(metric.p_adjusted, 2), "muted"),
        text(f"{metric.n:,}" if metric.n else "–", "muted"),
        text(metric.method or "–", "muted"),
        text(f"{METRIC_SIGNS[metric.verdict]} {METRIC_WORDS[metric.verdict]}", tone),
        text(why, "muted"),
    )


def interval(ci: tuple[float, float] | None) -> str:
    """An interval of a difference in words."""
    return f"{difference(ci[0])} to {difference(ci[1])}" if ci else "–"


def _slice(slice_: SliceComparison, i: int) -> ViewRow:
    tone = VERDICT_TONES[slice_.verdict]
    name = words(
        text(slice_.slice, "strong"), text(f"  also {', '.join(slice_.also)}", "muted") if slice_.also else ()
    )
    return ViewRow.of(
        (i, slice_.slice),
        name,
        text(f"{slice_.n:,}", "muted"),
        text(slice_.metric, "muted"),
        text(units.number(slice_.candidate)),
        text(units.number(slice_.baseline), "baseline"),
        text(f"{METRIC_SIGNS[slice_.verdict]} {difference(slice_.delta)}", tone),
        text(units.signed(slice_.contribution), "muted"),
        text(units.number(slice_.p_adjusted, 2), "muted"),
    )


def _no_slices() -> tuple[Words, ...]:
    message = "no slices: they come with predictions, see [[predictions]] in runwatch.toml"
    return (text(message, "muted"),)


def calibration_chart(comparison: Comparison) -> ChartView:
    """The reliability diagram: observed rate against predicted, the diagonal being right."""
    tones = {"baseline": "baseline", "candidate": "series1"}
    lines = [ChartLine("right", "faint", np.array([0.0, 1.0]), np.array([0.0, 1.0]))]
    bands = []
    for i, (name, one) in enumerate(comparison.calibration.items()):
        bins = [b for b in one.bins if b.n]
        x = np.array([b.predicted for b in bins])
        tone = "baseline" if tones.get(name) == "baseline" else SERIES[i % len(SERIES)]
        lines.append(ChartLine(safe(name), tone, x, np.array([b.observed for b in bins])))
        if name != "baseline" and len(bins) > 1:
            bands.append(ChartBand(x, np.array([b.low for b in bins]), np.array([b.high for b in bins])))
    if len(lines) == 1:
        return ChartView(key=("calibration", id(comparison)), empty="no scores: calibration needs them")
    return ChartView(("calibration", id(comparison)), tuple(lines), tuple(bands), square=True)


def _calibration_words(comparison: Comparison) -> Words:
    parts = []
    for name, one in comparison.calibration.items():
        null = units.number(one.ece_null, 3)
        message = f"{name}: ECE {units.number(one.ece, 3)}, a calibrated model stays under {null}"
        parts.append(text(message, "warn" if one.miscalibrated else "muted"))
    return join(parts)


def threshold_chart(comparison: Comparison) -> ChartView:
    """Precision, recall and F1 over the threshold, with the operating point (▼) and the cheapest ($)."""
    key = ("thresholds", id(comparison))
    if not comparison.thresholds:
        return ChartView(key=key, empty="no scores: thresholds need them")
    x = np.array([point.threshold for point in comparison.thresholds])
    order = np.argsort(x, kind="stable")
    lines = tuple(
        ChartLine(
            name,
            SERIES[i],
            x[order],
            np.array([getattr(p, name) for p in comparison.thresholds], dtype=np.float64)[order],
        )
        for i, name in enumerate(("precision", "recall", "f1"))
    )
    at = comparison.operating_threshold
    best = cheapest(comparison)
    marks = (ChartMark(at, "▼", "strong"),) if at is not None else ()
    if best is not None:
        marks = (*marks, ChartMark(best.threshold, "$", "good"))
    return ChartView(key, lines, marks=marks, x_axis="value")


def _confusion(confusion: Confusion | None) -> TableView:
    if confusion is None:
        return TableView((), (), (text("no predicted classes: no confusion matrix", "muted"),))
    labels = confusion.labels[:8]
    columns = [ViewColumn("true", "true ↓  predicted →", 20)]
    columns += [ViewColumn(str(i), safe(label, 14), 15, right=True) for i, label in enumerate(labels)]
    rows = []
    for i, label in enumerate(labels):
        cells: list[Words] = [text(label, "strong")]
        for j in range(len(labels)):
            now, before = confusion.candidate[i][j], confusion.baseline[i][j]
            change = now - before
            good = (change > 0) == (i == j)
            tone = VERDICT_TONES["equivalent" if change == 0 else "better" if good else "worse"]
            cells.append(words(Span(f"{now:,} "), Span(f"{change:+,}".replace("-", "−"), tone)))
        rows.append(ViewRow(i, tuple(cells)))
    return TableView(tuple(columns), tuple(rows))
