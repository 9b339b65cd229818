"""Verdicts about data: drift of columns, quality of a table, and how both went over the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from runwatch.domain.finding import Severity
from runwatch.domain.run import Problem

DriftVerdict = Literal["stable", "warning", "drifted", "unknown"]
ColumnKind = Literal["numeric", "categorical", "boolean", "datetime", "text", "constant"]
Role = Literal["feature", "target", "prediction", "key", "segment"]


class ColumnDrift(msgspec.Struct, frozen=True):
    """One column of a batch against the reference."""

    name: str
    kind: ColumnKind
    verdict: DriftVerdict
    reason: str
    method: str
    effect: float | None = None
    """Size with the no-drift noise taken off."""
    p_value: float | None = None
    p_adjusted: float | None = None
    missing_reference: float | None = None
    missing_current: float | None = None
    new_categories: tuple[str, ...] = ()
    reference_n: int = 0
    current_n: int = 0
    smallest_visible: float | None = None
    """The smallest shift that these n can show."""
    sentence: str = ""
    """What changed, in plain words."""
    role: Role = "feature"
    importance: float | None = None
    kind_guessed: bool = True
    measures: Mapping[str, float | None] = {}
    """Every measure of the shift by its name (None: not defined here). Jensen-Shannon is a distance with the
    natural logarithm; Wasserstein is in the column's units."""


class Multivariate(msgspec.Struct, frozen=True):
    """All columns together: the domain classifier's answer."""

    method: str
    auc: float | None
    p_value: float | None
    n_reference: int
    n_current: int
    verdict: DriftVerdict
    top_features: tuple[tuple[str, float], ...] = ()
    reason: str = ""


class Batch(msgspec.Struct, frozen=True):
    """A dated piece of what arrives."""

    name: str
    """Relative to the root."""
    rows: int
    when: float | None
    """mtime, seconds since the epoch."""
    problem: Problem | None = None
    """Why it could not be judged."""


class DriftReport(msgspec.Struct, frozen=True, eq=False):
    """Reference against current rows, over all columns, most consequential first."""

    verdict: DriftVerdict
    share_drifted: float | None
    reference_files: int
    reference_rows: int
    current_files: int
    current_rows: int
    columns: tuple[ColumnDrift, ...]
    multivariate: Multivariate | None = None
    batches: tuple[Batch, ...] = ()
    problems: tuple[Problem, ...] = ()
    note: str = ""

    @property
    def moved(self) -> list[ColumnDrift]:
        """The columns that changed, a little or much."""
        return [column for column in self.columns if column.verdict in ("warning", "drifted")]


class Distribution(msgspec.Struct, frozen=True, eq=False):
    """One column's two distributions on a common axis, for drawing."""

    column: str
    kind: ColumnKind
    edges: tuple[float, ...]
    """m+1 finite values, of a numeric column."""
    labels: tuple[str, ...]
    """Of a categorical column."""
    reference: tuple[float, ...]
    """Shares, one a bin or label; ``current`` likewise."""
    current: tuple[float, ...]
    summary: tuple[tuple[str, str, str], ...] = ()
    """Rows of (name, reference, current) to stand side by side."""
    quantiles: tuple[tuple[float, float, float], ...] = ()
    """(probability, reference, current) for the QQ view."""


class Forecast(msgspec.Struct, frozen=True):
    """When a slow drift will reach the alert threshold: batches ahead (about, low, high)."""

    about: float
    low: float
    high: float


class ColumnTrend(msgspec.Struct, frozen=True, eq=False):
    """One column over the batches, oldest first: a verdict and an effect per batch (None: not judged).
    ``confirmed``: it moved in the last two batches, or far at once, so that it is worth a task."""

    name: str
    verdicts: tuple[DriftVerdict, ...]
    effects: tuple[float | None, ...]
    first_moved: int | None = None
    forecast: Forecast | None = None
    confirmed: bool = False


class QualityCheck(msgspec.Struct, frozen=True):
    """One data-quality fault."""

    check: str
    """Its kebab-case name."""
    severity: Severity
    column: str
    summary: str
    advice: str
    evidence: Mapping[str, object] = msgspec.field(default_factory=dict)
    samples: tuple[str, ...] = ()
    """Values that show it (safe text is made where they are shown, not here)."""


class DataSet(msgspec.Struct, frozen=True, eq=False):
    """A watched data set: its reference, its batches and what is known of them now."""

    name: str
    root: str
    reference: str
    batches: tuple[Batch, ...]
    trends: tuple[ColumnTrend, ...]
    latest: DriftReport | None
    """The newest batch against the reference."""
    quality: tuple[QualityCheck, ...] = ()
    segments: tuple[tuple[str, DriftReport], ...] = ()
    estimated: tuple[PerformanceEstimate, ...] = ()
    late_by: float | None = None
    expected_every: float | None = None
    errors_changed: str | None = None
    """The batch in which the error rate of labelled rows last changed."""
    assumed: str = ""
    """How it was found when no configuration named it."""
    problems: tuple[Problem, ...] = ()
    computing: bool = False
    version: int = 0
    misconfigured: tuple[Problem, ...] = ()
    """What was asked for and cannot be done."""
    late_from: float | None = None
    """When the next batch will be late, seconds since the epoch."""
    fresh_within: float | None = None
    """How old the newest may be by agreement, seconds."""
    errors_fell: bool = False
    """Whether ``errors_changed`` was for the better."""


class PerformanceEstimate(msgspec.Struct, frozen=True):
    """Estimated (no labels) or realised performance of one batch."""

    batch: str
    metric: str
    estimated: float | None
    realised: float | None
    standard_error: float | None
    low: float | None
    """The estimate less three standard errors."""
    high: float | None
    """The estimate and three standard errors."""
    alert: bool = False
    """Worse than usual."""
    better: bool = False
    """Better than usual."""
    by_labels: bool = False
    """Whether labels say so."""
    usual_low: float | None = None
    """From here to ``usual_high`` it lies for a batch of as many rows that is like the reference; by labels
    where the batch has them."""
    usual_high: float | None = None
