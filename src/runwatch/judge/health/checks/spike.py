"""A sudden jump of a loss above its own recent level."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import msgspec
import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray, IntArray
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch
from runwatch.judge.health.roles import Role
from runwatch.judge.health.windows import BLOCK, LONG, SHORT, Window, mad_of_rows, median_of_rows
from runwatch.text.safe import safe
from runwatch.text.units import number

_FACTOR = 1.5
_MADS = 8.0
_MERGE_GAP = 5
_OFTEN, _OFTEN_WITHIN = 3, 500
_KEPT = 20
_DECILE, _DECILE_OF_NORMAL = 0.9, 1.2816


class _Over(NamedTuple):
    """A point over its threshold."""

    at: int
    step: int
    ratio: float
    value: float


class _OpenSpike(msgspec.Struct):
    first: _Over
    last: _Over
    peak: _Over


class Spike(CurveCheck):
    """log x above the median of the reference points by max(8 MAD, log 1.5), in 2 of 3 consecutive points.
    Where the reference holds values <= 0: x above its median by 8 plain MAD, by as much as the ninth decile
    gives, and by half of the median's size. Three spikes in 500 points are a warning."""

    __slots__ = ("_count", "_over", "_spikes")
    NAME: ClassVar[str] = "spike"
    MARK: ClassVar[str] = "▲"
    NEEDS_FIXED_GOAL: ClassVar[bool] = True
    ROLES: ClassVar[frozenset[Role]] = frozenset({"train", "validation"})
    WINDOWS: ClassVar[bool] = True

    def __init__(self) -> None:
        self._spikes: list[_OpenSpike] = []
        self._over: list[_Over] = []
        self._count = 0

    def feed(self, batch: PointBatch) -> None:
        for window in batch.windows:
            self._count = window.after
            if window.after <= SHORT * BLOCK:
                continue
            for index, ratio in _points_over(window):
                self._note(window, index, ratio)

    def _note(self, window: Window, index: int, ratio: float) -> None:
        """Remember a point over its threshold; it is a spike with another one at most two points before."""
        over = _Over(index, window.step_at(index), ratio, float(window.values[index - window.origin]))
        near = [*(one for one in self._over if index - one.at <= 2), over]
        self._over = near
        if len(near) == 1:
            return
        last = self._spikes[-1] if self._spikes else None
        if last is not None and index - last.last.at <= _MERGE_GAP:
            last.last = over
            last.peak = max(last.peak, over, key=_ratio)
            return
        spike = _OpenSpike(near[0], over, max(near, key=_ratio))
        self._spikes = [*self._spikes[-(_KEPT - 1) :], spike]

    def signs(self, curve: CurveView) -> list[HealthSign]:
        recent = [spike for spike in self._spikes if self._count - spike.last.at <= _OFTEN_WITHIN]
        often = len(recent) >= _OFTEN
        return [
            HealthSign(
                "spike",
                severity="warning" if often and spike is self._spikes[-1] else "info",
                tag=curve.tag,
                first_step=spike.first.step,
                last_step=spike.last.step,
                summary=f"{safe(curve.tag)} jumped to {number(spike.peak.value)}, "
                f"{number(spike.peak.ratio, 2)} times its level, at step {spike.last.step}",
                evidence={
                    "ratio": spike.peak.ratio,
                    "peak": spike.peak.value,
                    "recent": len(recent),
                    "points_ago": self._count - spike.last.at,
                    "since": curve.trace.wall_at(spike.first.step) if curve.trace is not None else None,
                },
            )
            for spike in self._spikes
        ]


def _ratio(over: _Over) -> float:
    return over.ratio


def _points_over(window: Window) -> list[tuple[int, float]]:
    """(index among all finite points, ratio to the reference) of the new points over their threshold."""
    first, last = window.before // BLOCK, (window.after - 1) // BLOCK
    spikes: list[tuple[int, float]] = []
    if first < LONG:
        early = np.arange(max(first, SHORT), min(last, LONG - 1) + 1)
        spikes += _over_in(window, early, SHORT)
    late = np.arange(max(first, LONG), last + 1)
    if len(late):
        spikes += _over_in(window, late[_may_exceed(window, late)], LONG)
    return spikes


def _may_exceed(window: Window, blocks: IntArray) -> np.ndarray:
    """A cheap test that no block over its threshold fails: the median of 50 is at least the third smallest
    of their five blocks' minima, for two blocks hold only 20 of its lower 25 points."""
    size = len(window.values)
    padded = np.full(-(-size // BLOCK) * BLOCK, -np.inf)
    padded[:size] = window.values
    rows = padded.reshape(-1, BLOCK)
    maxima, minima = rows.max(axis=1), rows.min(axis=1)
    at = blocks - window.origin // BLOCK
    refs = np.lib.stride_tricks.sliding_window_view(minima, LONG)[at - LONG]
    bound = np.partition(refs, 2, axis=1)[:, 2]
    return np.asarray(maxima[at] > np.where(bound > 0, _FACTOR * bound, bound))


def _over_in(window: Window, blocks: IntArray, length: int) -> list[tuple[int, float]]:
    if not len(blocks):
        return []
    indices = blocks[:, None] * BLOCK + np.arange(BLOCK)
    new = (indices >= window.before) & (indices < window.after)
    values = window.values[np.clip(indices - window.origin, 0, len(window.values) - 1)]
    values[~new] = -np.inf
    refs = window.references(blocks, length)
    keep = _above_the_middle(refs, values.max(axis=1))
    if not keep.any():
        return []
    limit, centre = _limits(refs[keep])
    indices, values = indices[keep], values[keep]
    rows, columns = np.nonzero(values > limit[:, None])
    base = centre[rows]
    over = values[rows, columns]
    ratios = np.where(base > 0, over / np.where(base > 0, base, 1.0), np.inf)
    return list(zip(indices[rows, columns].tolist(), ratios.tolist(), strict=True))


def _above_the_middle(refs: FloatArray, highest: FloatArray) -> np.ndarray:
    """Whether the highest new value could be over: the exact rule is three times as dear."""
    middle = refs.shape[1] // 2 - 1
    lower = np.partition(refs, middle, axis=1)[:, middle]
    return np.asarray(highest > np.where(lower > 0, _FACTOR * lower, lower))


def _upper_spread(rows: FloatArray, middles: FloatArray) -> FloatArray:
    """What the standard deviation of each row would be by its ninth decile alone: of a loss that is often
    exactly zero, such as a triplet's, the values above the median are spread far more than those below."""
    place = int(_DECILE * rows.shape[1])
    out: FloatArray = (np.partition(rows, place, axis=1)[:, place] - middles) / _DECILE_OF_NORMAL
    return out


def _limits(refs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The threshold and the centre of each reference row, in the metric's own units."""
    positive = refs.min(axis=1) > 0
    logs = np.log(refs, where=positive[:, None], out=np.zeros_like(refs))
    log_centre = median_of_rows(logs)
    log_limit = log_centre + np.maximum(_MADS * mad_of_rows(logs, log_centre), math.log(_FACTOR))
    limit, centre = np.exp(np.minimum(log_limit, 700.0)), np.exp(log_centre)
    if not positive.all():
        plain = refs[~positive]
        middle = median_of_rows(plain)
        mad = np.maximum(mad_of_rows(plain, middle), _upper_spread(plain, middle))
        over = middle + np.maximum(_MADS * mad, (_FACTOR - 1) * np.abs(middle))
        limit[~positive] = np.where(mad > 0, over, np.inf)
        centre[~positive] = middle
    return limit, centre
