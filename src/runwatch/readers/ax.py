"""Ax, saved as JSON (``Client``, ``AxClient``, ``Experiment``): an experiment is a group, each of its trials
a run ``<file>#<experiment>/<number>`` with its state, arms and metrics. Times are local."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from runwatch.domain.borders import JsonMapping
from runwatch.domain.operations import Append, Evidence, HParams, Label, Operation, Replace, Started, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Problem, Status
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.documents import read_version

NAME = "ax"
PRIORITY = 60

_FILE = re.compile(
    rb'\s{0,8}\{\s{0,8}"(?:__|_)type"\s{0,4}:\s{0,4}"(?:AxClient|Client|Experiment|Scheduler)"'
)
_STATES: Mapping[str, tuple[Status, str]] = {
    "RUNNING": ("running", "Ax says the trial is running"),
    "COMPLETED": ("finished", "Ax: the trial is complete"),
    "EARLY_STOPPED": ("finished", "Ax stopped the trial early"),
    "ABANDONED": ("finished", "Ax: the trial was abandoned"),
    "FAILED": ("crashed", "Ax: the trial failed"),
}
Cell = tuple[str, int, float]
"""Tag, step, value."""


def claim(listing: Listing) -> Iterable[Claim]:
    for name in listing.files:
        if name.endswith(".json") and _FILE.match(listing.head(name, 128)) is not None:
            file = listing.join(name)
            yield Claim(NAME, NAME, file, (file,), priority=PRIORITY, role="many")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    version = read_version(source, cursor)
    if isinstance(version, Reading):
        return version
    experiment = version.value.get("experiment", version.value) if isinstance(version.value, dict) else {}
    trials = experiment.get("trials") if isinstance(experiment, dict) else None
    if not isinstance(trials, dict):
        problem = Problem(source.file, None, "no trials in this JSON", "is it Ax's file?")
        return Reading({}, version.cursor, (problem,))
    operations_by_run: dict[str, list[Operation]] = {}
    if version.again:
        operations_by_run = {
            run: [Replace()] for run in (cursor.state.get("runs", ()) if cursor is not None else ())
        }
    for run, operations in _runs(source, experiment, trials):
        operations_by_run.setdefault(run, []).extend(operations)
    return Reading(operations_by_run, replace(version.cursor, state={"runs": list(operations_by_run)}))


def _runs(
    source: SourceFile, experiment: JsonMapping, trials: JsonMapping
) -> Iterator[tuple[str, list[Operation]]]:
    group = str(experiment.get("name") or source.file.rpartition("/")[2].removesuffix(".json"))
    better = dict(_directions(experiment))
    for number, trial in list(trials.items())[: limits.TAGS]:
        state = _at(trial, "status", "name")
        if not isinstance(trial, dict) or state not in _STATES:
            continue
        facts: list[Operation] = [Label("name", f"{group}/{number}"), Label("group", group)]
        started = moment(str(_at(trial, "time_run_started", "value")))
        ended = moment(str(_at(trial, "time_completed", "value")))
        if not math.isnan(started):
            facts.append(Started(started))
        arms = dict(_arms(trial))
        facts += [HParams(parameters) for parameters in arms.values()] if len(arms) == 1 else []
        facts += [Stated(tag, "min" if low else "max") for tag, low in better.items()]
        facts += _points(list(_cells(_at(experiment, "data_by_trial", number), len(arms) > 1)))
        status, words = _STATES[state]
        facts.append(Evidence(status, words, at=None if status == "running" or math.isnan(ended) else ended))
        yield f"{source.file}#{group}/{number}", facts


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _directions(experiment: JsonMapping) -> Iterator[tuple[str, bool]]:
    """(metric, lower is better), as the metrics say and, above them, the objective."""
    for metric in experiment.get("tracking_metrics") or ():
        if isinstance(_at(metric, "name"), str) and isinstance(_at(metric, "lower_is_better"), bool):
            yield metric["name"], metric["lower_is_better"]
    objective = _at(experiment, "optimization_config", "objective")
    name, low = _at(objective, "metric", "name"), _at(objective, "minimize")
    if isinstance(name, str) and isinstance(low, bool):
        yield name, low
    expression = _at(objective, "expression")
    if isinstance(expression, str) and re.fullmatch(r"-?[A-Za-z_]\w{0,200}", expression):
        yield expression.removeprefix("-"), expression.startswith("-")


def _arms(trial: JsonMapping) -> Iterator[tuple[str, Mapping[str, object]]]:
    batch = trial.get("generator_run_structs")
    generator_runs = [_at(one, "generator_run") for one in batch] if isinstance(batch, list) else []
    for generated in (trial.get("generator_run"), *generator_runs):
        for arm in _at(generated, "arms") or ():
            if isinstance(_at(arm, "parameters"), dict):
                yield str(_at(arm, "name")), arm["parameters"]


def _cells(data: Any, several: bool) -> Iterator[Cell]:
    """The rows of a trial's newest table of data; of several arms each under its name."""
    tables = _at(data, "value")
    newest = tables[-1] if isinstance(tables, list) and tables else None
    text = _at(newest[-1], "df", "value") if isinstance(newest, list) and newest else None
    try:
        table = bounded_json.parse(text) if isinstance(text, str) else None
    except ValueError:
        return
    names, means, steps, arms = (_at(table, key) or {} for key in ("metric_name", "mean", "step", "arm_name"))
    for row in names if isinstance(names, dict) and isinstance(means, dict) else ():
        value, step = bounded_json.number(means.get(row)), bounded_json.number(_at(steps, row))
        if value is None or (step is not None and not (math.isfinite(step) and abs(step) < 2**53)):
            continue
        prefix = f"{_at(arms, row)}/" if several else ""
        yield f"{prefix}{names[row]}", 0 if step is None else int(step), value


def _points(cells: list[Cell]) -> Iterator[Operation]:
    for tag in dict.fromkeys(tag for tag, _, _ in cells):
        own = sorted((step, value) for name, step, value in cells if name == tag)
        yield Append(tag, Points.of([step for step, _ in own], [value for _, value in own]))
