"""A model's raw outputs as prediction columns: what the task is, which class is which, what is no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from runwatch.domain.borders import JsonDict
from runwatch.domain.comparison import PredictionTask
from runwatch.domain.points import AnyArray
from runwatch.domain.predictions import label_order
from runwatch.scoring.base import CLASS, CONFIDENCE, PREDICTION, SCORE, RawScores, ScoringError, ScoringJob
from runwatch.text.safe import safe

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Predicted(msgspec.Struct, frozen=True, eq=False):
    """Prediction columns by name (arrays, or lists with None for missing), the ``scores`` among them, and
    what was assumed. ``bad``: rows whose output is not finite."""

    columns: JsonDict
    task: PredictionTask | None
    scores: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    bad: int = 0
    notes: tuple[str, ...] = ()


def predicted(raw: RawScores, job: ScoringJob) -> Predicted:
    """ScoringError where the outputs contradict what was said of the model."""
    if raw.scores is not None and raw.scores.shape[1] > 1:
        return _of_classes(raw, raw.scores, job)
    value = raw.value if raw.scores is None else raw.scores[:, 0]
    if value is None:
        return _of_labels(raw, job)
    bad = int(np.count_nonzero(~np.isfinite(value)))
    if raw.label is not None or job.task == "binary" or job.positive is not None or len(job.classes) == 2:
        return _of_score(raw, value, job, bad)
    if job.task == "multiclass":
        raise ScoringError(
            job.model, "gives one number per row: no classes", 'set [[models]] task = "regression"'
        )
    notes: tuple[str, ...] = ()
    if (
        job.task is None
        and len(value)
        and np.nanmin(value, initial=0) >= 0
        and np.nanmax(value, initial=0) <= 1
    ):
        notes = ('outputs taken as numbers; where they are probabilities: task = "binary"',)
    return Predicted({PREDICTION: value}, "regression", bad=bad, notes=notes)


def _of_labels(raw: RawScores, job: ScoringJob) -> Predicted:
    assert raw.label is not None
    names = _names(job, raw.classes)
    classes = tuple(label_text(one) for one in names or ())
    task = job.task or {0: None, 1: None, 2: "binary"}.get(len(classes), "multiclass")
    return Predicted({PREDICTION: _labels(raw, job)}, task, classes=classes)


def _of_score(raw: RawScores, value: Floats, job: ScoringJob, bad: int) -> Predicted:
    """One score a row, of the positive class."""
    if job.task in ("regression", "multiclass"):
        raise ScoringError(
            job.model, f"gives labels and one score: no {job.task}", "correct task in [[models]]"
        )
    names = _names(job, raw.classes)
    classes = tuple(label_text(one) for one in names or ())
    if names is None and raw.label is not None and job.positive is not None:
        raise _unnamed(job)
    columns: JsonDict = {SCORE: value}
    if raw.label is not None:
        columns[PREDICTION] = _labels(raw, job)
    elif names is not None and len(names) == 2:
        columns[PREDICTION] = [
            None if not np.isfinite(one) else names[int(one >= 0.5)] for one in value.tolist()
        ]
    if names is not None and job.positive is not None and label_text(names[0]) == job.positive:
        columns[SCORE] = 1.0 - value if raw.label is None else -value
    return Predicted(columns, task="binary", scores=(SCORE,), classes=classes, bad=bad)


def _of_classes(raw: RawScores, scores: Floats, job: ScoringJob) -> Predicted:
    """One score a class."""
    if job.task == "regression":
        raise ScoringError(job.model, f"gives {scores.shape[1]} numbers a row", "only one is compared")
    if job.task == "binary" and scores.shape[1] != 2:
        raise ScoringError(
            job.model, f"gives {scores.shape[1]} scores a row: not two classes", "correct task in [[models]]"
        )
    finite: Bools = np.asarray(np.isfinite(scores).all(axis=1))
    notes: list[str] = []
    if not _probabilities(scores[finite]):
        if raw.label is None:
            scores = _softmax(scores)
            notes.append("outputs taken as logits: softmax gives the scores")
        else:
            notes.append("the scores are not probabilities")
    names = _names(job, raw.classes) or _learnt(raw.label, scores, finite)
    columns: JsonDict = {PREDICTION: _chosen(raw, scores, finite, names, job)}
    bad = int(np.count_nonzero(~finite))
    if scores.shape[1] == 2:
        columns[SCORE] = scores[:, _positive(names, job)]
        if names is None and raw.label is not None:
            notes.append("the second score is taken as the positive class's: [[models]] classes = […]")
        classes = tuple(label_text(one) for one in names or ())
        return Predicted(
            columns, task="binary", scores=(SCORE,), classes=classes, bad=bad, notes=tuple(notes)
        )
    columns[CONFIDENCE] = np.where(finite, scores.max(axis=1, initial=-np.inf), np.nan)
    if names is None:
        notes.append("which score is of which class is not known: [[models]] classes = […]")
        return Predicted(columns, task="multiclass", scores=(), classes=(), bad=bad, notes=tuple(notes))
    order = sorted(range(len(names)), key=lambda i: label_order(label_text(names[i])))
    classes = tuple(label_text(names[i]) for i in order)
    scored = {f"{CLASS}{label_text(names[i])}": scores[:, i] for i in order}
    return Predicted(
        {**columns, **scored},
        task="multiclass",
        scores=tuple(scored),
        classes=classes,
        bad=bad,
        notes=tuple(notes),
    )


def _names(job: ScoringJob, own: Sequence[object] | None) -> Sequence[object] | None:
    """The classes by number: as a person named them, else as the model does."""
    if job.classes and own is not None and len(own) != len(job.classes):
        wrong = f"has {len(own)} classes, but {len(job.classes)} are named"
        raise ScoringError(job.model, wrong, "correct classes in [[models]]")
    return job.classes or own


def _labels(raw: RawScores, job: ScoringJob) -> Any:
    """Predicted labels, class numbers by name where they are named."""
    assert raw.label is not None
    label = raw.label
    if not job.classes or label.dtype.kind not in "iub":
        return label
    numbers = [int(one) for one in (raw.classes or range(len(job.classes)))]
    named = dict(zip(numbers, job.classes, strict=False))
    if unknown := sorted(set(label.astype(int).tolist()) - set(named)):
        raise ScoringError(
            job.model, f"predicts class {unknown[0]}, which has no name", "correct classes in [[models]]"
        )
    return [named[int(one)] for one in label.tolist()]


def _learnt(label: AnyArray | None, scores: Floats, finite: Bools) -> list[object] | None:
    """Class names from labels beside their highest scores: whole numbers from 0 that always agree, or
    every class seen with one label. None when that does not settle it."""
    if label is None or not finite.any():
        return None
    best = scores[finite].argmax(axis=1)
    labels = label[finite]
    if labels.dtype.kind in "iu" and bool((labels == best).all()):
        return list(range(scores.shape[1]))
    pairs = set(zip(best.tolist(), labels.tolist(), strict=True))
    named = dict(pairs)
    whole = len(named) == len(pairs) == scores.shape[1] == len(set(named.values()))
    return [named[i] for i in range(scores.shape[1])] if whole else None


def _chosen(
    raw: RawScores, scores: Floats, finite: Bools, names: Sequence[object] | None, job: ScoringJob
) -> Any:
    if raw.label is not None:
        labels = _labels(raw, job)
        return [one if good else None for one, good in zip(list(labels), finite.tolist(), strict=True)]
    if not len(scores):
        return []
    best = np.where(finite[:, None], scores, 0.0).argmax(axis=1).tolist()
    known = names or range(scores.shape[1])
    return [known[one] if good else None for one, good in zip(best, finite.tolist(), strict=True)]


def _positive(names: Sequence[object] | None, job: ScoringJob) -> int:
    """Which of two columns is the positive class: the one named, else the larger label, else the second."""
    if names is None:
        if job.positive is not None:
            raise _unnamed(job)
        return 1
    texts = [label_text(one) for one in names]
    if job.positive is not None:
        if job.positive not in texts:
            message = ", ".join(safe(one, 40) for one in texts)
            raise ScoringError(job.model, f"has no class {safe(job.positive)}", f"its classes are {message}")
        return texts.index(job.positive)
    return max((0, 1), key=lambda i: label_order(texts[i]))


def _unnamed(job: ScoringJob) -> ScoringError:
    wrong = f"does not say which score is of class {safe(job.positive or '')}"
    return ScoringError(job.model, wrong, "name its classes in order: [[models]] classes = […]")


def _probabilities(scores: Floats) -> bool:
    if not len(scores):
        return True
    whole = np.abs(scores.sum(axis=1) - 1).max() < 1e-3
    return bool(whole and scores.min() >= -1e-6 and scores.max() <= 1 + 1e-6)


def _softmax(scores: Floats) -> Floats:
    with np.errstate(invalid="ignore", over="ignore"):
        raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Floats = raised / raised.sum(axis=1, keepdims=True)
        return shares


def label_text(label: object) -> str:
    """A class as text: 1, 1.0 and True are "1"."""
    if isinstance(label, bool | np.bool_):
        return str(int(label))
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)
