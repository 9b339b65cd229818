"""The day-aware baseline: with eight or more reference files, a batch must stand out among them and not only
against their pooled rows, since the rows of a day share what the day did."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.profile import ColumnProfile, NamedProfile, TableProfile
from runwatch.judge.drift.column_pair import ColumnPair, iqr, quantile
from runwatch.judge.drift.daymodel import DayModel, DaySeries, dates
from runwatch.judge.drift.evidence import NOISE_KS, NOISE_TV, Subject, rare_values
from runwatch.judge.drift.measures import ks, total_variation

MIN_DAYS = 8
SPANS = (1, 3, 7)
_WIDE = 0.05
_MIDDLE = np.linspace(0.1, 0.9, 9)


class DayComparison(msgspec.Struct, frozen=True):
    """How a batch stands among the reference's days, for one column and subject."""

    p_value: float
    """That it is one of them."""
    compared: str = ""
    """What was, in words."""
    days: int = 0
    independent: float = 0.0
    """How many independent days tell as much."""
    set_aside: int = 0
    """Days that were unlike all others."""


class _DayValue(msgspec.Struct, frozen=True):
    """One number of one day: its value, and the variance that its rows alone would give it."""

    value: float
    noise: float


def compare_with_days(
    reference: TableProfile,
    days: Sequence[NamedProfile],
    recent: Sequence[NamedProfile],
    index: int,
    subject: Subject,
) -> DayComparison:
    """How the newest of ``recent`` (oldest first) stands among the reference's ``days``, for one column and
    subject: by the mean of the last 1, 3 and 7 signed numbers, and by the shape where values have one,
    corrected for how many tests that is. A p of 1.0 when it cannot be told."""
    pairs = [_pair(reference, day, index) for day in days]
    later = [_pair(reference, batch, index) for batch in recent]
    when = [day.day for day in days], [batch.day for batch in recent]
    numbers, factor = _numbers(pairs, later, subject)
    model, newest = _model(numbers, len(days), *when)
    similar: list[tuple[float, str]] = []
    for span in (span for span in SPANS if model is not None and span <= newest):
        assert model is not None
        message = f"the {_WHAT[subject]} of " + ("the batch" if span == 1 else f"its last {span} batches")
        similar.append((min(1.0, factor * model.chance(span)), message))
    if subject in ("distribution", "length", "shape"):
        shapes, _ = _model(_distances(reference, days, recent[-1], index), len(days), when[0], when[1][-1:])
        if shapes is not None:
            similar.append((shapes.chance(1, rising=True), "the distance from the other days"))
    if not similar or model is None:
        return DayComparison(1.0)
    p, message = min(similar)
    return DayComparison(
        min(1.0, len(similar) * p),
        compared=message,
        days=len(days),
        independent=model.independent,
        set_aside=model.set_aside,
    )


_WHAT: dict[Subject, str] = {
    "distribution": "level",
    "length": "length",
    "shape": "characters",
    "missing": "missing share",
    "invalid": "share of another type",
    "new categories": "share of new categories",
}


def _pair(reference: TableProfile, named: NamedProfile, index: int) -> ColumnPair:
    return ColumnPair(reference.grid.columns[index], reference.column(index), named.profile.column(index))


def _model(
    numbers: list[_DayValue], count: int, days: list[int | None], later: list[int | None]
) -> tuple[DayModel | None, int]:
    """(the model of ``numbers``, of which the first ``count`` are the reference's, how many come after),
    without the days that have no number; None where too few are left or the newest has none."""
    times, dated = dates(days, later)
    known = np.array([math.isfinite(one.value) for one in numbers])
    if known[:count].sum() < MIN_DAYS or not known[-1]:
        return None, 0
    newest = int(known[count:].sum())
    values = np.array([one.value for one in numbers])[known]
    noise = np.array([one.noise for one in numbers])[known]
    return DayModel(DaySeries(values, noise=noise, times=times[known], newest=newest, weekly=dated)), newest


def _numbers(
    pairs: list[ColumnPair], later: list[ColumnPair], subject: Subject
) -> tuple[list[_DayValue], int]:
    """One signed number a day and batch, and how many candidates the number was chosen from."""
    both = [*pairs, *later]
    if subject == "missing":
        return [_share(pair.current.missing, pair.current.rows) for pair in both], 1
    if subject == "invalid":
        return [_share(pair.current.invalid, pair.current.rows) for pair in both], 1
    if subject == "new categories":
        return [*(_own(pair) for pair in pairs), *(_share(p.fresh(p.current), p.m) for p in later)], 1
    if pairs[0].ordered and subject != "shape":
        return _locations(pairs, later), 1
    first = pairs[0]
    counts = [p.current.shapes if subject == "shape" else p.level_counts(p.current) for p in both]
    base = first.reference.shapes if subject == "shape" else first.level_counts(first.reference)
    newest = counts[-1]
    gap = np.abs(newest / max(int(newest.sum()), 1) - base / max(int(base.sum()), 1))
    level = int(gap.argmax())
    return [_share(int(c[level]), int(c.sum())) for c in counts], int((base > 0).sum())


