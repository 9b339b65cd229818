"""One data set in full: quality, batches, segments, all columns together, performance."""

from __future__ import annotations

import msgspec
import numpy as np

from runwatch.domain.drift import Batch, DataSet, DriftReport, PerformanceEstimate, QualityCheck
from runwatch.domain.finding import rank
from runwatch.domain.points import FloatArray
from runwatch.domain.situation import Snapshot
from runwatch.show.screen.chart import ChartBand, ChartLine, ChartView
from runwatch.show.screen.drift import data_set, verdict
from runwatch.show.screen.view import (
    SEVERITY_TONES,
    VERDICT_TONES,
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    as_wide_as_needed,
    badge,
    bar,
    join,
    text,
    words,
)
from runwatch.text import units

_QUALITY = (
    ViewColumn("sign", "", 1),
    ViewColumn("column", "column", 16, grow=1),
    ViewColumn("what", "what", 30, grow=3),
    ViewColumn("samples", "for example", 16, grow=1, drop=2),
    ViewColumn("advice", "what to do", 24, grow=2, drop=1),
)
_BATCHES = (
    ViewColumn("name", "batch", 24, grow=2, keep_end=True),
    ViewColumn("rows", "rows", 7, right=True, drop=2),
    ViewColumn("age", "age", 5, right=True, drop=1),
    ViewColumn("moved", "columns that moved", 24, grow=2),
)
_SEGMENTS = (
    ViewColumn("name", "segment", 20, grow=2),
    ViewColumn("verdict", "verdict", 10),
    ViewColumn("rows", "rows", 9, right=True),
    ViewColumn("share", "drifted", 8, right=True),
    ViewColumn("worst", "worst column", 20, grow=2, drop=1),
)
_FEATURES = (
    ViewColumn("name", "tells them apart", 20, grow=1),
    ViewColumn("bar", "", 30),
    ViewColumn("share", "", 6, right=True),
)


class DataView(msgspec.Struct, frozen=True):
    """All of one data set."""

    head: Words
    about: Words
    quality: TableView
    batches: TableView
    segments: TableView
    joint: Words
    features: TableView
    performance: ChartView
    performance_words: Words
    estimates: tuple[str, ...] = ()


def data_view(snapshot: Snapshot, root: str, name: str, now: float, metric: str | None = None) -> DataView:
    """The data set of this name. ``metric``: whose performance is drawn."""
    data = data_set(snapshot, root, name)
    nothing = TableView((), ())
    if data is None:
        gone = words(Span("✗ ", "bad"), text(name, "strong"), " is no longer watched")
        return DataView(
            gone,
            about=(),
            quality=nothing,
            batches=nothing,
            segments=nothing,
            joint=(),
            features=nothing,
            performance=ChartView(key=None),
            performance_words=(),
        )
    return DataView(
        _head(data),
        about=_about(data, now),
        quality=_quality(data),
        batches=_batches(data, now),
        segments=_segments(data),
        joint=_joint(data.latest),
        features=_features(data.latest),
        performance=performance_chart(data, metric),
        performance_words=_performance_words(
            tuple(one for one in data.estimated if one.metric == metric) or data.estimated
        ),
        estimates=estimated_metrics(data),
    )


def _head(data: DataSet) -> Words:
    state = data.latest.verdict if data.latest else "unknown"
    parts = [words(verdict(state), "  ", text(data.name, "strong"))]
    if data.latest and data.latest.share_drifted is not None:
        parts.append(text(f"{units.percent(data.latest.share_drifted)} of the columns drifted", "muted"))
    if data.latest and data.latest.reference_rows:
        message = f"{data.latest.reference_rows:,} reference rows, {data.latest.current_rows:,} now"
        parts.append(text(message, "muted"))
    return join(parts)


def _about(data: DataSet, now: float) -> Words:
    parts = [text(f"reference {data.reference}", "muted")]
    if data.expected_every:
        parts.append(text(f"a batch about every {units.duration(data.expected_every)}", "muted"))
    if data.late_by:
        parts.append(text(f"overdue by {units.duration(data.late_by)}", "warn"))
    if data.assumed:
        parts.append(text(data.assumed, "info"))
    if data.latest and data.latest.note:
        parts.append(text(data.latest.note, "muted"))
    return join(parts)


def _quality(data: DataSet) -> TableView:
    checks = sorted(data.quality, key=lambda check: (-rank(check.severity), check.column, check.check))
    rows = tuple(_check(check, i) for i, check in enumerate(checks))
    return TableView(_QUALITY, rows, (words(Span("✓ ", "good"), "no fault found in the newest batch"),))


def _check(check: QualityCheck, i: int) -> ViewRow:
    return ViewRow.of(
        (check.check, check.column, i),
        (badge(check.severity),),
        text(check.column or "the table", "strong"),
        text(check.summary, SEVERITY_TONES[check.severity]),
        text(", ".join(check.samples[:4]), "muted", 60),
        text(check.advice, "muted"),
    )


def _batches(data: DataSet, now: float) -> TableView:
    n = len(data.batches)
    rows = tuple(_batch(data, data.batches[i], i, now) for i in reversed(range(n)))
    columns = as_wide_as_needed(_BATCHES, rows, "rows", "age")
    return TableView(columns, rows, (text("no batch has arrived yet", "muted"),))


