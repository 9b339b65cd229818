"""Two sets of predictions on the same cases, compared metric by metric."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from runwatch.domain.comparison import CompareOptions, Comparison, Confusion, MetricComparison, PredictionTask
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.metrics.adjust import holm_of_guards
from runwatch.judge.metrics.estimate import Estimate
from runwatch.judge.metrics.tolerance import margin_in
from runwatch.judge.metrics.verdict import judge
from runwatch.judge.predictions.calibration import calibrations
from runwatch.judge.predictions.methods import direction as method_direction
from runwatch.judge.predictions.methods import methods
from runwatch.judge.predictions.prepare import prepare
from runwatch.judge.predictions.sample import Sample, Side
from runwatch.judge.predictions.slices import compare_slices
from runwatch.judge.predictions.thresholds import operating_threshold, threshold_curve
from runwatch.judge.runs.primary import choose_primary
from runwatch.text.safe import safe

ORDER = (
    "roc_auc", "average_precision", "accuracy", "balanced_accuracy", "precision", "recall", "specificity",
    "f1", "f1_macro", "mcc", "cohen_kappa", "youden", "cost", "log_loss", "brier", "ece", "rmse", "mse",
    "mae", "r2", "median_absolute_error", "mape",
)  # fmt: skip


def compare_predictions(
    baseline: PredictionRows,
    candidate: PredictionRows,
    options: CompareOptions,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """Candidate against baseline with every metric of the task, slices, calibration, threshold curve and
    confusion. ``names``: (baseline, candidate) as shown, default their sources. Never raises on bad rows:
    the verdict is then ``unknown``, with the reason."""
    shown = names or (baseline.source, candidate.source)
    prepared = prepare(baseline, candidate, options)
    sample = prepared.sample
    if sample is None:
        notes = (*baseline.notes, *candidate.notes, *prepared.alignment.notes)
        return _unknown(shown, prepared.refusal, notes)
    metrics, reason = _metrics(sample, options)
    if not metrics:
        return _unknown(
            shown, reason or "neither predictions nor scores on both sides", sample.notes, sample.task
        )
    primary = next((metric for metric in metrics if metric.primary), None)
    slices = compare_slices(sample, candidate.columns, prepared.alignment.candidate)
    return Comparison(
        candidate=shown[1],
        baseline=shown[0],
        verdict=primary.verdict if primary else "unknown",
        reason=primary.reason if primary else reason,
        metrics=metrics,
        slices=slices,
        task=sample.task,
        unit=sample.unit,
        notes=(*sample.notes, *_remarks(metrics), *_of_slices(sample, candidate, bool(slices))),
        calibration=calibrations(sample),
        thresholds=threshold_curve(sample),
        operating_threshold=operating_threshold(sample, options.threshold),
        confusion=confusion(sample),
        cost_unit=sample.costs.unit if sample.costs is not None else "",
    )


def _unknown(
    shown: tuple[str, str], reason: str, notes: tuple[str, ...], task: PredictionTask | None = None
) -> Comparison:
    baseline, candidate = shown
    return Comparison(
        candidate, baseline=baseline, verdict="unknown", reason=reason, metrics=(), task=task, notes=notes
    )


def _metrics(sample: Sample, options: CompareOptions) -> tuple[tuple[MetricComparison, ...], str]:
    estimates = _estimates(sample, options.background)
    names = [estimate.name for estimate in estimates]
    primary = choose_primary({name: method_direction(name) for name in names}, options.primary)
    reason = ""
    if primary is None and options.primary is not None:
        reason = f"the primary metric {safe(options.primary)} is not among {', '.join(names)}"
    adjusted = holm_of_guards(estimates, primary)
    return tuple(_judged(e, primary, adjusted, options, sample) for e in estimates), reason


def _estimates(sample: Sample, background: bool) -> list[Estimate]:
    estimates = [
        estimate
        for method in methods()
        if sample.task in method.TASKS and (background or not method.BACKGROUND)
        for estimate in method.estimates(sample)
    ]
    estimates = list({estimate.name: estimate for estimate in reversed(estimates)}.values())
    if sample.identical:
        estimates = [_no_difference(estimate) for estimate in estimates]
    return sorted(estimates, key=lambda estimate: (*ORDER, estimate.name).index(estimate.name))


def _no_difference(estimate: Estimate) -> Estimate:
    """The two sides say the same of every row: nothing is uncertain about their difference, however few the
    rows."""
    if not math.isfinite(estimate.delta):
        return estimate
    method, test = estimate.method or "identical", estimate.test or "identical"
    return replace(estimate, se=0.0, ci=(0.0, 0.0), p_value=1.0, method=method, test=test, reason="")


def _judged(
    estimate: Estimate,
    primary: str | None,
    adjusted: Mapping[str, float],
    options: CompareOptions,
    sample: Sample,
) -> MetricComparison:
    name = estimate.name
    direction = options.directions.get(name) or method_direction(name)
    allowed = margin_in(name, direction, estimate.baseline, options, primary)
    metric = judge(estimate, direction, allowed, f"{sample.unit}s", adjusted.get(name))
    if name != primary:
        return metric
    return replace(metric, primary=True, p_adjusted=metric.p_value)


def _remarks(metrics: tuple[MetricComparison, ...]) -> tuple[str, ...]:
    """What the numbers themselves give away about the input."""
    notes = []
    by_name = {metric.name: metric for metric in metrics}
    for who in ("baseline", "candidate"):
        auc = getattr(by_name.get("roc_auc"), who, None)
        if auc is not None and auc < 0.4:
            notes.append(
                f"{who}: ROC AUC {auc:.3f} is below 0.5: is the score or the positive class inverted?"
            )
        r2 = getattr(by_name.get("r2"), who, None)
        if r2 is not None and r2 < 0:
            notes.append(f"{who}: R2 {r2:.3g} is below zero: worse than always predicting the mean")
    return tuple(notes)


def _of_slices(sample: Sample, candidate: PredictionRows, aligned: bool) -> tuple[str, ...]:
    if candidate.columns and not aligned:
        return ("no slices: they need paired rows and at least 60 of them",)
    if aligned and sample.unit != "row":
        return ("slices are tested row by row, though rows repeat a unit: take them as hints",)
    return ()


_MOST_LABELS = 50


def confusion(sample: Sample) -> Confusion | None:
    """Counts of (true, predicted) labels on both sides; None for numbers, missing predictions, or more than
    50 labels (a table that nobody reads)."""
    size = len(sample.labels)
    if sample.task not in ("binary", "multiclass") or sample.fault("prediction") or size > _MOST_LABELS:
        return None
    if any(side.prediction is None for side in sample.sides):
        return None
    baseline, candidate = (_counts(side, size) for side in sample.sides)
    return Confusion(sample.labels, baseline, candidate)


def _counts(side: Side, size: int) -> tuple[tuple[int, ...], ...]:
    assert side.prediction is not None
    cells = side.truth.astype(np.int64) * size + side.prediction.astype(np.int64)
    table = np.bincount(cells, minlength=size * size).reshape(size, size)
    return tuple(tuple(int(count) for count in row) for row in table)
