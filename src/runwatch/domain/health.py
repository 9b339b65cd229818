"""Training health: signs in a curve, and where the curve is going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from runwatch.domain.finding import Severity

SignKind = Literal[
    "nonfinite",
    "spike",
    "diverged",
    "restart",
    "plateau",
    "overfitting",
    "stalled",
    "slow",
    "dead",
    "ranks-apart",
]


class HealthSign(msgspec.Struct, frozen=True):
    """One sign in one curve: ``first_step``..``last_step`` is its place in the curve (a mark on the plot)."""

    kind: SignKind
    severity: Severity
    tag: str
    first_step: int | None
    last_step: int | None
    summary: str
    evidence: Mapping[str, object] = msgspec.field(default_factory=dict)


class Outlook(msgspec.Struct, frozen=True):
    """Forecast of a curve's final value: about, with a range; ``cone``: (step, low, about, high) rows for
    drawing; ``beats_baseline``: probability in 0..1, None = cannot tell yet (``reason`` says why)."""

    tag: str
    about: float | None
    low: float | None
    high: float | None
    cone: tuple[tuple[int, float, float, float], ...] = ()
    beats_baseline: float | None = None
    reason: str = ""
