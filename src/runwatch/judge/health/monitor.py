"""The health of one run: its curves' memories, fed with what is new, asked for the signs that show now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from msgspec.structs import replace

from runwatch.domain.health import HealthSign
from runwatch.domain.plugins import modules_in
from runwatch.domain.points import Points
from runwatch.judge.health import checks
from runwatch.judge.health.base import CurveCheck, CurveView, PointBatch, RunCheck
from runwatch.judge.health.roles import Role, has_moving_target, is_learning_rate, role_of
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import Windows
from runwatch.text.safe import safe

_TRACED = frozenset({"train", "validation", "evaluation"})
_RATE_ROSE = 1.5


class HealthCurve:
    """One tag's memory, a few KB whatever its length."""

    __slots__ = ("_signs", "_windows", "view")

    def __init__(self, tag: str, *, traced: bool | None = None) -> None:
        role = role_of(tag)
        memories = {kind.NAME: kind() for kind in curve_checks(role)}
        keep = traced or (traced is None and (role in _TRACED or is_learning_rate(tag)))
        self.view = CurveView(tag, role, Trace() if keep else None, memories)
        self._windows = Windows() if any(kind.WINDOWS for kind in curve_checks(role)) else None
        self._signs: list[HealthSign] | None = []

    def feed(self, points: Points) -> None:
        """Take new points, in step order and after all that came before."""
        view = self.view
        if not len(points) or not (view.checks or view.trace):
            return
        self._signs = None
        mask = np.isfinite(points.values)
        finite = None if mask.all() else mask
        finite_points = points if finite is None else points.where(mask)
        steps, walls, values = finite_points.steps, finite_points.wall_times, finite_points.values
        if view.trace is not None:
            view.trace.feed(steps, walls, values)
        windows = self._windows.feed(steps, values) if self._windows is not None else []
        batch = PointBatch(points, finite=finite, steps=steps, walls=walls, values=values, windows=windows)
        for check in view.checks.values():
            check.feed(batch)

    def signs(self) -> list[HealthSign]:
        """The signs of the checks that look at this curve alone."""
        if self._signs is None:
            self._signs = [sign for check in self.view.checks.values() for sign in check.signs(self.view)]
        return self._signs


class RunHealth:
    """The curves of one run. A purge or a rewrite is answered by ``restart`` and feeding the tag anew."""

    __slots__ = ("_curves", "_views")

    def __init__(self) -> None:
        self._curves: dict[str, HealthCurve] = {}
        self._views: dict[str, CurveView] = {}

    def feed(self, tag: str, points: Points) -> None:
        """Take the new points of ``tag``: in step order, after all that were fed before."""
        curve = self._curves.get(tag)
        if curve is None:
            first = not any(known.view.trace for known in self._curves.values())
            role = role_of(tag)
            curve = self._curves[tag] = HealthCurve(tag, traced=True if first and role == "other" else None)
            self._views[tag] = curve.view
        curve.feed(points)

    def restart(self, tag: str) -> None:
        """Forget ``tag``: its points were taken back, or an earlier one arrived late."""
        self._curves.pop(tag, None)
        self._views.pop(tag, None)

    def curve(self, tag: str) -> CurveView | None:
        """The memory of ``tag``, for forecasts; None: never fed."""
        curve = self._curves.get(tag)
        return curve.view if curve is not None else None

    def clock(self) -> Trace | None:
        """The trace that tells the run's pace: of those with wall times, the one with the most points."""
        traces = [view.trace for view in self._views.values() if view.trace is not None]
        timed = [trace for trace in traces if np.isfinite(trace.last_wall)]
        return max(timed, key=lambda trace: trace.count, default=None)

    def signs(self) -> tuple[HealthSign, ...]:
        """Every sign that shows now, in a stable order: by tag, then kind, then place."""
        views = self._views
        signs = [sign for curve in self._curves.values() for sign in curve.signs()]
        signs += [sign for check in run_checks() for sign in check.signs(views)]
        signs = [_explained(sign, views) for sign in signs]
        if signs and any(has_moving_target(tag) for tag in views):
            needing = _needing_fixed_goal()
            signs = [s for s in signs if s.kind not in needing or role_of(s.tag) == "evaluation"]
        return tuple(sorted(signs, key=lambda sign: (sign.tag, sign.kind, sign.first_step or 0)))


def _explained(sign: HealthSign, views: Mapping[str, CurveView]) -> HealthSign:
    """A rise that is no more than a warning is the sign of a restart where the learning rate rose there."""
    since = sign.evidence.get("since_step")
    if sign.kind != "diverged" or sign.severity != "warning" or not isinstance(since, int):
        return sign
    for tag, view in views.items():
        if view.trace is None or not is_learning_rate(tag) or view.trace.filled < 3:
            continue
        steps, rates = view.trace.steps, view.trace.means
        before = rates[steps <= (sign.first_step or 0)]
        after = rates[
            (steps > (sign.first_step or 0)) & (steps <= max(since, sign.first_step or 0) + _slack(view))
        ]
        if len(before) and len(after) and before[-1] > 0 and after.max() >= _RATE_ROSE * before[-1]:
            message = sign.summary.split(";")[0] + f"; {safe(tag)} rose there: a restart, not a fault"
            return replace(sign, kind="restart", severity="info", summary=message)
    return sign


def _slack(view: CurveView) -> float:
    """A block of the trace: its mean is told at its last step."""
    assert view.trace is not None
    steps = view.trace.steps
    return float(steps[-1] - steps[0]) / max(len(steps) - 1, 1)


@cache
def curve_checks(role: Role) -> tuple[type[CurveCheck], ...]:
    """The checks that look at a curve of this role, found in ``checks/``."""
    return tuple(kind for kind in _check_classes() if issubclass(kind, CurveCheck) and role in kind.ROLES)


@cache
def run_checks() -> tuple[RunCheck, ...]:
    """The checks that look at a whole run, found in ``checks/``."""
    return tuple(kind() for kind in _check_classes() if issubclass(kind, RunCheck))


def mark_of(kind: str) -> tuple[str, str]:
    """The character and the word that mark a sign of this kind on a chart."""
    return _marks().get(kind, ("!", kind))


@cache
def _marks() -> Mapping[str, tuple[str, str]]:
    own = {kind.NAME: (kind.MARK, kind.WORD or kind.NAME) for kind in _check_classes()}
    return {"restart": ("↻", "restart"), **own}


@cache
def _needing_fixed_goal() -> frozenset[str]:
    return frozenset(kind.NAME for kind in _check_classes() if kind.NEEDS_FIXED_GOAL)


def _check_classes() -> Iterator[type[CurveCheck | RunCheck]]:
    for module in modules_in(checks.__name__):
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, CurveCheck | RunCheck):
                yield value
