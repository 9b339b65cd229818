"""Candidate against baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from runwatch.domain.run import Direction, RunKey, Status

MetricVerdict = Literal["better", "equivalent", "worse", "inconclusive", "unknown"]
At = Literal["last", "best"]

PredictionTask = Literal["binary", "multiclass", "regression", "forecast"]


SampleKey = str
"""Which sample it is: its number and the hash of its document, equal on both sides of a comparison."""

Samples = Mapping[str, Mapping[SampleKey, float]]
"""Of an evaluation: by metric, the value of each sample."""


class Costs(msgspec.Struct, frozen=True):
    """Business cost of one row of each kind (negative: a gain), in the user's ``unit``."""

    tp: float = 0.0
    fp: float = 0.0
    fn: float = 0.0
    tn: float = 0.0
    unit: str = ""


class CompareOptions(msgspec.Struct, frozen=True):
    """What a person decided about comparing."""

    primary: str | None = None
    """The metric that decides."""
    tolerances: Mapping[str, float] = msgspec.field(default_factory=dict)
    """By metric name."""
    directions: Mapping[str, Direction] = msgspec.field(default_factory=dict)
    """By metric name."""
    tolerance: float | None = None
    """For the primary metric when its name is in no table."""
    at: At = "last"
    """Which value of a run counts."""
    task: PredictionTask | None = None
    """This and the next four: of predictions."""
    positive: str | None = None
    threshold: float | None = None
    horizon: int | None = None
    costs: Costs | None = None
    background: bool = True
    """Also what methods names as background work (average precision, ...)."""


WITHIN_RUN = "curve-mad"
"""The method of an interval from one run a side: the spread of its curve, and nothing between seeds."""


class MetricComparison(msgspec.Struct, frozen=True):
    """One metric of a candidate against the baseline."""

    name: str
    direction: Direction
    baseline: float | None
    candidate: float | None
    delta: float | None
    """Candidate minus baseline in the metric's own units, never flipped."""
    verdict: MetricVerdict
    reason: str
    primary: bool = False
    ci: tuple[float, float] | None = None
    """Of ``delta``, lo <= hi."""
    confidence: float = 0.95
    p_value: float | None = None
    p_adjusted: float | None = None
    """Holm's."""
    method: str | None = None
    """Of the interval."""
    test: str | None = None
    """Of the p-value."""
    n: int | None = None
    n_needed: int | None = None
    """Rows (or seeds) that would settle an inconclusive verdict."""
    tolerance: float | None = None
    at: int | None = None
    """The step compared."""
    note: str = ""

    @property
    def noise_known(self) -> bool:
        """Whether rows or several runs tell of its noise. Of one run a side only the curve's own spread is
        known, of bare numbers nothing."""
        return self.method not in (None, WITHIN_RUN)


class SliceComparison(msgspec.Struct, frozen=True):
    """One group of rows."""

    slice: str
    n: int
    metric: str
    baseline: float | None
    candidate: float | None
    delta: float | None
    ci: tuple[float, float] | None
    p_adjusted: float | None
    verdict: MetricVerdict
    contribution: float | None = None
    """What it adds to the mean loss change over all rows (above 0: makes it worse)."""
    also: tuple[str, ...] = ()
    """Overlapping slices folded into this one."""
    reason: str = ""


class CalibrationBin(msgspec.Struct, frozen=True):
    """One bin of a reliability diagram: n, mean predicted, observed rate with Wilson's 95% interval."""

    n: int
    predicted: float
    observed: float
    low: float
    high: float


class Calibration(msgspec.Struct, frozen=True, eq=False):
    """Reliability of one model: bins, ECE, the ECE that a perfectly calibrated model of this n would stay
    under in 95% of draws, and whether ours is past it."""

    bins: tuple[CalibrationBin, ...]
    ece: float
    ece_null: float
    miscalibrated: bool


class ThresholdPoint(msgspec.Struct, frozen=True, eq=False):
    threshold: float
    precision: float
    recall: float
    f1: float
    cost: float | None


class Confusion(msgspec.Struct, frozen=True, eq=False):
    """``counts[i][j]``: rows of true label i predicted as j."""

    labels: tuple[str, ...]
    baseline: tuple[tuple[int, ...], ...]
    candidate: tuple[tuple[int, ...], ...]


class PredictionsKey(NamedTuple):
    """A ``[[predictions]]`` or ``[[models]]`` entry: two roots may have one of the same name."""

    root: str
    name: str


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """Candidate against baseline over all metrics; the primary metric decides the verdict."""

    candidate: str
    baseline: str
    verdict: MetricVerdict
    reason: str
    metrics: tuple[MetricComparison, ...]
    slices: tuple[SliceComparison, ...] = ()
    task: PredictionTask | None = None
    unit: str = "row"
    notes: tuple[str, ...] = ()
    calibration: Mapping[str, Calibration] = msgspec.field(default_factory=dict)
    """By "baseline" and "candidate"."""
    thresholds: tuple[ThresholdPoint, ...] = ()
    operating_threshold: float | None = None
    confusion: Confusion | None = None
    hparams: tuple[tuple[str, object, object], ...] = ()
    """(name, baseline, candidate) of those that differ, with values as they were recorded (None: has
    none)."""
    cost_unit: str = ""

    @property
    def primary(self) -> MetricComparison | None:
        return next((metric for metric in self.metrics if metric.primary), None)


class Baseline(msgspec.Struct, frozen=True):
    """What is compared against."""

    kind: Literal["run", "group", "metrics", "predictions"]
    """Run, group, metrics (a file) or predictions (a file)."""
    name: str
    """Run id, glob or path."""
    source: str
    """Who says so ("pinned 2026-11-25", "runwatch.toml", "assumed: …")."""
    since: float | None = None
    reason: str = ""
    origin: Literal["pinned", "configured", "assumed"] = "configured"
    """Which of the three kinds of word that is."""


class RunRow(msgspec.Struct, frozen=True):
    """One run in a table of runs."""

    key: RunKey
    rank: int | None
    """From 1, None without a finite value."""
    value: float | None
    """Of the ranking metric."""
    step: int | None
    """Where that value is."""
    status: Status
    metrics: tuple[float | None, ...]
    """In the table's column order, None: has none."""
    hparams: tuple[object, ...]
    """In the table's column order, None: has none."""


class RunTable(msgspec.Struct, frozen=True, eq=False):
    """Runs side by side, best first."""

    metric: str | None
    direction: Direction
    at: str
    """"last", "best" or "step 400"."""
    metrics: tuple[str, ...]
    hparams: tuple[str, ...]
    """Settings that differ between the runs (the first ``differing`` of them), then those that do not."""
    differing: int
    rows: tuple[RunRow, ...]


class HparamImportance(msgspec.Struct, frozen=True, eq=False):
    """Which hyperparameters explain a metric: (name, importance, standard deviation), most first; importance
    is the loss of out-of-fold R2 when the column is shuffled."""

    metric: str
    runs: int
    score: float | None
    """That R2 itself."""
    hparams: tuple[tuple[str, float, float], ...]
    reason: str = ""
    """Why nothing can be said."""
