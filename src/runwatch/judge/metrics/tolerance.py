"""The margin: the largest loss that still counts as no worse."""

from __future__ import annotations

import math
from collections.abc import Mapping

from runwatch.domain.comparison import CompareOptions
from runwatch.domain.directions import core_words
from runwatch.domain.run import Direction

SINGLE = 5.0
"""One run a side, noise unknown: only a difference past this many margins is called better or worse."""

_AROUND_ZERO = {"r2", "mcc", "kappa", "matthews", "corrcoef"}
_BOUNDED = {
    "acc", "accuracy", "accuracies", "precision", "recall", "sensitivity", "specificity", "tpr", "tnr",
    "ppv", "npv", "f1", "fbeta", "auc", "auroc", "auprc", "ap", "map", "iou", "miou", "jaccard", "dice",
    "ndcg", "mrr", "youden", "score", "rate", "match",
}  # fmt: skip
_ENDINGS = ("acc", "auc", "accuracy")


def margin(name: str, direction: Direction, baseline: float, tolerances: Mapping[str, float]) -> float:
    """The tolerance of metric ``name`` with this baseline value: what ``tolerances`` says, else 0.01 for
    r2, mcc and kappa; 0.01 or 10% of the headroom, whichever is less, for scores within 0..1; 1% of the
    baseline's size for everything else."""
    if name in tolerances:
        return tolerances[name]
    words = {word.partition("@")[0] for word in core_words(name)}
    if words & _AROUND_ZERO:
        return 0.01
    if direction == "max" and 0 <= baseline <= 1 and any(_is_bounded(word) for word in words):
        return min(0.01, 0.1 * (1 - baseline))
    return 0.01 * abs(baseline) if math.isfinite(baseline) else math.nan


def margin_in(
    name: str, direction: Direction, baseline: float, options: CompareOptions, primary: str | None
) -> float:
    """The margin as ``options`` say; the primary metric's own tolerance where its name is in no table."""
    tolerances = options.tolerances
    if name == primary and options.tolerance is not None:
        tolerances = {name: options.tolerance, **tolerances}
    return margin(name, direction, baseline, tolerances)


def _is_bounded(word: str) -> bool:
    return word.rstrip("0123456789") in _BOUNDED or word in _BOUNDED or word.endswith(_ENDINGS)
