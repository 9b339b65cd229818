"""One number a day, and whether the newest days are like the days before: a Gaussian model with a common
level, neighbours that may be alike (AR(1)) and weekdays that may differ. How much so is not known from a few
days, so the answer is averaged over a grid of strengths, each weighted by how well it explains the reference
(the posterior predictive p of Box 1980, with the flat level and log-variance of Zellner 1971). Days unlike
all others are set aside first where the evidence for that outweighs its prior (Box, Tiao 1968)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.profile import Floats, Ints

_ALIKE = np.array([0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98])
_ALIKE_PRIOR = np.array([14.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
_WEEKLY = ((0.0, 0.6), (1.0, 0.2), (10.0, 0.2))
WEEKS_FROM = 14
_MOST_DAYS = 120
_BAD_DAY = 0.02
_KIND_OF_DAY, _ABOUT = 2, 0.75
_INFLATED = (1e2, 1e4)


class DaySeries(msgspec.Struct, frozen=True, eq=False):
    """Values of days, float64 ``[days]``."""

    values: Floats
    noise: Floats
    """The variance that its rows alone would give each."""
    times: Ints
    """Whole days, rising."""
    newest: int
    """How many of the last are those in question."""
    weekly: bool
    """Whether ``times`` are dates, so that weekdays may differ."""


class _Fit(NamedTuple):
    """Generalised least squares with each strength: the covariances' inverse with the fitted means
    projected out, the residuals weighted by it, their ``square``, the coefficients' covariance and values,
    and the log determinants that the evidence needs."""

    projected: Floats
    residual: Floats
    square: Floats
    covariance: Floats
    coefficients: Floats
    log_det: Floats


def _fitted(cov: Floats, design: Floats, values: Floats) -> _Fit:
    inverse = np.linalg.inv(cov).astype(np.float64)
    weighted = inverse @ design
    information = design.T @ weighted
    covariance = np.linalg.inv(information).astype(np.float64)
    projected = inverse - weighted @ covariance @ weighted.transpose(0, 2, 1)
    residual = projected @ values
    log_det = np.linalg.slogdet(cov)[1] + np.linalg.slogdet(information)[1]
    coefficients = np.einsum("mij,mkj,k->mi", covariance, weighted, values)
    return _Fit(
        projected=projected,
        residual=residual,
        square=residual @ values,
        covariance=covariance,
        coefficients=coefficients,
        log_det=log_det,
    )


class DayModel:
    """The model of a series, fitted to its days before the newest."""

    def __init__(self, series: DaySeries) -> None:
        count = len(series.values) - series.newest
        first = max(0, count - _MOST_DAYS)
        self._values, self._noise, self._count = series.values, series.noise, count
        self._usual = float(series.noise[first:count].mean())
        lag = np.abs(np.subtract.outer(series.times, series.times))
        weeks = _WEEKLY if series.weekly else _WEEKLY[:1]
        same = lag % 7 == 0
        self._cov = np.array([alike**lag + week * same for alike in _ALIKE for week, _ in weeks])
        share = np.outer(_ALIKE_PRIOR, [weight for _, weight in weeks]).ravel()
        self._prior = np.log(share / share.sum())
        self._kept = np.arange(first, count)
        self.set_aside = 0
        self._alone = self._fit(self._kept, 0)
        for _ in range(len(self._kept) // 10):
            odd = self._outlier()
            if odd is None:
                break
            self._kept = np.delete(self._kept, odd)
            self.set_aside += 1
            self._alone = self._fit(self._kept, 0)

    def _fit(self, rows: Ints, newest: int) -> _Fit:
        """With one level, and a step before the last ``newest`` of ``rows``."""
        after = np.arange(len(rows)) >= len(rows) - newest
        design = np.column_stack([np.ones(len(rows)), after]) if newest else np.ones((len(rows), 1))
        return _fitted(self._cov[:, rows[:, None], rows[None, :]], design, self._values[rows])

    def _log(self, square: Floats) -> Floats:
        """log of residual squares, not below what rows alone give: equal days are no proof of anything."""
        return np.log(np.maximum(square, 0.0) + self._usual * len(self._kept) + 1e-300)

    def _posterior(self, fit: _Fit, dof: int) -> Floats:
        evidence = self._evidence(fit, dof)
        weights: Floats = np.exp(evidence - _log_sum(evidence))
        return weights

    def _evidence(self, fit: _Fit, dof: int) -> Floats:
        out: Floats = self._prior - 0.5 * fit.log_det - 0.5 * dof * self._log(fit.square)
        return out

    def _outlier(self) -> int | None:
        """The position of the day that is better explained as unlike all others, if there is one."""
        gains, fit, dof = [], self._alone, len(self._kept) - 1
        own = np.diagonal(fit.projected, axis1=1, axis2=2)
        for inflated in _INFLATED:
            wider = 1 + inflated * own
            square = fit.square[:, None] - inflated * fit.residual**2 / wider
            start = (self._prior - 0.5 * fit.log_det)[:, None]
            gains.append(_log_sum(start - 0.5 * np.log(wider) - 0.5 * dof * self._log(square)))
        best = np.max(gains, axis=0)
        odd = int(best.argmax())
        return odd if best[odd] + math.log(_BAD_DAY) > _log_sum(self._evidence(fit, dof)) else None

    @property
    def independent(self) -> float:
        """How many independent days would tell the level as well as these."""
        weights = self._posterior(self._alone, len(self._kept) - 1)
        return float(weights @ (self._cov[:, 0, 0] / self._alone.covariance[:, 0, 0]))

    def _comes_again(self) -> bool:
        """Whether there are days that neither neighbours nor weekdays explain, and two or more of all days
        lie about as far out as the newest, on its side: one may have been an accident, several are a kind of
        day that there is."""
        if not self.set_aside:
            return False
        middle = float(np.median(self._values[self._kept]))
        away = (self._values[: self._count] - middle) * np.sign(self._values[-1] - middle)
        return bool((away >= _ABOUT * abs(self._values[-1] - middle)).sum() >= _KIND_OF_DAY)

    def chance(self, span: int, rising: bool = False) -> float:
        """p that the mean of the last ``span`` days is like the days before; one-sided where only a
        ``rising`` number matters."""
        from scipy.special import stdtr

        if span == 1 and self._comes_again():
            return 1.0
        newest = np.arange(len(self._values) - span, len(self._values))
        fit, dof = self._fit(np.concatenate([self._kept, newest]), span), len(self._kept) + span - 2
        scale = np.maximum(fit.square / dof, self._usual)
        more = max(0.0, float(self._noise[newest].mean()) - self._usual) / span
        error = np.sqrt(scale * fit.covariance[:, 1, 1] + more)
        if not error.all():
            return 1.0
        t = fit.coefficients[:, 1] / error
        tails = stdtr(dof, -t) if rising else 2 * stdtr(dof, -np.abs(t))
        return min(1.0, float(self._posterior(fit, dof) @ tails))


def _log_sum(logs: Floats) -> NDArray[np.float64]:
    """log of the sum of exponentials over the first axis."""
    top = logs.max(axis=0)
    out: NDArray[np.float64] = top + np.log(np.exp(logs - top).sum(axis=0))
    return out


def dates(days: Sequence[int | None], later: Sequence[int | None]) -> tuple[Ints, bool]:
    """(times of the days and of those in question, whether they are dates): ordinals where all are known and
    rise, else places in line."""
    both = [*days, *later]
    known = [day for day in both if day is not None]
    if len(known) == len(both) and all(a < b for a, b in pairwise(known)):
        return np.array(known, dtype=np.int64), True
    return np.arange(len(both), dtype=np.int64), False
