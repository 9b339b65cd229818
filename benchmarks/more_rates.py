"""Rates of the verdicts on all columns together, estimates, short runs, intervals and needed rows; the second
half of ``python -m benchmarks.rates``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.compare import models
from runwatch.domain.comparison import CompareOptions, MetricComparison
from runwatch.domain.points import Points
from runwatch.domain.predictions import PredictionRows
from runwatch.judge.drift.multivariate import domain_classifier
from runwatch.judge.drift.performance import Scored, estimate_classification
from runwatch.judge.health.monitor import RunHealth
from runwatch.judge.predictions.comparing import compare_predictions

Floats = NDArray[np.float64]
Rate = tuple[str, int, int]
MOVED = ("warning", "drifted")


def together(n: int) -> Iterator[Rate]:
    """The domain classifier on ten columns, 4,000 rows a side; a quarter of the repeats, it is slow."""
    n = max(1, n // 4)
    for name in (
        "still",
        "20 rows a user",
        "each row of the batch 20 times",
        "one pair now correlated by 0.5",
    ):
        hits = 0
        for seed in range(n):
            rng = np.random.default_rng((8, seed))
            sides = []
            for batch in (False, True):
                x = rng.normal(size=(4000, 10))
                if name.startswith("20 rows"):
                    x = 0.7 * x + 0.7 * np.repeat(rng.normal(size=(200, 10)), 20, axis=0)
                if name.startswith("each") and batch:
                    x = np.repeat(x[:200], 20, axis=0)
                if name.startswith("one pair") and batch:
                    x[:, 1] = 0.5 * x[:, 0] + np.sqrt(0.75) * x[:, 1]
                sides.append({f"x{i}": column for i, column in enumerate(x.T)})
            hits += domain_classifier(*sides).verdict in MOVED
        yield name, hits, n


def estimated(n: int) -> Iterator[Rate]:
    """Alerts on the performance estimated without labels, 5,000 rows against ten batches of 1,000."""
    for name, wobble, fall in (
        ("still", 0.0, 0.0),
        ("days that wobble", 0.3, 0.0),
        ("scores that say less", 0.0, 0.6),
    ):
        hits = trials = 0
        for seed in range(n):
            rng = np.random.default_rng((9, seed))

            score, truth = _scored(rng, 5000, 0.0, 1.0)
            reference = Scored("r", score, (score > 0.5) * 1.0, truth)
            drawn = [_scored(rng, 1000, wobble * rng.normal(), 1.0 - fall)[0] for _ in range(10)]
            batches = [Scored(f"b{i}", one, (one > 0.5) * 1.0) for i, one in enumerate(drawn)]
            found = [e for e in estimate_classification(reference, batches) if e.estimated is not None]
            hits, trials = hits + sum(bool(one.alert) for one in found), trials + len(found)
        yield name, hits, trials


def _scored(rng: np.random.Generator, count: int, shift: float, spread: float) -> tuple[Floats, Floats]:
    """Calibrated scores and their truths."""
    score = 1 / (1 + np.exp(1 - 1.3 * (spread * rng.normal(size=count) + shift)))
    return score, (rng.random(count) < score).astype(float)


def intervals(n: int) -> Iterator[Rate]:
    """Intervals of 1,000 rows that miss the true difference: equal models, then an over-confident one."""
    misses: dict[str, int] = {}
    for name, bend in (("equal", 1.0), ("over-confident", 1.5)):
        truth = {m.name: m.delta or 0.0 for m in _bent(np.random.default_rng(99), 200_000, bend)}
        for seed in range(n):
            for metric in _bent(np.random.default_rng((10, seed)), 1000, bend):
                if metric.ci is not None and metric.name in (
                    "roc_auc",
                    "accuracy",
                    "f1",
                    "brier",
                    "log_loss",
                    "ece",
                ):
                    key = f"{metric.name}, {name}"
                    missed = not metric.ci[0] <= truth[metric.name] <= metric.ci[1]
                    misses[key] = misses.get(key, 0) + missed
    yield from ((key, hits, n) for key, hits in misses.items())


def _bent(rng: np.random.Generator, rows: int, bend: float) -> tuple[MetricComparison, ...]:
    """Two models of equal skill; the second one's scores are ``bend`` times as sure."""
    truth = (rng.random(rows) < 0.3).astype(np.int64)
    shared, sides = rng.normal(size=rows), []
    for sure in (1.0, bend):
        signal = 0.84 * shared + 0.55 * rng.normal(size=rows) + 1.5 * truth
        score = 1 / (1 + np.exp(-sure * (1.5 * signal - 1.125 + np.log(0.3 / 0.7))))
        sides.append(PredictionRows("rows", truth, (score >= 0.5).astype(np.int64), {"score": score}))
    return compare_predictions(*sides, CompareOptions(task="binary", background=False)).metrics


def needed(n: int) -> Iterator[Rate]:
    """Comparisons that needed N rows, decided with N."""
    for word, drop in (("equal models", 0.0), ("slightly worse", 0.06)):
        decided = asked = 0
        options = CompareOptions(task="binary", primary="roc_auc", background=False)
        for seed in range(n):
            rng = np.random.default_rng((11, seed))
            first = compare_predictions(*models(rng, 500, drop), options).primary
            if first is None or first.n_needed is None or first.n_needed > 100_000:
                continue
            again = compare_predictions(*models(rng, first.n_needed, drop), options).primary
            asked += 1
            decided += again is not None and again.verdict != "inconclusive"
        yield word, decided, asked


def short(n: int) -> Iterator[Rate]:
    """Runs of few points told to have collapsed, at any look."""
    for name, length in (("learning, 6 to 20 evaluations", 20), ("back at chance, 6 evaluations", 6)):
        hits = 0
        for seed in range(n):
            rng = np.random.default_rng((12, seed))
            values = 0.9 - 0.5 * np.arange(1, length + 1) ** -0.8 + 0.03 * rng.normal(size=length)
            if length == 6:
                values[3:] = 0.1 + 0.01 * rng.normal(size=3)
            health, told = RunHealth(), False
            for at in range(length):
                health.feed("val_acc", Points(np.array([at]), np.array([1.7e9 + at]), values[at : at + 1]))
                told |= any(sign.kind == "diverged" for sign in health.signs())
            hits += told
        yield name, hits, n


PARTS = {
    "all columns together: called": together,
    "performance estimated without labels: alerts": estimated,
    "short runs told to have collapsed": short,
}
SLOW = {
    "95 % intervals that miss the truth, 1,000 rows": intervals,
    "needs about N rows: decided with N": needed,
}
