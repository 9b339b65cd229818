"""The day-aware baseline: with eight or more reference files, a batch must stand out among them and not only
against their pooled rows, since the rows of a day share what the day did."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.profile import ColumnProfile, Named, TableProfile
from runwatch.judge.drift.column_pair import ColumnPair
from runwatch.judge.drift.evidence import NOISE_KS, NOISE_TV, Subject
from runwatch.judge.drift.measures import ks, total_variation
from runwatch.judge.drift.p_values import t_p_value

MIN_DAYS = 8
SPANS = (1, 3, 7)
MIN_WEEKDAY = 4


class _DayValue(msgspec.Struct, frozen=True):
    """One signed number of one day: its value, and the variance that its rows alone would give it."""

    value: float
    noise: float


def day_p_value(
    reference: TableProfile, days: Sequence[Named], recent: Sequence[Named], index: int, subject: Subject
) -> float:
    """p that the newest of ``recent`` (oldest first) is a day like the reference's ``days``, for one column
    and subject: t tests of the mean of the last 1, 3 and 7 signed numbers, and for values of the shape,
    corrected for how many tests that is. 1.0 when it cannot be told."""
    pairs = [_pair(reference, day, index) for day in days]
    later = [_pair(reference, batch, index) for batch in recent]
    weekdays = [None if day.day is None else day.day % 7 for day in days]
    newest = recent[-1].day
    chances: list[float] = []
    numbers, factor = _signed(pairs, later, subject)
    for span in (span for span in SPANS if span <= len(later)):
        weekday = None if newest is None or span > 1 else newest % 7
        chances.append(min(1.0, factor * _t(numbers[: len(days)], numbers[-span:], weekdays, weekday)))
    if subject in ("distribution", "length", "shape"):
        chances.append(_shape_p(reference, days, recent[-1], index))
    return min(1.0, len(chances) * min(chances)) if chances else 1.0


def _pair(reference: TableProfile, named: Named, index: int) -> ColumnPair:
    return ColumnPair(reference.grid.columns[index], reference.column(index), named.profile.column(index))


def _signed(
    pairs: list[ColumnPair], later: list[ColumnPair], subject: Subject
) -> tuple[list[_DayValue], int]:
    """One signed number a day and batch, and how many candidates the number was chosen from."""
    both = [*pairs, *later]
    if subject == "missing":
        return [_share(pair.current.missing, pair.current.rows) for pair in both], 1
    if subject == "invalid":
        return [_share(pair.current.invalid, pair.current.rows) for pair in both], 1
    if subject == "new categories":
        return [_share(int(pair.current.counts[-1]), pair.m) for pair in both], 1
    if pairs[0].ordered and subject != "shape":
        return [_ridit(pair) for pair in both], 1
    counts = [pair.current.shapes if subject == "shape" else pair.current.counts for pair in both]
    base = pairs[0].reference.shapes if subject == "shape" else pairs[0].reference.counts
    newest = counts[-1]
    gap = np.abs(newest / max(int(newest.sum()), 1) - base / max(int(base.sum()), 1))
    level = int(gap.argmax())
    return [_share(int(c[level]), int(c.sum())) for c in counts], int((base > 0).sum())


def _share(hits: int, total: int) -> _DayValue:
    """A share on the arcsine scale, on which its variance is 1/(4 total) whatever it is."""
    if not total:
        return _DayValue(math.nan, 0.0)
    return _DayValue(math.asin(math.sqrt((hits + 0.375) / (total + 0.75))), 0.25 / total)


def _ridit(pair: ColumnPair) -> _DayValue:
    """The mean of the reference's mid-distribution function over the day's rows: the chance that a row of
    the day exceeds one of the reference (Bross 1958); its noise is that of a mean of uniforms."""
    if not pair.n or not pair.m:
        return _DayValue(math.nan, 0.0)
    shares = pair.reference.counts / pair.n
    middle = np.cumsum(shares) - shares / 2
    spread = float((shares * (middle - 0.5) ** 2).sum())
    return _DayValue(float((pair.current.counts * middle).sum() / pair.m), spread / pair.m)


def _t(
    days: Sequence[_DayValue], last: Sequence[_DayValue], weekdays: list[int | None], weekday: int | None
) -> float:
    """p that the mean of ``last`` is that of the days. With four or more days of the batch's weekday, it is
    compared with those, the spread being pooled within weekdays. The spread is never taken below what the
    rows alone would give."""
    kept = [(d, w) for d, w in zip(days, weekdays, strict=True) if not math.isnan(d.value)]
    if len(kept) < MIN_DAYS or any(math.isnan(one.value) for one in last):
        return 1.0
    values = np.array([d.value for d, _ in kept])
    noise = float(np.mean([d.noise for d, _ in kept]))
    same = np.array([w == weekday for _, w in kept])
    centre, count, residual, dof = values.mean(), len(values), values - values.mean(), len(values) - 1
    if weekday is not None and same.sum() >= MIN_WEEKDAY:
        groups = np.array([-1 if w is None else w for _, w in kept])
        residual = values - np.array([values[groups == g].mean() for g in groups])
        dof = len(values) - len(np.unique(groups))
        centre, count = values[same].mean(), int(same.sum())
    spread = max(float((residual**2).sum()) / max(dof, 1), noise)
    own = float(np.mean([one.noise for one in last]))
    variance = spread / count + (spread + max(0.0, own - noise)) / len(last)
    gap = float(np.mean([one.value for one in last]) - centre)
    return t_p_value(gap / math.sqrt(variance), max(dof, 1)) if variance > 0 else float(gap == 0)


def _shape_p(reference: TableProfile, days: Sequence[Named], newest: Named, index: int) -> float:
    """p by the t prediction bound on the log of the distance, each day against the others only."""
    whole = reference.column(index)
    column = reference.grid.columns[index]
    pairs = [
        ColumnPair(column, _without(whole, d.profile.column(index)), d.profile.column(index)) for d in days
    ]
    sizes = [pair.m for pair in pairs if pair.m]
    if len(sizes) < MIN_DAYS:
        return 1.0
    usual = float(np.median(sizes))
    logs = np.array([_log_distance(pair, usual) for pair in pairs if pair.m and pair.n])
    now = _log_distance(ColumnPair(column, whole, newest.profile.column(index)), usual)
    spread = float(logs.std(ddof=1))
    if spread <= 0 or not math.isfinite(now) or now <= logs.mean():
        return 1.0
    t = (now - float(logs.mean())) / (spread * math.sqrt(1 + 1 / len(logs)))
    return t_p_value(t, len(logs) - 1) / 2


def _without(whole: ColumnProfile, day: ColumnProfile) -> ColumnProfile:
    return replace(whole, counts=whole.counts - day.counts, shapes=whole.shapes - day.shapes)


def _log_distance(pair: ColumnPair, usual: float) -> float:
    """log of the distance that a batch of ``usual`` rows would show: its own noise off, theirs on."""
    if not pair.n or not pair.m:
        return math.nan
    if pair.ordered:
        distance, noise = ks.measure(pair), NOISE_KS**2
    else:
        a, b = pair.levels
        distance = total_variation.total_variation(a, b)
        noise = NOISE_TV**2 * max(len(a) - 1, 1)
    there = pair.n * usual / (pair.n + usual)
    square = max(distance**2 + noise / there - noise / pair.effective, distance**2 / 4, 1e-12)
    return math.log(square) / 2
