"""Ax, saved as JSON (``Client``, ``AxClient``, ``Experiment``) or kept in SQLite: an experiment is a group,
each of its trials a run ``<file>#<experiment>/<number>`` with its state, arms and metrics. Times in JSON are
local."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from msgspec.structs import replace

from runwatch.domain.borders import JsonMapping
from runwatch.domain.operations import Operation, Replace
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.ax._database import TABLES, trials_of
from runwatch.readers.ax._trial import STATES, Trial
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile, unchanged
from runwatch.readers.common import sqlite
from runwatch.readers.common.bounded_json import dig, mapping, sequence
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.documents import json_of, newest

NAME = "ax"
PRIORITY = 60
LOOKS_FOR = ("*.json", "*.db", "*.sqlite", "*.sqlite3", "*.db3")

_FILE = re.compile(
    rb'\s{0,8}\{\s{0,8}"(?:__|_)type"\s{0,4}:\s{0,4}"(?:AxClient|Client|Experiment|Scheduler)"'
)


def claim(listing: Listing) -> Iterable[Claim]:
    for name in listing.files:
        if name.endswith(".json") and _FILE.match(listing.head(name, 128)) is not None:
            file = listing.join(name)
            yield Claim(NAME, NAME, file, (file,), priority=PRIORITY, role="many")
    yield from sqlite.claims(listing, NAME, NAME, TABLES)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if not source.file.endswith(".json"):
        if cursor is not None and cursor.stat == source.stat:
            return unchanged(source, cursor)
        return sqlite.read(source, cursor, partial(_read_database, source, cursor))
    version = newest(source, cursor, json_of)
    if isinstance(version, Reading):
        return version
    value, now = version
    experiment = mapping(mapping(value).get("experiment", value))
    trials = experiment.get("trials")
    if not isinstance(trials, dict):
        problem = Problem(source.file, None, "no trials in this JSON", "is it Ax's file?")
        return Reading({}, now, (problem,))
    group = str(experiment.get("name") or source.file.rpartition("/")[2].removesuffix(".json"))
    parsed = _trials(group, experiment, trials)
    return _reading(source, now, cursor, parsed)


def _read_database(source: SourceFile, cursor: Cursor | None, connection: sqlite3.Connection) -> Reading:
    store = sqlite.StorePass(connection, source, cursor)
    trials = trials_of(store)
    reading = store.reading()
    return replace(_reading(source, reading.cursor, cursor, trials), problems=reading.problems)


def _reading(source: SourceFile, now: Cursor, before: Cursor | None, trials: Iterable[Trial]) -> Reading:
    """All trials anew, in place of what was said before."""
    known = () if before is None else before.state.get("runs", ())
    operations_by_run: dict[str, list[Operation]] = {run: [Replace()] for run in known}
    prefix = source.file.removesuffix(sqlite.WAL) + "#"
    for trial in trials:
        if trial.state in STATES:
            operations_by_run.setdefault(prefix + trial.name, []).extend(trial.operations())
    return Reading(operations_by_run, replace(now, state={"runs": list(operations_by_run)}))


def _trials(group: str, experiment: JsonMapping, trials: JsonMapping) -> Iterator[Trial]:
    better = dict(_directions(experiment))
    for number, trial in list(trials.items())[: limits.TAGS]:
        if not isinstance(trial, dict):
            continue
        started, ended = (moment(dig(trial, key, "value")) for key in ("time_run_started", "time_completed"))
        table = _newest_table(dig(experiment, "data_by_trial", number))
        state = str(dig(trial, "status", "name"))
        yield Trial(
            group,
            number=number,
            state=state,
            started=started,
            ended=ended,
            arms=dict(_arms(trial)),
            lower_is_better=better,
            table=table,
        )


def _directions(experiment: JsonMapping) -> Iterator[tuple[str, bool]]:
    """(metric, lower is better), as the metrics say and, above them, the objective."""
    for metric in experiment.get("tracking_metrics") or ():
        if isinstance(dig(metric, "name"), str) and isinstance(dig(metric, "lower_is_better"), bool):
            yield metric["name"], metric["lower_is_better"]
    objective = dig(experiment, "optimization_config", "objective")
    name, low = dig(objective, "metric", "name"), dig(objective, "minimize")
    if isinstance(name, str) and isinstance(low, bool):
        yield name, low
    expression = dig(objective, "expression")
    if isinstance(expression, str) and re.fullmatch(r"-?[A-Za-z_]\w{0,200}", expression):
        yield expression.removeprefix("-"), expression.startswith("-")


def _arms(trial: JsonMapping) -> Iterator[tuple[str, Mapping[str, object]]]:
    generator_runs = [dig(one, "generator_run") for one in sequence(trial.get("generator_run_structs"))]
    for generated in (trial.get("generator_run"), *generator_runs):
        for arm in dig(generated, "arms") or ():
            if isinstance(dig(arm, "parameters"), dict):
                yield str(dig(arm, "name")), arm["parameters"]


def _newest_table(data: object) -> object:
    newest = sequence((sequence(dig(data, "value")) or [None])[-1])
    return dig(newest[-1], "df", "value") if newest else None
