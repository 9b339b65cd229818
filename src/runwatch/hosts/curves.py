"""Here: curves of another machine. Of a curve that grew only its end is asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from runwatch.domain.address import path_of
from runwatch.domain.points import Points
from runwatch.domain.run import RunKey
from runwatch.hosts.messages import AskSeries, CurveUpdate, Question
from runwatch.hosts.wire import WireError

BUDGET = 16 * 1024 * 1024
MOST_POINTS = 50_000_000


class _KnownCurve(NamedTuple):
    """``total``: how many points there are there; ``points``: those, or their envelope."""

    total: int
    points: Points


class RemoteCurves:
    """``most``: about how many points of a curve are wanted, 0: all."""

    def __init__(self, ask: Callable[[Callable[[int], Question]], Any], most: int) -> None:
        self._ask, self._most = ask, most
        self._known: OrderedDict[tuple[RunKey, str], _KnownCurve] = OrderedDict()
        self._lock = threading.Lock()

    def series(self, key: RunKey, tag: str) -> Points:
        """The curve as it is there now; as it was known last when it cannot be had. Raises WireError when
        nothing is known."""
        with self._lock:
            known = self._known.get((key, tag), _KnownCurve(0, Points.empty()))
        if self._most and len(known.points) > 2 * self._most:
            known = _KnownCurve(0, Points.empty())
        more = True
        while more:
            try:
                curve = self._ask(partial(self._question, key, tag, known))
            except WireError:
                if known.total:
                    break
                raise
            points = _points(curve)
            more = curve.more and len(points) > 0 and curve.total < MOST_POINTS
            if curve.start and curve.start == known.total:
                points = Points.concat([known.points, points])
            known = _KnownCurve(curve.total, points)
        self._remember((key, tag), known)
        return known.points

    def _question(self, key: RunKey, tag: str, known: _KnownCurve, number: int) -> AskSeries:
        last = known.points
        step, value = (int(last.steps[-1]), float(last.values[-1])) if known.total else (0, 0.0)
        return AskSeries(
            number,
            root=path_of(key.root),
            run=key.id,
            tag=tag,
            have=known.total,
            step=step,
            value=value,
            most=self._most,
        )

    def _remember(self, at: tuple[RunKey, str], known: _KnownCurve) -> None:
        with self._lock:
            self._known[at] = known
            self._known.move_to_end(at)
            size = sum(3 * one.points.steps.nbytes for one in self._known.values())
            while size > BUDGET and len(self._known) > 1:
                _, gone = self._known.popitem(last=False)
                size -= 3 * gone.points.steps.nbytes


def _points(curve: CurveUpdate) -> Points:
    """Raises WireError for arrays that do not fit together."""
    n, odd = divmod(len(curve.values), 8)
    if odd or n > MOST_POINTS or not len(curve.steps) == len(curve.wall_times) == 8 * n:
        raise WireError("a curve whose parts do not fit together")
    return Points(
        np.frombuffer(curve.steps, "<i8"),
        np.frombuffer(curve.wall_times, "<f8"),
        np.frombuffer(curve.values, "<f8"),
    )