def _batch(data: DataSet, batch: Batch, i: int, now: float) -> ViewRow:
    if batch.problem is not None:
        spans = text(f"not judged: {batch.problem.message}", "warn")
    else:
        spans = _moved(data, i - len(data.batches))
    age = units.ago(batch.when, now)
    return ViewRow.of((batch.name, i), text(batch.name), text(f"{batch.rows:,}"), text(age, "muted"), spans)


def _moved(data: DataSet, from_end: int) -> Words:
    moved = [
        (trend.name, trend.verdicts[from_end])
        for trend in data.trends
        if len(trend.verdicts) >= -from_end and trend.verdicts[from_end] in ("drifted", "warning")
    ]
    moved.sort(key=lambda pair: pair[1] != "drifted")
    if not moved:
        return text("none", "muted")
    shown = [text(name, VERDICT_TONES[state]) for name, state in moved[:6]]
    more = [text(f"and {len(moved) - 6} more", "muted")] if len(moved) > 6 else []
    return join([*shown, *more], ", ")


def _segments(data: DataSet) -> TableView:
    rows = tuple(_segment(name, report) for name, report in data.segments)
    nothing = "no segments: name columns under segments in [[data]] of runwatch.toml"
    return TableView(_SEGMENTS, rows, (text(nothing, "muted"),))


def _segment(name: str, report: DriftReport) -> ViewRow:
    worst = report.columns[0] if report.columns else None
    spans = text(f"{worst.name}: {worst.sentence or worst.reason}", "muted") if worst else ()
    share = text(units.percent(report.share_drifted), VERDICT_TONES[report.verdict])
    rows = text(f"{report.current_rows:,}", "muted")
    return ViewRow.of(name, text(name, "strong"), verdict(report.verdict), rows, share, spans)


def _joint(report: DriftReport | None) -> Words:
    joint = report.multivariate if report else None
    if joint is None:
        return text("all columns together were not judged yet", "muted")
    if joint.auc is None:
        return words(verdict(joint.verdict), Span("  ", "muted"), text(joint.reason, "muted"))
    p_value = units.number(joint.p_value, 2)
    message = f"  a classifier tells new rows from old with AUC {joint.auc:.3f}, p = {p_value}"
    return words(verdict(joint.verdict), Span(message, "muted"))


def _features(report: DriftReport | None) -> TableView:
    joint = report.multivariate if report else None
    features = joint.top_features if joint else ()
    top = max((weight for _, weight in features), default=1.0) or 1.0
    rows = tuple(
        ViewRow.of(name, text(name), bar(weight / top, 30, "accent"), text(units.number(weight, 2), "muted"))
        for name, weight in features[:15]
    )
    return TableView(_FEATURES, rows)


def estimated_metrics(data: DataSet) -> tuple[str, ...]:
    """What is estimated, each once."""
    return tuple(dict.fromkeys(one.metric for one in data.estimated))


def performance_chart(data: DataSet, metric: str | None = None) -> ChartView:
    """One metric's estimated performance over the batches with its sampling error, and the realised one where
    there are labels. ``metric`` None: the last batch's last."""
    shown = metric or (data.estimated[-1].metric if data.estimated else "")
    estimates = tuple(one for one in data.estimated if one.metric == shown)
    key = ("performance", data.root, data.name, data.version, shown, len(estimates))
    if not estimates:
        return ChartView(key=key, empty="no estimate: it needs predictions with scores")
    x = np.arange(1.0, len(estimates) + 1)
    estimated, realised = _column(estimates, "estimated"), _column(estimates, "realised")
    lines = [ChartLine(f"{shown} estimated", tone="series1", x=x, y=estimated, selected=True)]
    if np.isfinite(realised).any():
        lines.append(ChartLine("realised", "baseline", x, realised))
    bands = (
        (ChartBand(x, _column(estimates, "low"), _column(estimates, "high")),) if len(estimates) > 1 else ()
    )
    metrics = estimated_metrics(data)
    state = f"{metrics.index(shown) + 1} of {len(metrics)}" if len(metrics) > 1 else ""
    return ChartView(key, tuple(lines), bands, x_axis="value", state=state)


def _column(estimates: tuple[PerformanceEstimate, ...], name: str) -> FloatArray:
    values = [getattr(estimate, name) for estimate in estimates]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _performance_words(estimates: tuple[PerformanceEstimate, ...]) -> Words:
    if not estimates:
        return ()
    last = estimates[-1]
    parts = [text(last.metric, "strong")]
    if last.estimated is not None:
        spread = f" ± {units.number(last.standard_error, 2)}" if last.standard_error is not None else ""
        parts.append(text(f"estimated {units.number(last.estimated)}{spread}", _tone(last, by_labels=False)))
    if last.realised is not None:
        parts.append(text(f"realised {units.number(last.realised)}", _tone(last, by_labels=True)))
    return join(parts)


def _tone(last: PerformanceEstimate, by_labels: bool) -> Tone:
    if last.by_labels != by_labels:
        return "plain"
    return "bad" if last.alert else "good" if last.better else "plain"
