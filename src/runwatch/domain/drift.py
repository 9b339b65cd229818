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
    """One column of a batch against the reference. ``effect``: size with the no-drift noise taken off;
    ``smallest_visible``: the smallest shift that these n can show; JS is a distance with natural logarithm;
    Wasserstein in the column's units; ``sentence``: what changed, in plain words; ``reference_effective``,
    ``current_effective``: how many independent rows each side is worth, where its rows hang together;
    ``measures``: every measure of the shift by its name (None: not defined here)."""

    name: str
    kind: ColumnKind
    verdict: DriftVerdict
    reason: str
    method: str
    effect: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    missing_reference: float | None = None
    missing_current: float | None = None
    new_categories: tuple[str, ...] = ()
    reference_n: int = 0
    current_n: int = 0
    smallest_visible: float | None = None
    sentence: str = ""
    role: Role = "feature"
    importance: float | None = None
    kind_guessed: bool = True
    reference_effective: int | None = None
    current_effective: int | None = None
    measures: Mapping[str, float | None] = {}


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
    """A dated piece of what arrives: ``name`` relative to the root, ``rows``, ``when`` (mtime, seconds),
    and why it could not be judged (``problem``), if so."""

    name: str
    rows: int
    when: float | None
    problem: Problem | None = None


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
    """One column's two distributions on a common axis, for drawing. Numeric: ``edges`` (m+1 finite values)
    and shares of m bins; categorical: ``labels`` and their shares. ``summary``: rows of (name, reference,
    current) to stand side by side; ``quantiles``: (probability, reference, current) for the QQ view."""

    column: str
    kind: ColumnKind
    edges: tuple[float, ...]
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    summary: tuple[tuple[str, str, str], ...] = ()
    quantiles: tuple[tuple[float, float, float], ...] = ()


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
    """One data-quality fault. ``check``: its kebab-case name; ``samples``: values that show it (safe text
    is made where they are shown, not here)."""

    check: str
    severity: Severity
    column: str
    summary: str
    advice: str
    evidence: Mapping[str, object] = msgspec.field(default_factory=dict)
    samples: tuple[str, ...] = ()


class DataSet(msgspec.Struct, frozen=True, eq=False):
    """A watched data set: its reference, its batches and what is known of them now. ``latest``: the newest
    batch against the reference; ``errors_changed``: the batch in which the error rate of labelled rows last
    changed, ``errors_fell``: for the better; ``assumed``: how it was found when no configuration named it;
    ``misconfigured``: what was asked for and cannot be done; ``late_from``: when the next batch will be late,
    seconds since the epoch; ``fresh_within``: how old the newest may be by agreement, seconds."""

    name: str
    root: str
    reference: str
    batches: tuple[Batch, ...]
    trends: tuple[ColumnTrend, ...]
    latest: DriftReport | None
    quality: tuple[QualityCheck, ...] = ()
    segments: tuple[tuple[str, DriftReport], ...] = ()
    estimated: tuple[PerformanceEstimate, ...] = ()
    late_by: float | None = None
    expected_every: float | None = None
    errors_changed: str | None = None
    assumed: str = ""
    problems: tuple[Problem, ...] = ()
    computing: bool = False
    version: int = 0
    misconfigured: tuple[Problem, ...] = ()
    late_from: float | None = None
    fresh_within: float | None = None
    errors_fell: bool = False


class PerformanceEstimate(msgspec.Struct, frozen=True):
    """Estimated (no labels) or realised performance of one batch. ``low``, ``high``: the estimate with three
    standard errors; ``usual_low``, ``usual_high``: where it lies for a batch of as many rows that is like the
    reference, by labels where the batch has them. ``alert``: it is worse than that; ``better``: better than
    that; ``by_labels``: whether labels say so."""

    batch: str
    metric: str
    estimated: float | None
    realised: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    alert: bool = False
    better: bool = False
    by_labels: bool = False
    usual_low: float | None = None
    usual_high: float | None = None
