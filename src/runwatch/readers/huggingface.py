"""Hugging Face's Trainer: ``trainer_state.json`` at the root and in ``checkpoint-*/``, each with the whole
log so far; the one with the greatest ``global_step`` counts. TensorBoard files below ``runs/`` repeat it, but
run ahead of it between checkpoints. ``all_results.json`` is written once all is over: one that is minutes
older than a checkpoint is an earlier training's."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import pairwise

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import (
    Append,
    Epoch,
    Evidence,
    HParams,
    Length,
    Operation,
    Rank,
    Reached,
    Stated,
)
from runwatch.domain.points import Points
from runwatch.domain.run import Direction, Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.bounded_json import whole
from runwatch.readers.common.documents import Parsed, read_json
from runwatch.readers.common.point_log import PointLog
from runwatch.text.units import plural

NAME = "huggingface"
_STATE = "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})", re.ASCII)
_RESULTS = re.compile(r"(?:all|train|eval|test|predict)_results\.json")
_RESULT = re.compile(rb'\{[^{}\[\]]{0,4000}"(?:eval|test|predict)_[^"{}]{1,80}":\s{0,8}(?:-?\d|NaN)')
_SETTINGS = ("num_train_epochs", "max_steps", "train_batch_size")
_STALE = 600.0
_AT_THE_END = 0.5
_COPIED_WITHIN = 1.0
_OWN_TAGS = ("predict_", "test_")
LOOKS_FOR = ("trainer_state.json", "checkpoint-*", "*_results.json")


def claim(listing: Listing) -> Iterable[Claim]:
    if listing.parent is not None and _CHECKPOINT.fullmatch(listing.name):
        return
    checkpoints = [child for _, child in listing.numbered(_CHECKPOINT) if _STATE in child.files]
    states = [child.join(_STATE) for child in checkpoints]
    if _STATE in listing.files:
        states.append(listing.join(_STATE))
    if not states:
        evaluated = tuple(
            listing.join(name) for name in sorted(listing.files) if _is_evaluation(listing, name)
        )
        if evaluated:
            yield Claim(NAME, NAME, listing.path, evaluated, role="lonely")
        return
    yield Claim(
        NAME, NAME, listing.path, tuple(states), supersedes=frozenset({"tensorboard"}), exclusive=True
    )
    trained = max((child.files[_STATE].mtime for child in checkpoints), default=0.0)
    results = tuple(
        listing.join(name)
        for name in sorted(listing.files)
        if _RESULTS.fullmatch(name) and listing.files[name].mtime >= trained - _STALE
    )
    if results:
        yield Claim(NAME, NAME, listing.path, results, role="part")


def _is_evaluation(listing: Listing, name: str) -> bool:
    """Whether these are the results of an evaluation without a training: ``--do_eval`` alone."""
    return _RESULTS.fullmatch(name) is not None and _RESULT.match(listing.head(name)) is not None


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_json(claim, source, cursor, partial(_parse, claim, source))


def _parse(claim: Claim, source: SourceFile, value: object) -> Parsed:
    if not isinstance(value, dict):
        return [Problem(source.file, None, "no object in this JSON", "is it a Trainer's file?")]
    name = os.path.basename(source.file)
    return _state(claim, source, value) if name == _STATE else _results(claim, name, value, source)


def _state(claim: Claim, source: SourceFile, state: JsonMapping) -> Parsed:
    at_root = os.path.dirname(source.file) == ("" if claim.run_id == "." else claim.run_id)
    history = state.get("log_history")
    rows = [row for row in bounded_json.sequence(history) if isinstance(row, dict)]
    log, unplaced = _points(rows, _dates(claim, source))
    operations = list(log.operations(claim.tag_prefix))
    done, planned = whole(state.get("global_step")), whole(state.get("max_steps"))
    operations.append(Rank((done or 0) + (_AT_THE_END if at_root else 0.0), source.stat.mtime))
    epochs = [epoch for row in (*rows, state) if (epoch := bounded_json.number(row.get("epoch"))) is not None]
    if epochs:
        operations.append(Epoch(max(epochs)))
    if planned is not None and planned > 0:
        operations.append(Length(steps=planned))
    if done is not None:
        operations += [Reached(done), *_end(state, done, planned, rows, at_root)]
    operations += _settings(state)
    operations += _stated(state, log)
    if unplaced or not isinstance(history, list):
        what = f"{plural(unplaced, 'log row')} without a step" if unplaced else "no log_history"
        return [*operations, Problem(source.file, None, f"{what}, skipped", "is it a Trainer's state?")]
    return operations


def _dates(claim: Claim, source: SourceFile) -> dict[int, float]:
    """When each checkpoint's step was reached, by the age of its file: the only clock there is. Files that
    were copied together tell no time."""
    dates: dict[int, float] = {}
    for file in claim.files:
        match = _CHECKPOINT.fullmatch(os.path.basename(os.path.dirname(file)))
        if match is not None:
            try:
                dates[int(match[1])] = os.stat(os.path.join(source.root, file)).st_mtime
            except OSError:
                continue
    walls = [dates[step] for step in sorted(dates)]
    rising = all(later - earlier > _COPIED_WITHIN for earlier, later in pairwise(walls))
    return dates if len(walls) > 1 and rising else {}


def _points(rows: list[JsonDict], dates: Mapping[int, float]) -> tuple[PointLog, int]:
    """The points by tag, and how many rows have no step."""
    log = PointLog()
    unplaced = 0
    for row in rows:
        step = whole(row.get("step"))
        if step is None:
            unplaced += 1
            continue
        log.next_row()
        for key, value in row.items():
            number = bounded_json.number(value)
            if key not in ("step", "epoch") and number is not None:
                log.add(key, step, number, dates.get(step, math.nan))
    return log, unplaced


def _end(
    state: JsonMapping, done: int, planned: int | None, rows: list[JsonDict], at_root: bool
) -> list[Operation]:
    """The Trainer's own word that training is over; a checkpoint tells it too."""
    if planned is not None and 0 < planned <= done:
        return [Evidence("finished", f"trainer_state.json: step {done:,} of {planned:,}")]
    control = bounded_json.dig(state, "stateful_callbacks", "TrainerControl", "args")
    if bounded_json.dig(control, "should_training_stop") is True:  # by a callback, before its planned length
        return [Evidence("finished", f"trainer_state.json: stopped early, at step {done:,}")]
    if at_root and any("train_runtime" in row and whole(row.get("step")) == done for row in rows):
        return [Evidence("finished", f"trainer_state.json: training ended at step {done:,}")]
    return []


