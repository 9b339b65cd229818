"""Comparing predictions: cost beside a scikit-learn row bootstrap, and how often the verdicts are right.

    python -m benchmarks.compare [--rows 100000 1000000] [--draws 5] [--trials 400] [--seed 20262] [--json]

The bootstrap is what people write: resample the rows, score both models with scikit-learn, 1,000 draws. Few
draws are timed and multiplied. Rates are of simulated pairs of models whose true difference is known; the
tests' data use other seeds.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from runwatch.domain.comparison import CompareOptions, Comparison
from runwatch.domain.predictions import Coded, PredictionRows
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.judge.predictions.methods import methods
from runwatch.judge.predictions.prepare import prepare
from runwatch.judge.predictions.slices import compare_slices

BOOTSTRAP_DRAWS = 1_000
Floats = np.ndarray
Pair = tuple[PredictionRows, PredictionRows]


def models(rng: np.random.Generator, n: int, drop: float, rate: float = 0.3) -> Pair:
    """Baseline and candidate scores of the same rows; ``drop``: what the candidate loses in separation, in
    standard deviations of the score."""
    truth = (rng.random(n) < rate).astype(np.int64)
    shared = 0.8 * rng.normal(size=n)
    sides = []
    for gap in (1.5, 1.5 - drop):
        logit = gap * truth - 0.8 + shared + 0.6 * rng.normal(size=n)
        score = 1 / (1 + np.exp(-logit))
        sides.append(PredictionRows("rows", truth, (score >= 0.5).astype(np.int64), {"score": score}))
    return sides[0], sides[1]


def cpu_ms(work: Callable[[], Any], repeats: int = 3) -> float:
    """The least CPU milliseconds of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return 1000 * best


def ours(pair: Pair, slices: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """CPU ms by part: each method, the slices, and everything that is not background work."""
    options = CompareOptions(task="binary", background=False)
    prepared = prepare(*pair, options)
    sample = prepared.sample
    assert sample is not None
    compare_predictions(*pair, options)
    yield "join, guards, coding", cpu_ms(lambda: prepare(*pair, options))
    for method in methods():
        if "binary" in method.TASKS:
            name = str(getattr(method, "__name__", "")).rpartition(".")[2]
            yield (
                name + (" (background)" if method.BACKGROUND else ""),
                cpu_ms(lambda m=method: list(m.estimates(sample))),
            )
    yield "slices", cpu_ms(lambda: compare_slices(sample, slices, prepared.alignment.candidate))
    whole = PredictionRows("rows", pair[1].truth, pair[1].prediction, pair[1].scores, columns=slices)
    yield "all but background, with slices", cpu_ms(lambda: compare_predictions(pair[0], whole, options))


def bootstrap(pair: Pair, draws: int, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """CPU ms of 1,000 draws of a paired row bootstrap with scikit-learn, from ``draws`` of them."""
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    truth = np.asarray(pair[0].truth)
    scores = [side.scores["score"] for side in pair]
    labels = [np.asarray(side.prediction) for side in pair]

    def run(metric: Callable[..., float], columns: list[Floats]) -> None:
        for _ in range(draws):
            rows = rng.integers(0, len(truth), len(truth))
            [metric(truth[rows], column[rows]) for column in columns]

    cases = (
        ("ROC AUC", roc_auc_score, scores),
        ("F1", f1_score, labels),
        ("AP", average_precision_score, scores),
    )
    for name, metric, columns in cases:
        yield name, cpu_ms(lambda m=metric, c=columns: run(m, c), 1) * BOOTSTRAP_DRAWS / draws


def costs(rows: int, draws: int, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    pair = models(rng, rows, 0.05)
    slices = {
        "region": Coded(rng.integers(0, 20, rows), tuple(f"r{i}" for i in range(20))),
        "age": rng.normal(size=rows),
        "kind": Coded(rng.integers(0, 5, rows), tuple("abcde")),
    }
    return {"runwatch": dict(ours(pair, slices)), "bootstrap": dict(bootstrap(pair, draws, rng))}


def rates(trials: int, seed: int, n: int = 2_000) -> dict[str, dict[str, float]]:
    """Verdicts on ROC AUC with a margin of 0.01, by the candidate's true loss of separation; "lower": how
    often its AUC is just the lower number."""
    rng = np.random.default_rng(seed)
    options = CompareOptions(task="binary", tolerance=0.01, background=False)
    out = {}
    for word, drop in (("equal models", 0.0), ("AUC 0.02 lower", 0.12), ("AUC 0.04 lower", 0.235)):
        found = [compare_predictions(*models(rng, n, drop), options) for _ in range(trials)]
        counts = {
            verdict: _share(found, verdict) for verdict in ("better", "equivalent", "worse", "inconclusive")
        }
        deltas = [one.primary.delta or 0.0 for one in found if one.primary]
        out[word] = {
            **counts,
            "lower": float(np.mean(np.array(deltas) < 0)),
            "mean delta": float(np.mean(deltas)),
        }
    return out


def _share(found: list[Comparison], verdict: str) -> float:
    return sum(one.verdict == verdict for one in found) / len(found)


def coverage(trials: int, seed: int, n: int = 1_000) -> dict[str, float]:
    """How often the 95 % interval holds a true difference of zero, by metric."""
    rng = np.random.default_rng(seed + 1)
    inside: dict[str, list[bool]] = {}
    for _ in range(trials):
        for metric in compare_predictions(*models(rng, n, 0.0), CompareOptions(task="binary")).metrics:
            if metric.ci is not None:
                inside.setdefault(metric.name, []).append(metric.ci[0] <= 0 <= metric.ci[1])
    return {name: float(np.mean(held)) for name, held in inside.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20_262)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {
        "cpu_ms": {str(rows): costs(rows, args.draws, args.seed) for rows in args.rows},
        "verdicts": rates(args.trials, args.seed),
        "coverage": coverage(args.trials, args.seed),
    }
    if args.json:
        print(json.dumps(found, indent=2))
        return
    for rows, parts in found["cpu_ms"].items():
        print(f"\nCPU ms at {int(rows):,} rows, paired")
        for name, ms in parts["runwatch"].items():
            print(f"  runwatch   {name:36} {ms:12,.1f}")
        for name, ms in parts["bootstrap"].items():
            print(f"  row bootstrap, scikit-learn, {name:17} {ms:12,.0f}")
    print("\nVerdicts on ROC AUC, 2,000 rows, margin 0.01")
    for word, shares in found["verdicts"].items():
        print(f"  {word:22}", ", ".join(f"{name} {share:.3f}" for name, share in shares.items()))
    print("\nCoverage of the 95 % interval, equal models, 1,000 rows")
    print("  " + ", ".join(f"{name} {share:.3f}" for name, share in found["coverage"].items()))


if __name__ == "__main__":
    main()
