"""One column of a data set in full: its two distributions, its figures, and how it went over the batches."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from runwatch.domain.drift import ColumnDrift, ColumnTrend, DataSet, Distribution
from runwatch.domain.situation import Snapshot
from runwatch.judge.drift.measures import label as measure_label
from runwatch.show.screen.chart import ChartBand, ChartLevel, ChartLine, ChartView
from runwatch.show.screen.drift import DRIFT_EFFECT, WARNING_EFFECT, ColumnKey, data_set, trend_of, verdict
from runwatch.show.screen.view import (
    VERDICT_TONES,
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    join,
    text,
    words,
)
from runwatch.text import units

_FIGURES = (ViewColumn("name", "measure", 18, grow=1), ViewColumn("value", "value", 9, grow=1, right=True))
_SUMMARY = (
    ViewColumn("name", "", 7, grow=1),
    ViewColumn("reference", "reference", 9, right=True),
    ViewColumn("current", "current", 9, right=True),
)


class ColumnView(msgspec.Struct, frozen=True):
    """All of one column but its distribution, which is fetched apart. ``version``: fetch it again when it
    changed; ``batches``: how many there are."""

    head: Words
    sentence: Words
    figures: TableView
    trend: ChartView
    version: tuple[int, int]
    batches: int
    gone: bool = False


def column_view(snapshot: Snapshot, key: ColumnKey, batch: int | None) -> ColumnView:
    """The column of this key, against the newest batch or the one asked for."""
    data = data_set(snapshot, key.root, key.data_set)
    column = (
        next((c for c in data.latest.columns if c.name == key.column), None) if data and data.latest else None
    )
    if data is None or column is None:
        spans = words(Span("✗ ", "bad"), text(key.column, "strong"), " is not in the newest batch")
        return ColumnView(
            spans,
            sentence=(),
            figures=TableView((), ()),
            trend=ChartView(key=None),
            version=(0, 0),
            batches=0,
            gone=True,
        )
    trend = trend_of(data, column.name)
    if batch is not None and batch < len(data.batches):
        column = _as_judged_then(data, column, trend, batch)
    return ColumnView(
        _head(data, column, batch),
        sentence=text(column.sentence or column.reason, "strong"),
        figures=_figures(column),
        trend=_trend_chart(data, trend),
        version=(data.version, len(data.batches)),
        batches=len(data.batches),
    )


def _as_judged_then(data: DataSet, column: ColumnDrift, trend: ColumnTrend | None, batch: int) -> ColumnDrift:
    """The column in an earlier batch, of which only verdict and effect are kept."""
    known = trend if trend is not None and batch < len(trend.verdicts) else None
    return replace(
        column,
        verdict=known.verdicts[batch] if known else "unknown",
        effect=known.effects[batch] if known else None,
        sentence="",
        reason="an earlier batch: only its verdict and effect; ] goes to the newest, with all figures",
        current_n=data.batches[batch].rows,
        new_categories=(),
        p_adjusted=None,
        measures={},
        smallest_visible=None,
        missing_current=None,
    )


def _head(data: DataSet, column: ColumnDrift, batch: int | None) -> Words:
    which = data.batches[batch].name if batch is not None and batch < len(data.batches) else ""
    parts = [
        words(verdict(column.verdict), "  ", text(column.name, "strong"), text(f"  {column.kind}", "muted")),
        text(f"in {data.name}", "muted"),
        text(f"batch {which}" if which else "newest batch", "muted"),
        text(f"{column.reference_n:,} reference rows, {column.current_n:,} now", "muted"),
    ]
    if column.role != "feature":
        parts.append(text(column.role, "info"))
    return join(parts)


def _figures(column: ColumnDrift) -> TableView:
    tone = VERDICT_TONES[column.verdict]
    rows = [("effect (denoised)", words(Span(units.number(column.effect, 3), tone)))]
    named = (
        ("p-value, corrected", column.p_adjusted),
        *((measure_label(name), value) for name, value in column.measures.items()),
        ("smallest visible shift", column.smallest_visible),
        ("importance", column.importance),
    )
    rows += [(name, text(units.number(value, 3))) for name, value in named if value is not None]
    if column.missing_reference is not None and column.missing_current is not None:
        message = f"{units.percent(column.missing_reference, 1)} → {units.percent(column.missing_current, 1)}"
        rows.append(("missing", text(message)))
    if column.new_categories:
        shown = ", ".join(column.new_categories[:5]) + (" …" if len(column.new_categories) > 5 else "")
        rows.append(("new categories", text(shown, "warn", 60)))
    rows.append(("test", text(column.method, "muted", 30)))
    if column.kind_guessed:
        rows.append(("type", text(f"{column.kind}, guessed", "muted")))
    return TableView(_FIGURES, tuple(ViewRow.of(name, text(name, "muted"), value) for name, value in rows))


def _trend_chart(data: DataSet, trend: ColumnTrend | None) -> ChartView:
    import numpy as np

    if trend is None or not any(effect is not None for effect in trend.effects):
        return ChartView(key=("trend", data.version), empty="no batch could be judged yet")
    effects = np.array([np.nan if e is None else e for e in trend.effects], dtype=np.float64)
    x = np.arange(1, len(effects) + 1, dtype=np.float64)
    return ChartView(
        key=("trend", data.root, data.name, trend.name, data.version, len(effects)),
        lines=(ChartLine("effect by batch", "series1", x, effects),),
        levels=(ChartLevel(WARNING_EFFECT, "warning", "warn"), ChartLevel(DRIFT_EFFECT, "drifted", "bad")),
        x_axis="batch",
    )


def trend_words(snapshot: Snapshot, key: ColumnKey) -> Words:
    """When the column moved first, and when it will reach the alert threshold."""
    data = data_set(snapshot, key.root, key.data_set)
    trend = trend_of(data, key.column) if data else None
    if data is None or trend is None:
        return ()
    parts: list[Words] = []
    if trend.first_moved is not None and trend.first_moved < len(data.batches):
        parts.append(text(f"first moved in {data.batches[trend.first_moved].name}", "warn"))
    if trend.forecast:
        f = trend.forecast
        message = f"will reach the alert level in about {f.about:.0f} batches ({f.low:.0f} to {f.high:.0f})"
        parts.append(text(message, "warn"))
    return join(parts)


def summary_table(distribution: Distribution | None) -> TableView:
    """The summary figures of both sides; for categories also the top shares."""
    if distribution is None:
        return TableView(_SUMMARY, (), (text("no distribution was kept for this column", "muted"),))
    rows = [
        ViewRow.of(("fact", name), text(name, "muted"), text(a, "baseline"), text(b, "series1"))
        for name, a, b in distribution.summary
    ]
    shares = sorted(
        zip(distribution.labels, distribution.reference, distribution.current, strict=False),
        key=lambda s: -max(s[1:]),
    )
    rows += [
        ViewRow.of(
            ("label", label),
            text(label),
            text(units.percent(a, 1), "baseline"),
            text(units.percent(b, 1), "series1"),
        )
        for label, a, b in shares[:20]
    ]
    return TableView(_SUMMARY, tuple(rows))


def quantile_chart(distribution: Distribution) -> ChartView:
    """Quantiles of the current rows against those of the reference; on the diagonal nothing moved."""
    import numpy as np

    table = np.array(distribution.quantiles, dtype=np.float64).reshape(-1, 3)
    x, y = table[:, 1], table[:, 2]
    return ChartView(
        key=("qq", distribution.column, distribution.quantiles),
        lines=(ChartLine("no change", "baseline", x, x), ChartLine("current quantile", "series1", x, y)),
        x_axis="value",
        empty="no quantiles for this column",
    )


def distribution_chart(distribution: Distribution | None) -> ChartView:
    """The two densities over each other: the reference as a shaded ground, the current rows as a line.
    The outermost 0.1% of both are left out, so that a long tail does not squeeze the rest."""
    import numpy as np

    if distribution is None or len(distribution.edges) < 2:
        return ChartView(key=("distribution", None), empty="no distribution was kept for this column")
    edges = np.array(distribution.edges)
    width = np.maximum(np.diff(edges), 1e-300)
    reference, current = np.array(distribution.reference) / width, np.array(distribution.current) / width
    mass = np.maximum(np.array(distribution.reference), np.array(distribution.current))
    seen = np.flatnonzero((np.cumsum(mass) > 1e-3) & (np.cumsum(mass[::-1])[::-1] > 1e-3))
    first, last = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (0, len(width))
    x = np.repeat(edges[first : last + 1], 2)[1:-1]
    before, now = np.repeat(reference[first:last], 2), np.repeat(current[first:last], 2)
    return ChartView(
        key=(
            "distribution",
            distribution.column,
            distribution.edges,
            distribution.reference,
            distribution.current,
        ),
        lines=(ChartLine("reference", "baseline", x, before), ChartLine("current", "series1", x, now)),
        bands=(ChartBand(x, np.zeros_like(before), before),),
        x_axis="value",
    )


_BARS = (
    ViewColumn("label", "category", 16, grow=1),
    ViewColumn("bar", "share", 40),
    ViewColumn("share", "", 7, right=True),
)


def bars_table(distribution: Distribution, most: int = 30) -> TableView:
    """Categories as pairs of bars, the reference above, the current rows below; the greatest first."""
    triples = zip(distribution.labels, distribution.reference, distribution.current, strict=False)
    shares = sorted(triples, key=lambda share: -max(share[1:]))[:most]
    top = max((max(before, now) for _, before, now in shares), default=1.0) or 1.0
    rows: list[ViewRow] = []
    for label, before, now in shares:
        old = text("█" * round(before / top * 40), "baseline")
        new = text("█" * round(now / top * 40), "series1")
        rows.append(
            ViewRow.of((label, 0), text(label, "strong"), old, text(units.percent(before, 1), "baseline"))
        )
        rows.append(ViewRow.of((label, 1), (), new, text(units.percent(now, 1), "series1")))
    return TableView(_BARS, tuple(rows), (text("no categories were kept", "muted"),))
