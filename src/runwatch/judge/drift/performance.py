"""Performance without labels: confidence-based estimation for classifiers (CBPE), and a model of the errors
for regression (direct loss estimation). Arrays in, estimates with their sampling error out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from runwatch.domain.dependence import clustered
from runwatch.domain.drift import PerformanceEstimate
from runwatch.domain.profile import Floats
from runwatch.judge.drift.concept import MEDIAN_CHI2

METRICS = ("roc_auc", "f1", "accuracy")
SIGMAS = 3.0
MIN_ROWS = 100
MIN_STEPS = 4
_PIECES = 10


class Scored(NamedTuple):
    """Rows of one batch."""

    name: str
    score: Floats
    """Probability of 1."""
    prediction: Floats
    """0/1."""
    truth: Floats | None = None
    """0/1 float64, NaN where not known."""
    owners: NDArray[np.int64] | None = None
    """int64, whose each row is, where rows hang together."""


def estimate_classification(
    reference: Scored, batches: Sequence[Scored], chunk: int | None = None
) -> tuple[PerformanceEstimate, ...]:
    """Estimated ROC AUC, F1 and accuracy of each batch from its calibrated scores alone (Kivimäki and others
    2025; nannyml's CBPE), realised ones where truths are known, and an alert when the metric falls below the
    mean - 3 sd that a batch of as many rows would have: by its labels where it has them, else by the
    estimate. The spread is that of chance, of the reference's chunks, and of the batches from one to the
    next. ``chunk``: rows of a reference chunk (default: the median batch). A batch of fewer than 100 rows, or
    a reference without both classes, has no estimate."""
    truth = reference.truth
    known = np.zeros(0, dtype=bool) if truth is None else np.isfinite(truth) & np.isfinite(reference.score)
    if truth is None or known.sum() < MIN_ROWS or len(np.unique(truth[known])) < 2:
        return ()
    base = Scored(reference.name, reference.score[known], reference.prediction[known], truth[known])
    worth = _design(reference, known)
    calibrate = calibrator(base.score, truth[known])
    size = chunk or int(np.median([len(b.score) for b in batches] or [len(base.score)]))
    expected_base = base._replace(truth=calibrate(base.score))
    out: dict[str, list[PerformanceEstimate]] = {}
    for metric in METRICS:
        expected_variance, real = (
            worth * _row_variance(rows, metric, size) for rows in (expected_base, base)
        )
        usual = _usual(_of_chunks(expected_base, metric, size), expected_variance)
        labelled = _usual(_of_chunks(base, metric, size), real)
        estimates = [_estimated(batch, metric, calibrate, usual.row) for batch in batches]
        out[metric] = _judged(estimates, [_sizes(batch) for batch in batches], usual, labelled, 1)
    return tuple(one for group in zip(*out.values(), strict=True) for one in group)


def _design(reference: Scored, known: NDArray[np.bool_]) -> float:
    """How many rows are worth one independent one, by the errors of each owner's rows."""
    if reference.owners is None or reference.truth is None:
        return 1.0
    wrong = np.abs(reference.truth - reference.score)[known]
    return clustered(wrong, reference.owners[known])[0]


def _sizes(batch: Scored) -> tuple[int, int]:
    """(rows with a score and a prediction, rows that have a truth as well)."""
    good = np.isfinite(batch.score) & np.isfinite(batch.prediction)
    return int(good.sum()), 0 if batch.truth is None else int((good & np.isfinite(batch.truth)).sum())


def _estimated(
    batch: Scored, metric: str, calibrate: Callable[[Floats], Floats], row: float
) -> PerformanceEstimate:
    good = np.isfinite(batch.score) & np.isfinite(batch.prediction)
    score, prediction = batch.score[good], batch.prediction[good]
    realised = _realised(batch, metric)
    if len(score) < MIN_ROWS:
        return PerformanceEstimate(
            batch.name,
            metric=metric,
            estimated=None,
            realised=realised,
            standard_error=None,
            low=None,
            high=None,
        )
    value = expected(metric, calibrate(score), score, prediction)
    error = math.sqrt(row / len(score))
    low, high = max(0.0, value - SIGMAS * error), min(1.0, value + SIGMAS * error)
    return PerformanceEstimate(
        batch.name,
        metric=metric,
        estimated=value,
        realised=realised,
        standard_error=error,
        low=low,
        high=high,
    )


def _judged(
    estimates: Sequence[PerformanceEstimate],
    sizes: Sequence[tuple[int, int]],
    usual: _Usual,
    labelled: _Usual,
    better: Literal[1, -1],
) -> list[PerformanceEstimate]:
    """Each with what is usual for its rows and whether it left that. Labels decide where at least half of the
    rows have one; with fewer they can only confirm. ``better``: 1 where more is better."""
    out = []
    for at, (one, (rows, known)) in enumerate(zip(estimates, sizes, strict=True)):
        others = [
            (f.estimated, n) for i, (f, (n, _)) in enumerate(zip(estimates, sizes, strict=True)) if i != at
        ]
        wobble = _wobble([(value, n) for value, n in others if value is not None], usual.row)
        estimate = one
        if one.estimated is not None:
            estimate = _against(one, one.estimated, usual.limits(rows, wobble), better, False)
        if one.realised is not None:
            by_labels = _against(one, one.realised, labelled.limits(known, wobble), better, True)
            decides = by_labels.alert or 2 * known >= rows or one.estimated is None
            estimate = by_labels if decides else estimate
        out.append(estimate)
    return out


def _against(
    one: PerformanceEstimate,
    value: float,
    limits: tuple[float, float],
    better: Literal[1, -1],
    by_labels: bool,
) -> PerformanceEstimate:
    below, above = value < limits[0], value > limits[1]
    worse, more = (below, above) if better == 1 else (above, below)
    return replace(
        one, alert=worse, better=more, by_labels=by_labels, usual_low=limits[0], usual_high=limits[1]
    )


def _wobble(steps: Sequence[tuple[float, int]], row: float) -> float:
    """The variance of batches beyond chance, from how they differ from one to the next (von Neumann 1941; by
    the median, so that neither a lasting change nor a few odd batches count)."""
    if len(steps) < MIN_STEPS:
        return 0.0
    values, rows = (np.array(part, dtype=np.float64) for part in zip(*steps, strict=True))
    square = float(np.median(np.diff(values) ** 2)) / (2 * MEDIAN_CHI2)
    return max(0.0, square - row * float(np.mean(1 / np.maximum(rows, 1))))


def _realised(batch: Scored, metric: str) -> float | None:
    if batch.truth is None:
        return None
    known = np.isfinite(batch.truth) & np.isfinite(batch.score) & np.isfinite(batch.prediction)
    if known.sum() < MIN_ROWS or len(np.unique(batch.truth[known])) < 2:
        return None
    return expected(metric, batch.truth[known], batch.score[known], batch.prediction[known])


def expected(metric: str, chance: Floats, score: Floats, prediction: Floats) -> float:
    """The metric's expected value when row i is positive with probability ``chance[i]``; with 0/1 chances it
    is the metric itself. All arrays float64 ``[n]``."""
    if metric == "roc_auc":
        return _expected_auc(chance, score)
    right = prediction * chance + (1 - prediction) * (1 - chance)
    if metric == "accuracy":
        return float(right.mean())
    hits = float((prediction * chance).sum())
    wrong = float((prediction * (1 - chance)).sum()) + float(((1 - prediction) * chance).sum())
    return 2 * hits / (2 * hits + wrong) if hits + wrong > 0 else 0.0


def _expected_auc(chance: Floats, score: Floats) -> float:
    """Area under the expected ROC curve, ties in the score as half."""
    _, place = np.unique(score, return_inverse=True)
    ones = np.bincount(place, weights=chance)
    zeros = np.bincount(place, weights=1 - chance)
    below = np.cumsum(zeros) - zeros / 2
    total = float(ones.sum() * zeros.sum())
    return float((ones * below).sum()) / total if total else 0.5


def calibrator(score: Floats, truth: Floats) -> Callable[[Floats], Floats]:
    """Isotonic calibration learnt from the reference; the identity where the scores are calibrated as they
    are (calibration would not lower the expected calibration error on rows that it has not seen)."""
    half = len(score) // 2
    order = np.random.default_rng(0).permutation(len(score))
    fit, held = order[:half], order[half:]
    learnt = _isotonic(score[fit], truth[fit])
    inside = bool(((score >= 0) & (score <= 1)).all())
    if inside and _ece(score[held], truth[held]) <= _ece(learnt(score[held]), truth[held]):
        return lambda values: values
    return _isotonic(score, truth)


def _isotonic(score: Floats, truth: Floats) -> Callable[[Floats], Floats]:
    from scipy.optimize import isotonic_regression

    points, place, weight = np.unique(score, return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=truth) / weight
    fitted = isotonic_regression(means, weights=weight.astype(np.float64)).x
    return lambda values: np.interp(values, points, fitted)


def _ece(chance: Floats, truth: Floats, bins: int = 10) -> float:
    place = np.clip((chance * bins).astype(np.int64), 0, bins - 1)
    gap = np.bincount(place, weights=chance - truth, minlength=bins)
    return float(np.abs(gap).sum()) / max(len(chance), 1)


def _chunks(n: int, size: int) -> list[slice]:
    count = max(n // size, 1) if n >= 2 * size else _PIECES
    edges = np.linspace(0, n, count + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


class _Usual(NamedTuple):
    """A metric on the reference: its mean over the chunks, the variance between chunks beyond chance, the
    variance that one row would have, and the rows in all."""

    mean: float
    between: float
    row: float
    rows: int

    def limits(self, rows: int, wobble: float) -> tuple[float, float]:
        """The mean +- 3 sd of a batch of ``rows`` rows; few rows scatter more. ``wobble``: variance between
        batches beyond chance."""
        variance = max(self.between, wobble) + self.row * (1 / rows + 1 / self.rows)
        return self.mean - SIGMAS * math.sqrt(variance), self.mean + SIGMAS * math.sqrt(variance)


def _usual(chunks: Sequence[tuple[float, int]], row: float) -> _Usual:
    """From (value, rows) of each chunk and the variance of one row. Chunks are few, so that their spread
    alone would often be too small by luck."""
    values = [value for value, _ in chunks]
    rows = sum(rows for _, rows in chunks)
    between = max(0.0, float(np.var(values, ddof=1)) - row * len(chunks) / rows)
    return _Usual(float(np.mean(values)), between, row, rows)


def _of_chunks(base: Scored, metric: str, size: int) -> list[tuple[float, int]]:
    assert base.truth is not None
    return [
        (expected(metric, base.truth[part], base.score[part], base.prediction[part]), part.stop - part.start)
        for part in _chunks(len(base.score), size)
    ]


def _row_variance(base: Scored, metric: str, size: int) -> float:
    """The sampling variance of the metric times the rows, by 50 resamples of the reference."""
    assert base.truth is not None
    rng = np.random.default_rng(1)
    drawn = min(size, 20_000)
    values = []
    for _ in range(50):
        rows = rng.integers(0, len(base.score), size=drawn)
        values.append(expected(metric, base.truth[rows], base.score[rows], base.prediction[rows]))
    return float(np.var(values, ddof=1)) * drawn


class Regressed(NamedTuple):
    """Rows of one batch of a regression. ``features``: float64 ``[n, k]`` with NaN; ``truth``: NaN or None
    where not known."""

    name: str
    features: Floats
    prediction: Floats
    truth: Floats | None = None


def estimate_regression(
    reference: Regressed, batches: Sequence[Regressed], seed: int = 0
) -> tuple[PerformanceEstimate, ...]:
    """Estimated mean absolute error of each batch: a gradient-boosted model learns the absolute error from
    features and prediction on the reference (out of fold, so that its own error is known) and is averaged
    over the batch. Alert when it leaves the mean +- 3 sd that a chunk of the reference with as many rows
    would have. Needs scikit-learn."""
    if reference.truth is None:
        return ()
    known = np.isfinite(reference.truth) & np.isfinite(reference.prediction)
    if known.sum() < MIN_ROWS:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's about its own threads
        return _losses(reference, known, batches, seed)


def _losses(
    reference: Regressed, known: NDArray[np.bool_], batches: Sequence[Regressed], seed: int
) -> tuple[PerformanceEstimate, ...]:
    assert reference.truth is not None
    x = np.column_stack([reference.features[known], reference.prediction[known]])
    error = np.abs(reference.truth[known] - reference.prediction[known])
    guessed = _out_of_fold(x, error, seed)
    model = _model(seed).fit(x, error)
    size = int(np.median([len(b.prediction) for b in batches] or [len(error)]))
    chunks = [(float(error[part].mean()), part.stop - part.start) for part in _chunks(len(error), size)]
    labelled = _usual(chunks, float(np.var(error)))
    losses = [(float(guessed[part].mean()), part.stop - part.start) for part in _chunks(len(error), size)]
    usual = _usual(losses, float(np.var(guessed)))._replace(mean=labelled.mean)
    noise, bias = float(np.std(error - guessed)), float((error - guessed).mean())
    estimates = [_regressed(batch, model, bias, noise) for batch in batches]
    sizes = [(len(b.prediction), 0 if b.truth is None else int(np.isfinite(b.truth).sum())) for b in batches]
    return tuple(_judged(estimates, sizes, usual, labelled, -1))


def _regressed(batch: Regressed, model: Any, bias: float, noise: float) -> PerformanceEstimate:
    realised = None
    if batch.truth is not None and np.isfinite(batch.truth).sum() >= MIN_ROWS:
        realised = float(np.nanmean(np.abs(batch.truth - batch.prediction)))
    if len(batch.prediction) < MIN_ROWS:
        return PerformanceEstimate(
            batch.name,
            metric="mae",
            estimated=None,
            realised=realised,
            standard_error=None,
            low=None,
            high=None,
        )
    x = np.column_stack([batch.features, batch.prediction])
    value = float(model.predict(x).mean()) + bias
    error = noise / math.sqrt(len(x))
    low, high = max(0.0, value - SIGMAS * error), value + SIGMAS * error
    return PerformanceEstimate(
        batch.name, metric="mae", estimated=value, realised=realised, standard_error=error, low=low, high=high
    )


def _model(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=100, max_leaf_nodes=15, random_state=seed)


def _out_of_fold(x: Floats, y: Floats, seed: int) -> Floats:
    fold: NDArray[np.int64] = np.random.default_rng(seed).integers(0, 3, size=len(y))
    out = np.zeros(len(y))
    for number in range(3):
        held = fold == number
        out[held] = _model(seed).fit(x[~held], y[~held]).predict(x[held])
    return out
