"""Count metrics of K classes by the cell bootstrap over the non-empty of K^3 cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec
import numpy as np

from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.run import Direction
from runwatch.judge.metrics.estimate import Estimate, percentile
from runwatch.judge.predictions.jackknife import BLOCKS, block_ids, of_blocks, variance_of
from runwatch.judge.predictions.methods.counts import unseen_rows, with_mcnemar
from runwatch.judge.predictions.named_metrics import numbers
from runwatch.judge.predictions.sample import Sample, Side

TASKS = ("multiclass",)
BACKGROUND = True
DIRECTIONS: Mapping[str, Direction] = {"fbeta_": "max"}
DRAWS = 2_000
_FEWEST_DRAWS = 400
_MOST_CELLS_DRAWN = 8_000_000
_SEED = 19_470_602


class Margins(msgspec.Struct, frozen=True, eq=False):
    """What the metrics need of B confusion tables: right, true and predicted counts a class, each (B, K)."""

    right: FloatArray
    true: FloatArray
    predicted: FloatArray


Metric = Callable[[Margins], FloatArray]


def accuracy(table: Margins) -> FloatArray:
    return np.asarray(table.right.sum(axis=1) / table.true.sum(axis=1))


def balanced_accuracy(table: Margins) -> FloatArray:
    return _over_classes(table.right / table.true, table)


def precision(table: Margins) -> FloatArray:
    return _over_classes(np.where(table.predicted > 0, table.right / table.predicted, 0.0), table, False)


def recall(table: Margins) -> FloatArray:
    return _over_classes(np.where(table.true > 0, table.right / table.true, 0.0), table, False)


def f1_macro(table: Margins) -> FloatArray:
    return fbeta_macro(1.0)(table)


def fbeta_macro(beta: float) -> Metric:
    """F-beta, the mean over the classes: recall weighs beta times as much as precision."""
    weight = beta * beta

    def metric(table: Margins) -> FloatArray:
        rates = (1 + weight) * table.right / (weight * table.true + table.predicted)
        return _over_classes(rates, table, False)

    return metric


def mcc(table: Margins) -> FloatArray:
    n = table.true.sum(axis=1)
    together = (table.true * table.predicted).sum(axis=1)
    spread = (n**2 - np.square(table.predicted).sum(axis=1)) * (n**2 - np.square(table.true).sum(axis=1))
    return np.asarray((n * table.right.sum(axis=1) - together) / np.sqrt(spread))


def cohen_kappa(table: Margins) -> FloatArray:
    n = table.true.sum(axis=1)
    chance = (table.true * table.predicted).sum(axis=1) / n**2
    return np.asarray((table.right.sum(axis=1) / n - chance) / (1 - chance))


def _over_classes(rates: FloatArray, table: Margins, true_only: bool = True) -> FloatArray:
    """Mean over the classes that occur (in the truth, or in the truth or the predictions)."""
    occurs = table.true > 0 if true_only else (table.true + table.predicted) > 0
    return np.asarray(np.where(occurs, rates, 0.0).sum(axis=1) / occurs.sum(axis=1))


METRICS: Mapping[str, Metric] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "f1_macro": f1_macro,
    "mcc": mcc,
    "cohen_kappa": cohen_kappa,
}


def estimates(sample: Sample) -> Iterator[Estimate]:
    if any(side.prediction is None and side.fault("prediction") is None for side in sample.sides):
        return
    metrics = {**METRICS, **{name: fbeta_macro(beta) for name, beta in numbers(sample.asked, "fbeta")}}
    if reason := sample.fault("prediction"):
        yield from (Estimate.unknown(name, np.nan, np.nan, sample.n, reason) for name in metrics)
        return
    classes = len(sample.labels)
    few = sample.too_few() or sample.counts_fault
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = [_margins_of(side, classes) for side in sample.sides]
        draws = None if few else _draws(sample, classes)
        for name, metric in metrics.items():
            a, b = (float(metric(table)[0]) for table in observed)
            if not np.isfinite(a) or not np.isfinite(b):
                yield Estimate.unknown(name, a, b, sample.n, "only one class in the truth or the predictions")
            elif draws is None:
                yield Estimate.unknown(name, a, b, sample.n, few or "")
            else:
                yield _estimate(name, (a, b), sample, metric(draws[1]) - metric(draws[0]))


def _estimate(name: str, values: tuple[float, float], sample: Sample, differences: FloatArray) -> Estimate:
    if _grouped(sample):
        return of_blocks(name, sample, values, variance_of(differences), BLOCKS)
    estimate = percentile(name, *values, sample.n, differences, "cell-bootstrap")
    return with_mcnemar(estimate, sample) if name == "accuracy" else estimate


def _grouped(sample: Sample) -> bool:
    return any(side.group is not None for side in sample.sides)


def _margins_of(side: Side, classes: int) -> Margins:
    truth, prediction = _codes(side)
    right = np.bincount(truth[truth == prediction], minlength=classes)
    true, predicted = np.bincount(truth, minlength=classes), np.bincount(prediction, minlength=classes)
    return Margins(*(counts[None, :].astype(np.float64) for counts in (right, true, predicted)))


def _codes(side: Side) -> tuple[IntArray, IntArray]:
    assert side.prediction is not None
    return side.truth.astype(np.int64), side.prediction.astype(np.int64)


def _draws(sample: Sample, classes: int) -> tuple[Margins, Margins]:
    rng = np.random.default_rng(_SEED)
    grouped = _grouped(sample)
    truth, first = _codes(sample.baseline)
    _, second = _codes(sample.candidate)
    true = np.unique(truth)
    wrong = (true + 1) % classes
    if sample.paired:
        cells = (truth * classes + first) * classes + second
        discordant = [(true * classes + a) * classes + b for a, b in ((true, wrong), (wrong, true))]
        unseen = np.concatenate(discordant), _to_add(truth[first != second], true, classes)
        names, tables = _tables(cells, unseen, sample.baseline.group, grouped, rng)
        true, a, b = names // classes**2, names // classes % classes, names % classes
        return _margins(tables, true, a, classes), _margins(tables, true, b, classes)
    either = np.concatenate([true * classes + predicted for predicted in (true, wrong)])
    sides = []
    for side in sample.sides:
        codes, predicted = _codes(side)
        unseen = either, _to_add(codes[codes != predicted], true, classes)
        names, tables = _tables(codes * classes + predicted, unseen, side.group, grouped, rng)
        sides.append(_margins(tables, names // classes, names % classes, classes))
    return sides[0], sides[1]


def _to_add(seen: IntArray, true: IntArray, classes: int) -> FloatArray:
    """What two cells of each class get more, the second after the first; all classes together two rows at
    most. ``seen``: the classes of the rows that are of this rare kind."""
    return np.tile(unseen_rows(np.bincount(seen, minlength=classes)[true]) / len(true), 2)


def _tables(
    cells: IntArray,
    unseen: tuple[IntArray, FloatArray],
    group: IntArray | None,
    grouped: bool,
    rng: np.random.Generator,
) -> tuple[IntArray, FloatArray]:
    """(the cells, tables (B, cells)): bootstrap draws, or tables without one block each. ``unseen``: cells
    that get more rows before the draws, and how many."""
    names, index, counts = np.unique(cells, return_inverse=True, return_counts=True)
    if grouped:
        blocks = block_ids(len(cells), group, BLOCKS, rng)
        table = np.bincount(blocks * len(names) + index, minlength=BLOCKS * len(names))
        table = table.reshape(BLOCKS, len(names))
        return names, (table.sum(axis=0) - table).astype(np.float64)
    more, added = unseen
    weights = np.concatenate((counts, added))
    names, index = np.unique(np.concatenate((names, more)), return_inverse=True)
    weights = np.bincount(index, weights)
    draws = int(np.clip(_MOST_CELLS_DRAWN // len(names), _FEWEST_DRAWS, DRAWS))
    return names, rng.multinomial(len(cells), weights / weights.sum(), draws).astype(np.float32)


def _margins(tables: FloatArray, true: IntArray, predicted: IntArray, classes: int) -> Margins:
    right = np.where(true == predicted, true, classes)
    return Margins(
        _summed(tables, right, classes + 1)[:, :classes],
        _summed(tables, true, classes),
        _summed(tables, predicted, classes),
    )


def _summed(tables: FloatArray, into: IntArray, size: int) -> FloatArray:
    """Sum the columns of (B, cells) tables that go into each of ``size`` classes: (B, size)."""
    indicator = np.zeros((len(into), size), dtype=tables.dtype)
    indicator[np.arange(len(into)), into] = 1
    return np.asarray(tables @ indicator, dtype=np.float64)
