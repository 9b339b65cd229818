"""From loaded rows of both sides to a sample: task, labels, threshold, units, and what had to be assumed."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec.structs import replace

from runwatch.domain.comparison import CompareOptions, PredictionTask
from runwatch.domain.points import FloatArray, IntArray
from runwatch.domain.predictions import TASKS, Coded, Column, PredictionRows, take
from runwatch.judge.predictions.aligning import RowAlignment, align, in_time_order
from runwatch.judge.predictions.labels import as_numbers, canonical, coded
from runwatch.judge.predictions.named_metrics import asked_of
from runwatch.judge.predictions.sample import Sample, Side
from runwatch.text.safe import safe
from runwatch.text.units import plural

_MOST_LABELS_GUESSED = 30


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """A sample and the rows it came from, or why there is none."""

    sample: Sample | None
    alignment: RowAlignment
    refusal: str = ""


class _PredictionsRefused(Exception):
    """Why these rows cannot be compared, in words for people."""


def prepare(baseline: PredictionRows, candidate: PredictionRows, options: CompareOptions) -> Prepared:
    """Join, guard, code. Never raises: a refusal says what is wrong and what to do."""
    alignment = align(baseline, candidate)
    if alignment.refusal:
        return Prepared(None, alignment, alignment.refusal)
    rows = _picked(baseline, alignment.baseline), _picked(candidate, alignment.candidate)
    if options.task in (None, "binary"):
        rows = _as_score(rows[0]), _as_score(rows[1])
    try:
        _check_truths(rows)
        task, notes = _task(rows, options)
        if task == "forecast":
            alignment = in_time_order(alignment, baseline, candidate)
            rows = _picked(baseline, alignment.baseline), _picked(candidate, alignment.candidate)
        notes = (*rows[0].notes, *rows[1].notes, *alignment.notes, *notes)
        make = _values if task in ("regression", "forecast") else _classes
        sample = make(rows, task, options, alignment.paired)
    except _PredictionsRefused as refused:
        return Prepared(None, alignment, str(refused))
    notes = tuple(dict.fromkeys((*notes, *sample.notes, *_prevalence(sample))))
    return Prepared(replace(sample, notes=notes, asked=asked_of(options)), alignment)


def _as_score(rows: PredictionRows) -> PredictionRows:
    """A prediction column that holds probabilities of two classes is the score."""
    values, truth = rows.prediction, rows.truth
    if values is None or rows.scores or isinstance(values, Coded) or _whole(values) or not len(values):
        return rows
    known = values[~np.isnan(values)]
    two = len(coded([truth])[1]) <= 2 if isinstance(truth, Coded) or _whole(truth) else False
    if not two or known.min() < 0 or known.max() > 1:
        return rows
    note = "the predictions are probabilities: taken as scores"
    return replace(rows, prediction=None, scores={"prediction": values}, notes=(*rows.notes, note))


Pair = tuple[PredictionRows, PredictionRows]


def _picked(rows: PredictionRows, index: IntArray) -> PredictionRows:
    whole = len(index) == len(rows) and bool((index == np.arange(len(index))).all())
    if whole:
        return rows
    return replace(
        rows,
        truth=take(rows.truth, index),
        prediction=None if rows.prediction is None else take(rows.prediction, index),
        scores={name: score[index] for name, score in rows.scores.items()},
        key=None if rows.key is None else take(rows.key, index),
        group=None if rows.group is None else take(rows.group, index),
        columns={name: take(column, index) for name, column in rows.columns.items()},
    )


def _task(rows: Pair, options: CompareOptions) -> tuple[PredictionTask, tuple[str, ...]]:
    if options.task is not None:
        named = next((task for task in TASKS if task == options.task), None)
        if named is None:
            raise _PredictionsRefused(f"task {options.task!r} is not one of {', '.join(TASKS)}")
        return named, ()
    if options.horizon is not None:
        return "forecast", ()
    task, why = _guess(rows)
    return task, (f"task assumed: {task} ({why})",)


def _guess(rows: Pair) -> tuple[PredictionTask, str]:
    scores = max(len(side.scores) for side in rows)
    columns: list[Column] = [side.truth for side in rows]
    columns += [side.prediction for side in rows if side.prediction is not None]
    if all(not isinstance(column, Coded) and not _whole(column) for column in columns[:2]):
        return "regression", "the truth is not whole numbers"
    if not scores and any(not isinstance(column, Coded) and not _whole(column) for column in columns):
        return "regression", "the predictions are not whole numbers"
    labels = coded(columns)[1]
    text = any(isinstance(column, Coded) for column in columns)
    if len(labels) <= 2 and scores <= 2:
        return "binary", plural(len(labels), "label")
    if scores > 1 or text or len(labels) <= _MOST_LABELS_GUESSED:
        return "multiclass", plural(len(labels), "label")
    return "regression", f"{len(labels):,} distinct values"


def _whole(column: Column) -> bool:
    if isinstance(column, Coded) or column.dtype.kind in "iub":
        return True
    known = column[np.isfinite(column)]
    return bool((known == np.floor(known)).all())


def _values(rows: Pair, task: PredictionTask, options: CompareOptions, paired: bool) -> Sample:
    sides = [_value_side(side) for side in rows]
    horizon = 1 if options.horizon is None else options.horizon
    if horizon < 1:
        raise _PredictionsRefused("the horizon must be 1 or more")
    if task == "forecast" and not paired:
        raise _PredictionsRefused(
            "forecasts are compared on the same moments: the truth must be the same on both sides"
        )
    groups = _groups(rows, paired)
    unit = "row" if groups[0] is None else "group"
    first, second = (replace(side, group=group) for side, group in zip(sides, groups, strict=True))
    return Sample(
        task,
        baseline=first,
        candidate=second,
        labels=(),
        paired=paired,
        horizon=horizon,
        costs=None,
        unit=unit,
    )


def _value_side(rows: PredictionRows) -> Side:
    truth = as_numbers(rows.truth)
    if truth is None:
        raise _PredictionsRefused(
            f"{safe(rows.source)}: the truth is text, not numbers; use --task binary or multiclass"
        )
    values = rows.prediction if rows.prediction is not None else next(iter(rows.scores.values()), None)
    if values is None:
        raise _PredictionsRefused(f"{safe(rows.source)}: no prediction column; name it with --prediction")
    numbers = as_numbers(values)
    if numbers is None:
        raise _PredictionsRefused(f"{safe(rows.source)}: the predictions are text, not numbers")
    if not np.isfinite(truth).all():
        raise _PredictionsRefused(
            f"{safe(rows.source)}: {np.count_nonzero(~np.isfinite(truth)):,} infinite values in the truth"
        )
    return Side(truth, prediction=numbers, score=None, group=None, faults=_not_finite("prediction", numbers))


def _not_finite(part: str, values: FloatArray) -> tuple[tuple[str, str], ...]:
    bad = ~np.isfinite(values)
    if not bad.any():
        return ()
    rows = np.count_nonzero(bad if bad.ndim == 1 else bad.any(axis=1))
    kind = "NaN" if np.isnan(values[bad]).all() else "infinite or NaN"
    return ((part, f"{rows:,} of {plural(len(values), part)} {'is' if rows == 1 else 'are'} {kind}"),)


def _classes(rows: Pair, task: PredictionTask, options: CompareOptions, paired: bool) -> Sample:
    columns: list[Column] = [side.truth for side in rows]
    columns += [side.prediction for side in rows if side.prediction is not None]
    codes, labels = coded(columns)
    _check_labels(codes, labels, rows)
    if task == "binary":
        codes, labels = _two(codes, labels, options.positive)
    groups = _groups(rows, paired)
    sides, notes, rest = [], [], codes[2:]
    for i, side in enumerate(rows):
        prediction = rest.pop(0) if side.prediction is not None else None
        made, assumption = _class_side(side, codes[i], prediction, labels, task, options)
        sides.append(replace(made, group=groups[i]))
        notes += assumption
    unit = "row" if groups[0] is None else "group"
    sample = Sample(
        task,
        baseline=sides[0],
        candidate=sides[1],
        labels=labels,
        paired=paired,
        horizon=1,
        costs=options.costs,
        unit=unit,
        notes=tuple(notes),
    )
    return _same_threshold(sample) if task == "binary" else sample


def _check_truths(rows: Pair) -> None:
    """Truths in words that share no label are two ways to write one thing, or two problems."""
    truths: list[Column] = [side.truth for side in rows]
    if not any(isinstance(truth, Coded) for truth in truths):
        return
    codes, labels = coded(truths)
    first, second = (np.unique(part[part >= 0]) for part in codes)
    if len(first) and len(second) and not len(np.intersect1d(first, second)):
        a, b = (", ".join(safe(labels[i], 30) for i in part[:5]) for part in (first, second))
        raise _PredictionsRefused(
            f"different label sets: the baseline's truth is {a}, the candidate's {b}; map them to one set"
        )


def _check_labels(codes: list[IntArray], labels: tuple[str, ...], rows: Pair) -> None:
    truth = np.union1d(*(np.unique(part) for part in codes[:2]))
    for part in codes[2:]:
        predicted = np.unique(part[part >= 0])
        if len(predicted) and not len(np.intersect1d(predicted, truth)):
            predicted_labels, true_labels = (
                ", ".join(safe(labels[i], 30) for i in some[:5]) for some in (predicted, truth[truth >= 0])
            )
            raise _PredictionsRefused(
                f"different label sets: predictions are {predicted_labels}, the truth is {true_labels}; "
                "map them to one set"
            )


def _two(
    codes: list[IntArray], labels: tuple[str, ...], positive: str | None
) -> tuple[list[IntArray], tuple[str, ...]]:
    """Codes 0 and 1 with the positive class last: the larger sorted label, or the one that is named."""
    if len(labels) > 2:
        shown = ", ".join(safe(label, 30) for label in labels[:5])
        raise _PredictionsRefused(
            f"{len(labels):,} labels ({shown}, …) in a binary task; use --task multiclass"
        )
    if positive is not None:
        as_number = {"true": "1", "false": "0"}.get(positive.lower(), positive)
        if as_number not in labels and len(labels) == 2:
            raise _PredictionsRefused(
                f"--positive {safe(positive)} is not a label; the labels are {', '.join(map(safe, labels))}"
            )
        if labels[0] == as_number:
            labels = (*labels[1:], as_number) if len(labels) == 2 else ("other", as_number)
            return [np.where(part >= 0, 1 - part if len(labels) == 2 else 1, -1) for part in codes], labels
    if len(labels) == 1:
        if labels[0] in ("0", "-1", "no", "negative"):
            return codes, (labels[0], "other")
        return [np.where(part >= 0, 1, -1) for part in codes], ("other", labels[0])
    return codes, labels


def _class_side(
    rows: PredictionRows,
    truth: IntArray,
    prediction: IntArray | None,
    labels: tuple[str, ...],
    task: PredictionTask,
    options: CompareOptions,
) -> tuple[Side, list[str]]:
    faults: list[tuple[str, str]] = []
    notes: list[str] = []
    score = _score(rows, labels, task)
    if score is not None:
        faults += _not_finite("score", score)
        notes += _order_said(list(rows.scores), labels)
        if score.ndim == 1 and len(score) and not faults and bool((score == score[0]).all()):
            notes.append(f"{safe(rows.source)}: the score is constant ({score[0]:g})")
    if prediction is not None and (prediction < 0).any():
        faults.append(
            ("prediction", f"{plural(int(np.count_nonzero(prediction < 0)), 'prediction')} missing")
        )
    if prediction is None and score is not None:
        if faults:
            faults.append(("prediction", faults[0][1]))
        else:
            prediction, assumption = _predicted(score, options.threshold)
            notes += assumption
    return Side(truth, prediction=prediction, score=score, group=None, faults=tuple(faults)), notes


def _predicted(score: FloatArray, threshold: float | None) -> tuple[IntArray | None, list[str]]:
    if score.ndim == 2:
        return score.argmax(axis=1).astype(np.int64), ["predictions are the label of the highest score"]
    if threshold is not None:
        return (score >= threshold).astype(np.int64), []
    if len(score) and (score.min() < 0 or score.max() > 1):
        return None, ["scores are not in 0..1 and there is no threshold: no counts; give --threshold"]
    return (score >= 0.5).astype(np.int64), ["predictions from scores at the threshold 0.5 (assumed)"]


def _score(rows: PredictionRows, labels: tuple[str, ...], task: PredictionTask) -> FloatArray | None:
    if not rows.scores:
        return None
    names = list(rows.scores)
    if task == "binary":
        if len(names) == 1:
            return rows.scores[names[0]]
        if len(names) == 2:
            return rows.scores[_in_label_order(names, labels)[1]]
        raise _PredictionsRefused(
            f"{safe(rows.source)}: {len(names)} score columns in a binary task; one is needed"
        )
    if len(names) != len(labels):
        raise _PredictionsRefused(
            f"{safe(rows.source)}: {plural(len(names), 'score column')} for {plural(len(labels), 'label')}; "
            "give one --score a class, in label order"
        )
    return np.column_stack([rows.scores[name] for name in _in_label_order(names, labels)])


def _in_label_order(names: list[str], labels: tuple[str, ...]) -> list[str]:
    """Score columns by the label that their names end in, where they all do; else as they came."""
    return _named_after(names, labels) or names


def _named_after(names: list[str], labels: tuple[str, ...]) -> list[str] | None:
    """The names in the order of the labels that they end in ("p_not_spam" in "not_spam", not in "spam"); None
    where one has no label, or two have the same."""
    by_label: dict[str, str] = {}
    for name in names:
        ending = [label for label in labels if name == label or name.endswith(f"_{label}")]
        if ending:
            by_label[max(ending, key=len)] = name
    return [by_label[label] for label in labels] if len(by_label) == len(names) == len(labels) else None


def _order_said(names: list[str], labels: tuple[str, ...]) -> list[str]:
    """What a person must check: which class each score is of, where its name doesn't say."""
    if len(names) < 2 or _named_after(names, labels) is not None:
        return []
    pairs = [f"{safe(label, 30)} = {safe(name, 30)}" for label, name in zip(labels, names, strict=True)]
    return [f"scores taken in label order: {', '.join(pairs[:5])}{', …' if len(pairs) > 5 else ''}"]


