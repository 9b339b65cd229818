"""Where did it regress: groups of rows that carry the change of the loss (methods of Slice Finder, Chung and
others 2019): each against the rest, corrected, crossed one level deep, overlapping ones folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.domain.comparison import MetricVerdict, SliceComparison
from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.predictions import Column
from runwatch.judge.metrics.adjust import benjamini_hochberg
from runwatch.judge.metrics.tolerance import margin
from runwatch.judge.predictions.grouping import Groups, group_column
from runwatch.judge.predictions.losses import error, log_loss, squared
from runwatch.judge.predictions.methods.probabilities import not_probabilities
from runwatch.judge.predictions.sample import Sample

FEWEST = 30
_SHARE = 0.01
_CROSSED = 5
_MOST_PAIRS = 500
_MOST_SHOWN = 200
_OVERLAP = 0.5
_LEVEL = 0.05
_Z = 1.959963984540054


class _Loss(msgspec.Struct, frozen=True, eq=False):
    """Row losses of both sides and the metric that is their mean (or one minus it)."""

    metric: str
    baseline: FloatArray
    candidate: FloatArray
    complement: bool = False


class _SliceSums(msgspec.Struct, frozen=True, eq=False):
    """A group of rows, and sums over them."""

    label: str
    parts: tuple[tuple[int, int], ...]
    """The (column, code) pairs that all hold."""
    n: int
    baseline: float
    """Of the baseline's loss."""
    change: float
    """Of the change of the loss."""
    square: float
    """Of the square of that change."""
    p: float = 1.0
    """One-sided: worse than the rest."""


def compare_slices(
    sample: Sample, columns: Mapping[str, Column], rows: IntArray
) -> tuple[SliceComparison, ...]:
    """Slices of ``columns`` (as loaded; ``rows``: which of their rows the sample holds): those that regressed
    first, by what they add to the mean loss change, then the others likewise. Empty where rows are not
    paired or nothing can be scored."""
    loss = _loss(sample)
    if not columns or loss is None or not sample.paired or len(rows) < FEWEST:
        return ()
    whole = [group_column(name, column) for name, column in columns.items()]
    groups = [replace(group, codes=group.codes[rows]) for group in whole]
    change = loss.candidate - loss.baseline
    single = [
        made
        for i, group in enumerate(groups)
        for made in _counted(group.codes, group.labels, partial(_pair, (), i), loss, change)
    ]
    single = _scored(single, change)
    if not single:
        return ()
    crossed = _scored(_crossings(single, groups, loss, change), change)
    every, adjusted = single + crossed, _adjusted(single) + _adjusted(crossed, _pairs(single))
    made = [(_compared(part, p, loss, len(change)), part) for part, p in zip(every, adjusted, strict=True)]
    shown = [(one, part) for one, part in made if len(part.parts) == 1 or one.verdict == "worse"]
    shown.sort(key=lambda pair: (pair[0].verdict != "worse", -(pair[0].contribution or 0.0)))
    return _folded(shown, groups, change)[:_MOST_SHOWN]


def _loss(sample: Sample) -> _Loss | None:
    a, b = sample.sides
    if sample.task in ("regression", "forecast"):
        return None if sample.fault("prediction") else _Loss("mse", squared(a), squared(b))
    scored = a.score is not None and b.score is not None and not sample.fault("score")
    if scored and not not_probabilities(sample):
        return _Loss("log_loss", log_loss(a), log_loss(b))
    if a.prediction is None or b.prediction is None or sample.fault("prediction"):
        return None
    return _Loss("accuracy", error(a), error(b), True)


def _counted(
    codes: IntArray,
    labels: tuple[str, ...],
    parts: Callable[[int], tuple[tuple[int, int], ...]],
    loss: _Loss,
    change: FloatArray,
) -> list[_SliceSums]:
    """The slices of one coding that have support: at least max(30, 1%) of the rows in and out of it."""
    total, least = len(change), max(FEWEST, int(np.ceil(_SHARE * len(change))))
    if (codes < 0).any():
        rows = codes >= 0
        codes, baseline, moved = codes[rows], loss.baseline[rows], change[rows]
    else:
        baseline, moved = loss.baseline, change
    counts = np.bincount(codes, minlength=len(labels))
    sums = [np.bincount(codes, part, len(labels)) for part in (baseline, moved, moved * moved)]
    return [
        _SliceSums(
            label,
            parts=parts(i),
            n=int(counts[i]),
            baseline=float(sums[0][i]),
            change=float(sums[1][i]),
            square=float(sums[2][i]),
        )
        for i, label in enumerate(labels)
        if counts[i] >= least and total - counts[i] >= least
    ]


