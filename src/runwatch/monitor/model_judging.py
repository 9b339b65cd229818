"""Verdicts on predictions that runwatch made: challenger against champion, and the champion over time."""

from __future__ import annotations

import os
from collections.abc import Sequence

from msgspec.structs import replace

from runwatch.config.settings import Model, Settings
from runwatch.data.cache import Cache
from runwatch.data.errors import DataError
from runwatch.data.predictions import Chosen, load_rows
from runwatch.domain.comparison import Comparison
from runwatch.domain.drift import DataSet
from runwatch.domain.predictions import ColumnNames, label_order
from runwatch.domain.profile import DataOptions
from runwatch.domain.run import Problem
from runwatch.judge.predictions.comparing import compare_predictions
from runwatch.monitor.compare_files import entry_options
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_sets import data_set
from runwatch.monitor.model_plans import ScoringPlan
from runwatch.scoring.base import CONFIDENCE, PREDICTION, SCORE, TRUTH, ScoringAnswer, ScoringJob
from runwatch.text.safe import run_name

Scored = tuple[ScoringJob, ScoringAnswer]


def compared(
    entry: Model, settings: Settings, batch: str, champion: Scored, challenger: Scored
) -> Comparison | Problem:
    """The challenger against the champion on one labelled batch, row by row as both files hold them."""
    tasks = {answer.task for _, answer in (champion, challenger)} - {None}
    if len(tasks) > 1:
        kinds = " and ".join(str(answer.task) for _, answer in (champion, challenger))
        return Problem(entry.name, None, f"champion and challenger differ in task: {kinds}", "set task")
    scores, notes = _common_scores(champion[1], challenger[1])
    options = entry_options(entry, settings)
    options = replace(options, task=entry.task or next(iter(tasks), None))
    try:
        sides = [
            load_rows(job.output, Chosen(_names(job, answer, scores, entry.threshold)))
            for job, answer in (champion, challenger)
        ]
    except DataError as error:
        return error.problem
    shown = tuple(run_name(os.path.relpath(job.model, settings.folder)) for job, _ in (champion, challenger))
    comparison = compare_predictions(sides[0], sides[1], options, (shown[0], shown[1]))
    own = [note for _, answer in (champion, challenger) for note in answer.notes]
    return replace(
        comparison,
        notes=tuple(
            dict.fromkeys((f"scored by runwatch on {run_name(batch)}", *own, *notes, *comparison.notes))
        ),
    )


def _common_scores(a: ScoringAnswer, b: ScoringAnswer) -> tuple[bool, tuple[str, ...]]:
    """Whether the scores of both can be compared: both have them, and where there is one a class, the batch
    holds every class."""
    if not a.scores or not b.scores:
        return False, ()
    if len(a.scores) == 1:
        return True, ()
    seen = {*a.truths, *b.truths, *a.predicted_labels, *b.predicted_labels}
    if a.scores == b.scores and seen == set(a.classes):
        return True, ()
    return False, ("class scores left out: the batch does not hold just the classes that both models know",)


def _names(job: ScoringJob, answer: ScoringAnswer, scores: bool, threshold: float | None) -> ColumnNames:
    by_threshold = threshold is not None and scores and len(answer.scores) == 1
    return ColumnNames(
        target=TRUTH,
        prediction=PREDICTION if answer.predicted and not by_threshold else None,
        score=answer.scores if scores else (),
        group=job.group,
        slices=job.slices,
    )


def set_name(entry: Model) -> str:
    """What the champion's predictions are called in the drift pane."""
    return f"{entry.name} predictions"


def prediction_spec(plan: ScoringPlan, reference: Sequence[Scored], batches: Sequence[Scored]) -> DataSpec:
    """The champion's predictions as a data set: those on the reference, then one file a batch."""
    answer = reference[0][1]
    truthful = answer.labelled > 0 and _fits(plan.entry, answer)
    confidence = CONFIDENCE if answer.task == "multiclass" else SCORE
    options = DataOptions(
        include=(PREDICTION, SCORE, CONFIDENCE),
        kinds={} if answer.task == "regression" else {PREDICTION: "categorical"},
        target=TRUTH if truthful else None,
        prediction=PREDICTION if answer.predicted else None,
        score=None if answer.task == "regression" else confidence,
    )
    return DataSpec(
        set_name(plan.entry),
        root=os.path.join(plan.folder, "champion"),
        reference=tuple(job.output for job, _ in reference),
        batches=tuple(job.output for job, _ in batches),
        options=options,
    )


def _fits(entry: Model, answer: ScoringAnswer) -> bool:
    """Whether truth and predictions are of one set of labels, with the larger one positive: what estimating
    performance without labels goes by."""
    if answer.task == "regression":
        return True
    known = {*answer.predicted_labels, *answer.classes}
    if known and not known & set(answer.truths):
        return False
    return entry.positive is None or entry.positive == max(answer.truths, key=label_order)


def judged(spec: DataSpec, root: str, shown: str, cache: Cache, now: float, version: int) -> DataSet:
    """The predictions' data set for the drift pane. Lateness is the data's own, so it is not said twice; and
    that a model gives no scores, or no labels, is no fault of the settings."""
    made = data_set(spec, cache, now, version=version)
    return replace(made, root=root, reference=shown, late_by=None, expected_every=None, misconfigured=())
