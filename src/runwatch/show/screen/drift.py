"""Data over time: a heat map of columns x batches, the column to look at first on top."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from runwatch.domain.drift import ColumnDrift, ColumnTrend, DataSet
from runwatch.domain.situation import Snapshot
from runwatch.show.screen.view import (
    VERDICT_TONES,
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    join,
    matches,
    no_match,
    tally,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe
from runwatch.text.signs import DRIFT_SIGNS

_RANK = {"drifted": 0, "warning": 1, "unknown": 2, "stable": 3}
WARNING_EFFECT, DRIFT_EFFECT = 0.02, 0.10


class ColumnKey(NamedTuple):
    """Names one column of one watched data set."""

    root: str
    data_set: str
    column: str


class DriftAsk(msgspec.Struct, frozen=True):
    """What a person wants to see of the data: a filter, and how many batches fit."""

    filter: str = ""
    batches: int = 8


def drift(snapshot: Snapshot, ask: DriftAsk, now: float) -> TableView:
    """All columns of all data sets, ranked by verdict, then effect x importance."""
    sets = snapshot.situation.data
    pairs = [(data, column) for data in sets for column in _columns(data)]
    pairs = [pair for pair in pairs if not ask.filter or matches(ask.filter, pair[0].name, pair[1].name)]
    pairs.sort(key=lambda pair: _rank(pair[1]))
    shown = max((min(len(data.batches), ask.batches) for data in sets), default=0)
    columns = (
        ViewColumn("verdict", "verdict", 9),
        ViewColumn("column", "column", 14, grow=1),
        ViewColumn(
            "heat",
            f"last {units.plural(shown, 'batch', 'batches')}" if shown > 6 else "batches",
            max(shown * 2, 6),
            drop=1,
        ),
        ViewColumn("effect", "effect", 6, right=True, drop=3),
        ViewColumn("what", "what changed", 18, grow=3, drop=2),
    )
    several = len(sets) > 1
    rows = tuple(_row(data, column, shown, several) for data, column in pairs)
    return TableView(columns, rows, _nothing(snapshot, ask), _note(sets, now))


def _columns(data: DataSet) -> tuple[ColumnDrift, ...]:
    return data.latest.columns if data.latest else ()


def _rank(column: ColumnDrift) -> tuple[int, float, str]:
    weight = column.importance if column.importance is not None else 1.0
    return _RANK[column.verdict], -(column.effect or 0.0) * weight, column.name


def _row(data: DataSet, column: ColumnDrift, shown: int, several: bool) -> ViewRow:
    name = words(Span(safe(data.name) + " ", "muted")) if several else ()
    return ViewRow.of(
        ColumnKey(data.root, data.name, column.name),
        verdict(column.verdict),
        words(name, text(column.name, "strong"), _role(column)),
        heat(trend_of(data, column.name), shown),
        text(
            effect_words(column.effect),
            VERDICT_TONES[column.verdict] if column.verdict != "stable" else "muted",
        ),
        text(column.sentence or column.reason, "plain" if column.verdict != "stable" else "muted"),
    )


def effect_words(effect: float | None) -> str:
    """An effect size, two decimals."""
    return "–" if effect is None else "<0.01" if 0 < effect < 0.005 else f"{effect:.2f}"


def verdict(name: str) -> Words:
    """A drift verdict as sign and word."""
    return text(f"{DRIFT_SIGNS[name]} {name}", VERDICT_TONES[name])


def _role(column: ColumnDrift) -> Words:
    return text(f" {column.role}", "info") if column.role in ("target", "prediction") else ()


def trend_of(data: DataSet, column: str) -> ColumnTrend | None:
    """A column's verdicts and effects over the batches."""
    return next((trend for trend in data.trends if trend.name == column), None)


def heat(trend: ColumnTrend | None, shown: int) -> Words:
    """The last ``shown`` batches, two cells each: the ground says how far the column moved, the sign what
    that means."""
    if trend is None or shown == 0:
        return ()
    pairs = list(zip(trend.verdicts, trend.effects, strict=True))[-shown:]
    lead = text("  " * (shown - len(pairs))) if len(pairs) < shown else ()
    return (*lead, *(Span(_SIGNS[verdict], _level(verdict, effect)) for verdict, effect in pairs))


_SIGNS = {"stable": " ·", "warning": " !", "drifted": " ✗", "unknown": " ?"}


def _level(verdict: str, effect: float | None) -> Tone:
    if verdict == "unknown" or effect is None:
        return "muted"
    if verdict == "stable":
        return "heat0" if effect < WARNING_EFFECT / 2 else "heat1"
    if verdict == "warning":
        return "heat2"
    return "heat3" if effect < 2 * DRIFT_EFFECT else "heat4"


def _note(sets: tuple[DataSet, ...], now: float) -> Words:
    return join([_caption(data, now) for data in sets[:2]]) if sets else ()


def _caption(data: DataSet, now: float) -> Words:
    newest = data.batches[-1] if data.batches else None
    parts = [text(data.name, "strong"), text(units.plural(len(data.batches), "batch", "batches"), "muted")]
    faults = [check for check in data.quality if check.severity != "info"]
    if faults:
        worst: Tone = "bad" if any(check.severity == "critical" for check in faults) else "warn"
        parts.append(text(f"{units.plural(len(faults), 'fault')} (d)", worst))
    if data.computing:
        parts.append(text("computing …", "info"))
    if data.late_by:
        parts.append(text(f"overdue by {units.duration(data.late_by)}", "warn"))
    elif newest and newest.when is not None:
        parts.append(text(f"newest {units.since(newest.when, now)}", "muted"))
    joint = data.latest.multivariate if data.latest else None
    if joint and joint.auc is not None and joint.verdict in ("warning", "drifted"):
        parts.append(text(f"jointly {joint.verdict} (AUC {joint.auc:.2f})", VERDICT_TONES[joint.verdict]))
    return join(parts)


def data_set(snapshot: Snapshot, root: str, name: str) -> DataSet | None:
    """The watched data set of this name."""
    return next((data for data in snapshot.situation.data if (data.root, data.name) == (root, name)), None)


def first_set(snapshot: Snapshot) -> tuple[str, str] | None:
    """Root and name of the first data set."""
    return next(((data.root, data.name) for data in snapshot.situation.data), None)


def _nothing(snapshot: Snapshot, ask: DriftAsk) -> tuple[Words, ...]:
    sets = snapshot.situation.data
    if ask.filter and any(_columns(data) for data in sets):
        return no_match("no column", ask.filter)
    watch = snapshot.watch
    if any(data.computing for data in sets) or watch.phase != "live" or "data" in watch.waiting:
        return (text("reading the data …", "muted"),)
    if sets:
        problem = next((p for data in sets for p in data.problems), None)
        return (text(problem.message, "warn"),) if problem else (text("no batch to judge yet", "muted"),)
    if snapshot.overlooked:
        first, *more = snapshot.overlooked
        hint = f"{first.hint}; {len(more)} more: key i" if more else first.hint
        return (text(f"{first.file}: {first.message}"), text(hint, "muted"))
    how = "add it under [[data]] in runwatch.toml, or let runwatch init find it"
    return ((Span("no data is watched yet: "), Span(how, "muted")),)


def summary(snapshot: Snapshot) -> Words:
    """Counts by verdict: "1 drifted · 2 warning · 18 columns"."""
    verdicts = [column.verdict for data in snapshot.situation.data for column in _columns(data)]
    total = units.plural(len(verdicts), "column") if verdicts else ""
    return tally(verdicts, ("drifted", "warning"), VERDICT_TONES, total)
