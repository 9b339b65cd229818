"""Optuna's journal: one JSON record an operation, for all studies and trials of the file. A study is a group,
each of its trials a run ``<file>#<study>/<number>``. Times have a zone since 5.x, and are local before."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from runwatch.domain.borders import JsonDict, JsonMapping
from runwatch.domain.operations import Append, HParams, Operation, Replace
from runwatch.domain.points import Points
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common.column_names import moment
from runwatch.readers.common.lines import read_rows, take_json
from runwatch.readers.optuna._study import (
    DIRECTIONS,
    INTERMEDIATE,
    METRIC_NAMES,
    STATES,
    Study,
    parameter,
    state_of,
)

NAME = "optuna-journal"
FORMAT = "optuna"
PRIORITY = 60
LOOKS_FOR = ("*.log", "*.journal", "*.jsonl", "*.txt")
MAGIC = b'{"op_code":'

_ENDINGS = (".log", ".journal", ".jsonl", ".txt")


def claim(listing: Listing) -> Iterable[Claim]:
    for name in listing.files:
        if name.endswith(_ENDINGS) and listing.head(name, len(MAGIC)) == MAGIC:
            file = listing.join(name)
            yield Claim(NAME, FORMAT, file, (file,), priority=PRIORITY, role="many")


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    rows = read_rows(source, cursor, final)
    journal = _Journal(source.file + "#", rows.state)
    if rows.rewritten and cursor is not None:
        journal.by_run = _Journal(source.file + "#", cursor.state).void()
    take_json(rows, rows.notes, journal.take, "not a record of Optuna's journal, skipped")
    rows.state.update(journal.state())
    return Reading(journal.by_run, rows.cursor(), rows.notes.problems(), rows.more)


class _Journal:
    """State: ``studies`` (name, directions, metric names, number of trials, whether deleted) in the order
    of their numbers, ``trials`` the study of each trial, ``steps`` the last intermediate step of those that
    are not over, ``waiting`` those that have not begun."""

    def __init__(self, prefix: str, state: JsonMapping) -> None:
        self.by_run: dict[str, list[Operation]] = {}
        self._prefix = prefix
        self._studies: list[list[Any]] = [list(study) for study in state.get("studies", ())]
        self._trials: list[list[int]] = [list(trial) for trial in state.get("trials", ())]
        self._steps: dict[str, int] = dict(state.get("steps", {}))
        self._waiting: set[int] = set(state.get("waiting", ()))

    def state(self) -> JsonDict:
        return {
            "studies": self._studies,
            "trials": self._trials,
            "steps": self._steps,
            "waiting": sorted(self._waiting),
        }

    def void(self) -> dict[str, list[Operation]]:
        """What takes back all that the file said, when it is another one now."""
        for trial in range(len(self._trials)):
            self._add(trial, [Replace()])
        return self.by_run

    def take(self, record: JsonMapping) -> None:
        """One operation. Raises what its missing or strange fields raise."""
        take = _OPERATIONS.get(record["op_code"])
        if take is not None:
            take(self, record)

    def _study(self, number: int) -> Study:
        name, directions, names, *_ = self._studies[number]
        return Study(name, directions, names)

    def _add(self, trial: int, operations: Iterable[Operation]) -> None:
        study, number = self._trials[trial]
        if not self._studies[study][4]:
            run = f"{self._prefix}{self._studies[study][0]}/{number}"
            self.by_run.setdefault(run, []).extend(operations)

    def _create_study(self, record: JsonMapping) -> None:
        words = [DIRECTIONS[number] for number in record["directions"]]
        self._studies.append([str(record["study_name"])[:512], words, None, 0, False])

    def _delete_study(self, record: JsonMapping) -> None:
        gone = record["study_id"]
        for trial, (study, _) in enumerate(self._trials):
            if study == gone:
                self._add(trial, [Replace()])
        self._studies[gone][4] = True

    def _study_attribute(self, record: JsonMapping) -> None:
        names = record["system_attr"].get(METRIC_NAMES)
        if names is not None:
            self._studies[record["study_id"]][2] = names

    def _create_trial(self, record: JsonMapping) -> None:
        study = record["study_id"]
        number = self._studies[study][3]
        self._studies[study][3] = number + 1
        trial = len(self._trials)
        self._trials.append([study, number])
        state = STATES[record.get("state", 0)]
        if state == "WAITING":
            self._waiting.add(trial)
        else:
            self._begin(trial, record)
        self._take_whole(trial, record)
        if state not in ("WAITING", "RUNNING"):
            self._end(trial, state, record)

    def _begin(self, trial: int, record: JsonMapping) -> None:
        study, number = self._trials[trial]
        self._waiting.discard(trial)
        self._add(trial, self._study(study).opening(number, moment(record.get("datetime_start"))))
        self._add(trial, [state_of("RUNNING", math.nan)])

    def _take_whole(self, trial: int, record: JsonMapping) -> None:
        """What ``add_trial`` and ``enqueue_trial`` write of a trial at once."""
        distributions = record.get("distributions") or {}
        params = {
            name: parameter(value, distributions.get(name))
            for name, value in (record.get("params") or {}).items()
            if isinstance(value, (int, float))
        }
        if params:
            self._add(trial, [HParams(params)])
        for step, value in (record.get("intermediate_values") or {}).items():
            self._middle(trial, int(step), value)
        if record.get("user_attrs"):
            self._add(trial, [HParams(record["user_attrs"], "config")])

    def _param(self, record: JsonMapping) -> None:
        value = parameter(record["param_value_internal"], record["distribution"])
        self._add(record["trial_id"], [HParams({record["param_name"]: value})])

    def _set_state(self, record: JsonMapping) -> None:
        trial, state = record["trial_id"], STATES[record["state"]]
        if state == "RUNNING":
            self._begin(trial, record)
        elif state != "WAITING":
            self._end(trial, state, record)

    def _end(self, trial: int, state: str, record: JsonMapping) -> None:
        study, _ = self._trials[trial]
        at = moment(record.get("datetime_complete"))
        step = self._steps.pop(str(trial), None)
        values = [(i, float(value)) for i, value in enumerate(record.get("values") or ())]
        self._add(trial, self._study(study).values(values, step or 0, at))
        self._add(trial, [state_of(state, at, step)])

    def _intermediate(self, record: JsonMapping) -> None:
        self._middle(record["trial_id"], record["step"], record["intermediate_value"])

    def _middle(self, trial: int, step: int, value: float) -> None:
        self._steps[str(trial)] = max(step, self._steps.get(str(trial), step))
        self._add(trial, [Append(INTERMEDIATE, Points.of([step], [float(value)]))])

    def _attribute(self, record: JsonMapping) -> None:
        self._add(record["trial_id"], [HParams(record["user_attr"], "config")])


_OPERATIONS = {
    0: _Journal._create_study,
    1: _Journal._delete_study,
    3: _Journal._study_attribute,
    4: _Journal._create_trial,
    5: _Journal._param,
    6: _Journal._set_state,
    7: _Journal._intermediate,
    8: _Journal._attribute,
}
