"""One column's two distributions on a common axis, for drawing, with summary numbers side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runwatch.domain.drift import Distribution
from runwatch.domain.empty_words import without_empty_words
from runwatch.domain.profile import ColumnProfile, Floats, NamedProfile, TableProfile
from runwatch.judge.drift.column_pair import ColumnPair, quantile
from runwatch.text.units import number, percent

BARS = 48
TOP = 12
_OTHER = "other"


def distribution(
    reference: TableProfile, current: TableProfile, column: str, bars: int = BARS
) -> Distribution | None:
    """The shares of ``column`` in equal bins between the 0.1% and 99.9% quantiles of both (numeric, times,
    lengths of text), or of the levels that matter most (categories). None for an unknown column."""
    index = reference.grid.index.get(column)
    if index is None:
        return None
    reference, ((now,),) = without_empty_words(reference, [NamedProfile("", current)])
    pair = ColumnPair(reference.grid.columns[index], reference.column(index), now.profile.column(index))
    if pair.ordered:
        return _ordered(pair, bars)
    return _levels(pair)


def _ordered(pair: ColumnPair, bars: int) -> Distribution:
    edges = _axis(pair, bars)
    shares = [_spread(pair, side, edges) for side in (pair.reference, pair.current)]
    return Distribution(
        pair.column.name,
        kind=pair.column.kind,
        edges=tuple(float(e) for e in edges),
        labels=(),
        reference=tuple(float(s) for s in shares[0]),
        current=tuple(float(s) for s in shares[1]),
        summary=_summary(pair),
        quantiles=_quantiles(pair),
    )


def _axis(pair: ColumnPair, bars: int) -> Floats:
    """``bars`` + 1 edges: equal steps, or one bar a value where there are few whole numbers."""
    ends = [quantile(pair.column, side, p) for side in (pair.reference, pair.current) for p in (0.001, 0.999)]
    known = [end for end in ends if end is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    edges = pair.column.edges
    if edges is not None and edges.dtype.kind in "iu" and high - low < bars:
        return np.arange(low - 0.5, high + 1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bars + 1)


def _spread(pair: ColumnPair, side: ColumnProfile, axis: Floats) -> Floats:
    """The side's shares on ``axis``: each bin evenly between its ends, a whole number from half below it to
    half above; what lies outside falls into the end bars."""
    assert pair.column.edges is not None
    total = max(int(side.counts.sum()), 1)
    low, high = pair.ends
    half = 0.5 if pair.column.edges.dtype.kind in "iu" else 0.0
    points = np.concatenate([[low - half], pair.column.edges + half, [high + half]])
    cumulative = np.concatenate([[0.0], np.cumsum(side.counts) / total])
    at: NDArray[np.float64] = np.interp(axis, points, cumulative)
    at[0], at[-1] = 0.0, 1.0 if side.counts.sum() else 0.0
    return np.diff(at)


def _levels(pair: ColumnPair) -> Distribution:
    words = pair.column.words or ()
    n, m = max(pair.n, 1), max(pair.m, 1)
    a, b = pair.reference.counts / n, pair.current.counts / m
    rank = np.argsort(-(np.maximum(a, b)[: len(words)]), kind="stable")[:TOP]
    labels = [words[i] for i in rank]
    ref, cur = [float(a[i]) for i in rank], [float(b[i]) for i in rank]
    fresh = sorted(pair.current.others.items(), key=lambda item: (-item[1], item[0]))[: TOP // 3]
    for word, count in fresh if not (len(a) and a[-1]) else ():
        labels.append(word)
        ref.append(0.0)
        cur.append(count / m)
    rest = max(0.0, 1 - sum(ref)) if pair.n else 0.0, max(0.0, 1 - sum(cur)) if pair.m else 0.0
    if max(rest) > 1e-9:
        labels.append(_OTHER)
        ref.append(rest[0])
        cur.append(rest[1])
    name, kind = pair.column.name, pair.column.kind
    return Distribution(
        name,
        kind=kind,
        edges=(),
        labels=tuple(labels),
        reference=tuple(ref),
        current=tuple(cur),
        summary=_summary(pair),
    )


def _summary(pair: ColumnPair) -> tuple[tuple[str, str, str], ...]:
    """Rows of (name, reference, current)."""
    ref, cur = pair.reference, pair.current
    rows = [("rows", f"{ref.rows:,}", f"{cur.rows:,}")]
    rows.append(("missing", percent(ref.missing_share, 1), percent(cur.missing_share, 1)))
    if ref.invalid or cur.invalid:
        rows.append(("of another type", f"{ref.invalid:,}", f"{cur.invalid:,}"))
    if not pair.ordered:
        used = [str(int((side.counts[:-1] > 0).sum())) for side in (ref, cur)] if pair.column.bins else []
        return (*rows, ("categories", used[0], used[1])) if used else tuple(rows)
    if pair.column.kind == "datetime":
        return tuple(rows)
    rows.append(("mean", number(_mean(ref)), number(_mean(cur))))
    for label, p in (("5%", 0.05), ("25%", 0.25), ("median", 0.5), ("75%", 0.75), ("95%", 0.95)):
        values = [number(quantile(pair.column, side, p)) for side in (ref, cur)]
        rows.append((label, values[0], values[1]))
    for label, pick in (("min", 0), ("max", 1)):
        values = [_end((side.low, side.high)[pick]) for side in (ref, cur)]
        rows.append((label, values[0], values[1]))
    return tuple(rows)


def _end(value: float) -> str:
    return number(value) if np.isfinite(value) else number(None)


def _mean(side: ColumnProfile) -> float | None:
    count = int(side.counts.sum()) - side.neg_inf - side.pos_inf
    return float(side.sums.sum()) / count if count else None


def _quantiles(pair: ColumnPair) -> tuple[tuple[float, float, float], ...]:
    out = []
    for p in np.linspace(0.01, 0.99, 50):
        a, b = (quantile(pair.column, side, float(p)) for side in (pair.reference, pair.current))
        if a is not None and b is not None:
            out.append((float(p), a, b))
    return tuple(out)