def _own(pair: ColumnPair) -> _DayValue:
    """The share of a reference day's values that no other day has, as the share of new ones is for a batch;
    of a column of too many values to know, the share to be expected."""
    if not pair.m or not pair.n:
        return _DayValue(math.nan, 0.0)
    if pair.column.open:
        return _share(round(rare_values(pair)[0] / pair.n * pair.m), pair.m)
    day, whole = pair.current.counts, pair.reference.counts
    return _share(int(day[:-1][day[:-1] == whole[:-1]].sum()) + int(day[-1]), pair.m)


def _share(hits: int, total: int) -> _DayValue:
    """A share on the arcsine scale, on which its variance is 1/(4 total) whatever it is."""
    if not total:
        return _DayValue(math.nan, 0.0)
    return _DayValue(math.asin(math.sqrt((hits + 0.375) / (total + 0.75))), 0.25 / total)


def _locations(pairs: list[ColumnPair], later: list[ColumnPair]) -> list[_DayValue]:
    """Ridits, which see the most and bear any tail; where the days themselves lie far apart, so that a ridit
    is near its end, the mean of the nine deciles in the column's units."""
    ridits = [_ridit(pair) for pair in (*pairs, *later)]
    among = np.array([one.value for one in ridits[: len(pairs)]])
    among = among[np.isfinite(among)]
    if len(among) < 2 or among.std() <= _WIDE:
        return ridits
    spread = iqr(pairs[0].column, pairs[0].reference)
    return [_middle(pair, spread or 0.0) for pair in (*pairs, *later)]


def _ridit(pair: ColumnPair) -> _DayValue:
    """The mean of the reference's mid-distribution function over the day's rows: the chance that a row of
    the day exceeds one of the reference (Bross 1958); its noise is that of a mean of uniforms."""
    if not pair.n or not pair.m:
        return _DayValue(math.nan, 0.0)
    shares = pair.reference.counts / pair.n
    middle = np.cumsum(shares) - shares / 2
    spread = float((shares * (middle - 0.5) ** 2).sum())
    return _DayValue(float((pair.current.counts * middle).sum() / pair.m), spread / pair.m)


def _middle(pair: ColumnPair, spread: float) -> _DayValue:
    points = [quantile(pair.column, pair.current, float(p)) for p in _MIDDLE]
    known = [point for point in points if point is not None]
    if not known:
        return _DayValue(math.nan, 0.0)
    own = iqr(pair.column, pair.current) or spread
    return _DayValue(float(np.mean(known)), (min(own, spread) / 1.35) ** 2 / pair.m)


def _distances(
    reference: TableProfile, days: Sequence[NamedProfile], newest: NamedProfile, index: int
) -> list[_DayValue]:
    """The log of the distance of each day from the others, and of the newest from all."""
    whole, column = reference.column(index), reference.grid.columns[index]
    pairs = [
        ColumnPair(column, _without(whole, d.profile.column(index)), d.profile.column(index)) for d in days
    ]
    sizes = [pair.m for pair in pairs if pair.m]
    usual = float(np.median(sizes)) if sizes else 1.0
    pairs.append(ColumnPair(column, whole, newest.profile.column(index)))
    return [_DayValue(_log_distance(pair, usual), 0.0) for pair in pairs]


def _without(whole: ColumnProfile, day: ColumnProfile) -> ColumnProfile:
    return replace(whole, counts=whole.counts - day.counts, shapes=whole.shapes - day.shapes)


def _log_distance(pair: ColumnPair, usual: float) -> float:
    """log of the distance that a batch of ``usual`` rows would show: its own noise off, theirs on."""
    if not pair.n or not pair.m:
        return math.nan
    if pair.ordered:
        distance, noise = ks.unrounded(pair), NOISE_KS**2
    else:
        a, b = pair.levels
        distance = total_variation.total_variation(a, b)
        noise = NOISE_TV**2 * max(len(a) - 1, 1)
    usual_n = pair.n * usual / (pair.n + usual)
    square = max(distance**2 + noise / usual_n - noise / pair.effective, distance**2 / 4, 1e-12)
    return math.log(square) / 2