def _scored(slices: list[_SliceSums], change: FloatArray) -> list[_SliceSums]:
    """Each slice against the rest: z of the difference of mean changes, one-sided for worse, against t with
    the slice's degrees of freedom (a small slice's spread is itself uncertain)."""
    from scipy import special

    n, total, square = len(change), float(change.sum()), float(change @ change)
    out = []
    for part in slices:
        rest = n - part.n
        variance = _variance(part.n, part.change, part.square) / part.n
        variance += _variance(rest, total - part.change, square - part.square) / rest
        gap = part.change / part.n - (total - part.change) / rest
        z = gap / variance**0.5 if variance > 0 else float(np.sign(gap)) * np.inf if abs(gap) > 1e-12 else 0.0
        out.append(replace(part, p=float(special.stdtr(part.n - 1, -z))))
    return out


def _adjusted(slices: list[_SliceSums], tested: int = 0) -> list[float]:
    """Benjamini-Hochberg; ``tested``: how many the slices were chosen from, where they were the likeliest."""
    p_values = [part.p for part in slices]
    unseen = max(tested - len(p_values), 0)
    return benjamini_hochberg(p_values + [1.0] * unseen)[: len(p_values)] if p_values else []


def _pairs(single: list[_SliceSums]) -> int:
    """How many crossings of two columns' slices there are."""
    counts: dict[int, int] = {}
    for part in single:
        column = part.parts[0][0]
        counts[column] = counts.get(column, 0) + 1
    total = sum(counts.values())
    return (total * total - sum(count * count for count in counts.values())) // 2


def _variance(n: int, total: float, square: float) -> float:
    return max(square - total * total / n, 0.0) / max(n - 1, 1)


def _crossings(
    single: list[_SliceSums], groups: list[Groups], loss: _Loss, change: FloatArray
) -> list[_SliceSums]:
    """The five slices that add most, each crossed with every other column; at most 500 pairs."""
    top = sorted((part for part in single if part.change > 0), key=lambda part: -part.change)[:_CROSSED]
    crossings: dict[frozenset[tuple[int, int]], _SliceSums] = {}
    for part in top:
        ((column, code),) = part.parts
        inside = groups[column].codes == code
        for i, group in enumerate(groups):
            if i == column:
                continue
            codes = np.where(inside, group.codes, -1)
            labels = tuple(f"{part.label} & {label}" for label in group.labels)
            pairs = partial(_pair, part.parts, i)
            for slice_ in _counted(codes, labels, pairs, loss, change):
                crossings.setdefault(frozenset(slice_.parts), slice_)
    return list(crossings.values())[:_MOST_PAIRS]


def _pair(first: tuple[tuple[int, int], ...], column: int, code: int) -> tuple[tuple[int, int], ...]:
    return (*first, (column, code))


def _compared(part: _SliceSums, p_adjusted: float, loss: _Loss, total: int) -> SliceComparison:
    mean, base = part.change / part.n, part.baseline / part.n
    half = _Z * (_variance(part.n, part.change, part.square) / part.n) ** 0.5
    sign = -1.0 if loss.complement else 1.0
    baseline = 1 - base if loss.complement else base
    allowed = margin(loss.metric, "max" if loss.complement else "min", baseline, {})
    verdict, reason = _verdict(mean, half, p_adjusted, allowed)
    low, high = sorted((sign * (mean - half), sign * (mean + half)))
    return SliceComparison(
        slice=part.label,
        n=part.n,
        metric=loss.metric,
        baseline=baseline,
        candidate=baseline + sign * mean,
        delta=sign * mean,
        ci=(low, high),
        p_adjusted=p_adjusted,
        verdict=verdict,
        contribution=part.change / total,
        reason=reason,
    )


def _verdict(mean: float, half: float, p_adjusted: float, allowed: float) -> tuple[MetricVerdict, str]:
    if p_adjusted < _LEVEL and mean - half > 0:
        return "worse", "worse, and more so than the other rows"
    if mean + half < 0:
        return "better", "the whole interval is on the better side"
    if mean + half < allowed or (mean == 0 and half == 0):
        return "equivalent", "no worse than the tolerance"
    if mean - half > 0:
        return "inconclusive", "worse, but not more so than the other rows (corrected for many slices)"
    return "inconclusive", "cannot tell"


def _folded(
    shown: list[tuple[SliceComparison, _SliceSums]], groups: list[Groups], change: FloatArray
) -> tuple[SliceComparison, ...]:
    """Regressed slices that overlap become one, the largest contribution: those that share half of the
    smaller one's rows, or owe half of their own loss change to rows of the larger contribution."""
    heads: list[tuple[SliceComparison, NDArray[np.bool_]]] = []
    rest = []
    for one, part in shown:
        if one.verdict != "worse":
            rest.append(one)
            continue
        rows = np.logical_and.reduce([groups[column].codes == code for column, code in part.parts])
        for i, (head, taken) in enumerate(heads):
            shared = rows & taken
            many = np.count_nonzero(shared) >= _OVERLAP * min(part.n, head.n)
            if many or float(change[shared].sum()) >= _OVERLAP * part.change:
                heads[i] = (replace(head, also=(*head.also, one.slice)), taken)
                break
        else:
            heads.append((one, rows))
    return (*(head for head, _ in heads), *rest)
