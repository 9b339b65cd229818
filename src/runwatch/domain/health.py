"""Training health: signs in a curve, and where the curve is going."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runwatch.domain.finding import Severity


class HealthSign(msgspec.Struct, frozen=True):
    """One sign in one curve."""

    kind: str
    """The name of a health check, "restart" (a rise where the learning rate rose) or "stalled"."""
    severity: Severity
    tag: str
    first_step: int | None
    """Where it begins in the curve: a mark on the plot."""
    last_step: int | None
    summary: str
    evidence: Mapping[str, object] = msgspec.field(default_factory=dict)


class CurveForecast(msgspec.Struct, frozen=True):
    """Forecast of a curve's final value: about, with a range."""

    tag: str
    about: float | None
    low: float | None
    high: float | None
    cone: tuple[tuple[int, float, float, float], ...] = ()
    """(step, low, about, high) rows for drawing."""
    beats_baseline: float | None = None
    """Probability in 0..1, None = cannot tell yet (``reason`` says why)."""
    reason: str = ""
