"""How each column went over the batches: verdicts, when it moved, and where a slow drift leads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from runwatch.domain.drift import ColumnTrend, DriftVerdict, Forecast
from runwatch.domain.empty_words import without_empty_words
from runwatch.domain.profile import DriftOptions, NamedProfile, TableProfile
from runwatch.judge.drift.p_values import t_margin
from runwatch.judge.drift.verdicts import decide

LONGEST = 60
LOOK_BACK = 7
AT_ONCE = 0.25
MIN_POINTS = 5
_HORIZON = 100
_MOVED = ("warning", "drifted")


Row = list[tuple[DriftVerdict, float | None]]


def trends(
    reference: TableProfile,
    batches: Sequence[NamedProfile],
    options: DriftOptions | None = None,
    days: Sequence[NamedProfile] = (),
) -> tuple[ColumnTrend, ...]:
    """One trend a column of the grid over the last 60 of ``batches`` (oldest first), each batch judged on
    its own with the batches before it to look back on."""
    columns = list(batches)[-LONGEST:]
    rows = [row(reference, columns[: at + 1], options, days) for at in range(len(columns))]
    return trends_of(reference, rows, options)


def row(
    reference: TableProfile,
    batches: Sequence[NamedProfile],
    options: DriftOptions | None = None,
    days: Sequence[NamedProfile] = (),
) -> Row:
    """(verdict, effect) of each column in the newest of ``batches``, of which it looks back on the last 7."""
    earlier, newest = batches[-LOOK_BACK:-1], batches[-1:]
    reference, (newest, earlier, days) = without_empty_words(reference, newest, earlier, days)
    recent = [*earlier, *newest]
    decisions = decide(reference, newest[0].profile, options or DriftOptions(), days, recent)
    return [(decision.verdict, decision.effect) for decision in decisions]


def trends_of(
    reference: TableProfile, rows: Sequence[Row], options: DriftOptions | None = None
) -> tuple[ColumnTrend, ...]:
    """The trends that ``rows`` make, one row a batch, oldest first."""
    threshold = (options or DriftOptions()).levels[1]
    out: list[ColumnTrend] = []
    for index, column in enumerate(reference.grid.columns):
        verdicts = tuple(one[index][0] for one in rows)
        effects = tuple(one[index][1] for one in rows)
        ahead = forecast(effects, threshold)
        sure = confirmed(verdicts, effects)
        out.append(
            ColumnTrend(
                column.name,
                verdicts=verdicts,
                effects=effects,
                first_moved=first_moved(verdicts),
                forecast=ahead,
                confirmed=sure,
            )
        )
    return tuple(out)


def first_moved(verdicts: Sequence[DriftVerdict]) -> int | None:
    """The batch where the present stretch of moved batches began, None when the last one did not move."""
    at = len(verdicts)
    while at > 0 and verdicts[at - 1] in _MOVED:
        at -= 1
    return at if at < len(verdicts) else None


def confirmed(verdicts: Sequence[DriftVerdict], effects: Sequence[float | None]) -> bool:
    """Moved in each of the last two batches, or by 0.25 or more in the last."""
    if not verdicts or verdicts[-1] not in _MOVED:
        return False
    return (effects[-1] or 0.0) >= AT_ONCE or (len(verdicts) > 1 and verdicts[-2] in _MOVED)


def forecast(effects: Sequence[float | None], threshold: float) -> Forecast | None:
    """Batches until a rising effect reaches ``threshold``: least squares over the last 20 batches, with the
    95% range that the line's level and slope leave (Fieller). None without a rise that is sure (the slope's
    95% interval is above 0), with fewer than 5 batches, past the threshold, or beyond 100 batches."""
    points = [(i, e) for i, e in enumerate(effects[-20:]) if e is not None]
    if len(points) < MIN_POINTS or effects[-1] is None or effects[-1] >= threshold:
        return None
    x, y = (np.array(values, dtype=np.float64) for values in zip(*points, strict=True))
    centred = x - x.mean()
    slope = float((centred * y).sum() / (centred**2).sum())
    level = float(y.mean() + slope * (x[-1] - x.mean()))
    residual = y - y.mean() - slope * centred
    error = math.sqrt(float((residual**2).sum()) / (len(x) - 2) / float((centred**2).sum()))
    margin = t_margin(len(x) - 2) * error
    if slope <= margin or level >= threshold:
        return None
    about = (threshold - level) / slope
    if about > _HORIZON:
        return None
    low, high = _crossing(threshold - float(y.mean()), slope, margin, float((centred**2).mean()))
    now = float(x[-1] - x.mean())
    return Forecast(about, max(0.0, low - now), min(high - now, 10.0 * _HORIZON))


def _crossing(gap: float, slope: float, margin: float, spread: float) -> tuple[float, float]:
    """The ends of the range of u, counted from the mean batch, where |gap - slope u| is at most the line's
    ``margin * sqrt(spread + u^2)``; ``margin`` is that of the slope and below it, ``spread`` the variance of
    the batch numbers (Fieller 1954)."""
    steep = slope**2 - margin**2
    half = margin * math.sqrt(gap**2 + spread * steep)
    return (gap * slope - half) / steep, (gap * slope + half) / steep