def _settings(state: JsonMapping) -> list[Operation]:
    values: dict[str, object] = {name: state[name] for name in _SETTINGS if state.get(name) is not None}
    values |= bounded_json.mapping(state.get("trial_params"))
    return [HParams(values)] if values else []


def _stated(state: JsonMapping, log: PointLog) -> list[Operation]:
    """The direction of the metric that chooses the best model: the one whose greatest (or least) value, and
    not both, is ``best_metric``."""
    best = bounded_json.number(state.get("best_metric"))
    directions: list[tuple[str, Direction]] = []
    for tag, values in log.values():
        finite = [value for value in values if abs(value) < float("inf")]
        if best is None or not tag.startswith("eval_") or not finite or best not in finite:
            continue
        least, greatest = min(finite), max(finite)
        if least != greatest and best in (least, greatest):
            directions.append((tag, "max" if best == greatest else "min"))
    return [Stated(*directions[0])] if len(directions) == 1 else []


def _results(claim: Claim, name: str, values: JsonMapping, source: SourceFile) -> list[Operation]:
    """``all_results.json`` ends the run; numbers of a prediction or a test stand in these files alone, and
    without a training all of them do."""
    operations: list[Operation] = []
    alone = claim.role == "lonely"
    if name == "all_results.json" or alone:
        operations.append(Evidence("finished", f"{name} is there"))
    own_tags = (*_OWN_TAGS, "eval_") if alone else _OWN_TAGS
    own = {key: number for key, value in values.items() if (number := bounded_json.number(value)) is not None}
    step = _last_step(source) if any(key.startswith(own_tags) for key in own) else 0
    operations += [
        Append(key, Points.of([step], [number])) for key, number in own.items() if key.startswith(own_tags)
    ]
    return operations


def _last_step(source: SourceFile) -> int:
    """The step at which the training beside these results ended, 0 if that is not known."""
    state = bounded_json.parse_object(source.other(source.beside(_STATE), limits.DOCUMENT))
    return whole(state.get("global_step")) or 0
