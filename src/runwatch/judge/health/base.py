"""What a health check is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import msgspec
import numpy as np

from runwatch.domain.health import HealthSign
from runwatch.domain.points import FloatArray, IntArray, Points
from runwatch.judge.health.roles import Role
from runwatch.judge.health.trace import Trace
from runwatch.judge.health.windows import Window


class PointBatch(msgspec.Struct, eq=False):
    """New points of one curve."""

    points: Points
    """As read."""
    finite: np.ndarray | None
    """Their mask, None when all are."""
    steps: IntArray
    """Of the finite ones, as ``walls`` and ``values``."""
    walls: FloatArray
    values: FloatArray
    windows: list[Window]
    """The finite ones in rolling windows; empty unless a check of this curve asked for them."""


class _Check(ABC):
    """What a check says of itself. Every class in ``checks/`` is found by listing."""

    __slots__ = ()
    NAME: ClassVar[str]
    """Of the check, and the kind of its signs."""
    MARK: ClassVar[str] = "!"
    """The character on a chart where a sign of this kind begins."""
    WORD: ClassVar[str] = ""
    """What a chart calls the mark; "": by its kind."""
    NEEDS_FIXED_GOAL: ClassVar[bool] = False
    """Whether such a sign means nothing in the losses of a training whose goal moves (a GAN, an agent)."""


class CurveCheck(_Check):
    """The memory of one check over one curve. ``feed`` takes what is new, in bounded memory; the signs must
    not depend on how the points were cut into feeds."""

    __slots__ = ()
    ROLES: ClassVar[frozenset[Role]]
    """The curves that it looks at."""
    WINDOWS: ClassVar[bool] = False
    """Whether ``feed`` gets the points in rolling windows as well."""

    @abstractmethod
    def feed(self, batch: PointBatch) -> None:
        """Take the new points."""

    @abstractmethod
    def signs(self, curve: CurveView) -> list[HealthSign]:
        """What shows in the curve now."""


class RunCheck(_Check):
    """A check over several curves of one run, from what they remember; it has no memory of its own."""

    @abstractmethod
    def signs(self, curves: Mapping[str, CurveView]) -> list[HealthSign]:
        """What shows in the run now; ``curves`` by tag."""


class CurveView(msgspec.Struct, eq=False):
    """What checks may read of a curve: its tag, role, bounded trace (None: not kept), and the other
    checks' memories by name."""

    tag: str
    role: Role
    trace: Trace | None
    checks: Mapping[str, CurveCheck]