def _groups(rows: Pair, paired: bool) -> tuple[IntArray | None, IntArray | None]:
    first, second = rows[0].group, rows[1].group
    if paired:
        group = second if second is not None else first
        result = None if group is None else _dense(group)
        return result, result
    return None if first is None else _dense(first), None if second is None else _dense(second)


def _dense(group: Column) -> IntArray:
    """Unit codes 0..G-1; a row whose unit is missing is a unit of its own."""
    (codes,) = canonical([group])
    missing = codes < 0
    codes = np.where(missing, codes.max(initial=-1) + 1 + np.cumsum(missing), codes)
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _same_threshold(sample: Sample) -> Sample:
    """Where both sides' predictions follow a threshold on their scores, and not the same: counts have no
    verdict."""
    (low_a, high_a), (low_b, high_b) = (_threshold(side) for side in sample.sides)
    if not (low_a > high_b + 0.01 or low_b > high_a + 0.01):
        return sample
    about = f"baseline about {(low_a + high_a) / 2:.2g}, candidate about {(low_b + high_b) / 2:.2g}"
    reason = f"different thresholds ({about}); leave the predictions out and give one --threshold"
    return replace(sample, counts_fault=reason, notes=(*sample.notes, reason))


def _threshold(side: Side) -> tuple[float, float]:
    """(greatest score predicted negative, least predicted positive); all numbers when they overlap or one
    is not known."""
    anything = -np.inf, np.inf
    if side.score is None or side.prediction is None or side.faults:
        return anything
    positive = side.prediction == 1
    if positive.all() or not positive.any():
        return anything
    low, high = float(side.score[~positive].max()), float(side.score[positive].min())
    return (low, high) if low <= high else anything


def _prevalence(sample: Sample) -> tuple[str, ...]:
    if sample.task != "binary" or sample.paired:
        return ()
    a, b = (float((side.truth == 1).mean()) for side in sample.sides)
    se = np.sqrt(sum(p * (1 - p) / len(s) for p, s in zip((a, b), sample.sides, strict=True)))
    if abs(a - b) <= max(2.58 * float(se), 0.01):
        return ()
    return (
        f"positives are {100 * b:.1f}% of the candidate's rows and {100 * a:.1f}% of the baseline's: "
        "precision and accuracy differ for that reason alone",
    )
