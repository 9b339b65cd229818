"""What a later attempt superseded in one file."""

from __future__ import annotations

import math
from collections import Counter

import msgspec
import numpy as np

from runwatch.domain.points import Points
from runwatch.runs.series import envelope

MOST_POINTS, SPANS = 2048, 512


class Former(msgspec.Struct, eq=False):
    """What a later attempt superseded. ``first``, ``last``: the steps where this one began and how far it
    came."""

    tag: str
    step: int
    """Where the later one set in, ``wall``: when (NaN: not known)."""
    wall: float
    first: int
    last: int
    written: int
    """The points it wrote."""
    for_all: bool
    """It holds for all tags, not for one with a counter of its own (``tag``: the one that went back)."""
    ended: float = math.nan
    """Its last wall time."""
    whole: bool = True
    """Nothing of it counts any more."""
    lost: dict[str, Points] = msgspec.field(default_factory=dict)
    """The superseded points by tag, once another attempt began an envelope of them where they are many."""
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    """How many they were."""
    kept: dict[str, int] = msgspec.field(default_factory=dict)
    """How many points each tag had left."""

    def take(self, tag: str, points: Points) -> None:
        self.lost[tag] = points
        self.counts[tag] = len(points)
        known = points.wall_times[np.isfinite(points.wall_times)]
        if len(known):
            self.ended = float(np.fmax(self.ended, known.max()))

    def settle(self) -> None:
        """Keep no more than a chart needs."""
        for tag, points in self.lost.items():
            if len(points) > MOST_POINTS:
                self.lost[tag] = envelope(points.where(np.argsort(points.steps, kind="stable")), SPANS)
