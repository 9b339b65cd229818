"""Ax's store in SQLite: experiments, their trials, arms, metrics and tables of data. Times are whole seconds
since the epoch."""

from __future__ import annotations

import sqlite3

from runwatch.readers import limits
from runwatch.readers.ax._trial import Trial
from runwatch.readers.common import bounded_json, sqlite
from runwatch.readers.common.column_names import clock

TABLES = frozenset({"experiment_v2", "trial_v2", "data_v2", "generator_run_v2", "arm_v2", "metric_v2"})
_STATES = {2: "FAILED", 3: "COMPLETED", 4: "RUNNING", 5: "ABANDONED", 7: "EARLY_STOPPED"}
"""``TrialStatus`` by its number; candidates and staged trials have not begun."""
_MOST = limits.TAGS


def trials_of(store: sqlite.StorePass) -> list[Trial]:
    """The newest trials of all experiments."""
    connection = store.db
    if not {"index", "status", "experiment_id", "time_completed"} <= sqlite.columns(connection, "trial_v2"):
        raise ValueError("not a store of Ax: the table trial_v2 lacks its columns")
    experiments = {
        key: str(name)[:512]
        for key, name in connection.execute("SELECT id, name FROM experiment_v2 LIMIT ?", (_MOST,))
    }
    better = _directions(connection)
    arms, tables = _arms(store), _tables(store)
    rows = connection.execute(
        'SELECT id, experiment_id, "index", status, time_run_started, time_completed FROM trial_v2'
        " ORDER BY id DESC LIMIT ?",
        (_MOST,),
    )
    trials = [
        Trial(
            experiments[experiment],
            number=str(number),
            state=_STATES.get(status, ""),
            started=clock(started),
            ended=clock(ended),
            arms=arms.get(key, {}),
            lower_is_better=better.get(experiment, {}),
            table=tables.get((experiment, number)),
        )
        for key, experiment, number, status, started, ended in rows
        if experiment in experiments
    ]
    return trials[::-1]


def _directions(connection: sqlite3.Connection) -> dict[int, dict[str, bool]]:
    """By experiment, whether lower is better: as the objective says, else as the metric does."""
    better: dict[int, dict[str, bool]] = {}
    rows = connection.execute(
        "SELECT experiment_id, substr(name, 1, 512), coalesce(minimize, lower_is_better) FROM metric_v2"
        " WHERE experiment_id IS NOT NULL ORDER BY minimize IS NOT NULL LIMIT ?",
        (_MOST,),
    )
    for experiment, name, low in rows:
        if low in (0, 1):
            better.setdefault(experiment, {})[str(name)] = bool(low)
    return better


def _arms(store: sqlite.StorePass) -> dict[int, dict[str, dict[str, object]]]:
    """The arms' parameters by trial."""
    got = store.rows(
        "SELECT a.id, g.trial_id, substr(a.name, 1, 512), a.parameters FROM arm_v2 a"
        " JOIN generator_run_v2 g ON g.id = a.generator_run_id WHERE a.id > ? ORDER BY a.id LIMIT ?",
        "arm_v2",
        most=_MOST,
    )
    arms: dict[int, dict[str, dict[str, object]]] = {}
    for _, trial, name, text in got.found:
        try:
            parameters = bounded_json.parse(str(text))
        except ValueError:
            continue
        if isinstance(parameters, dict):
            arms.setdefault(trial, {})[str(name)] = parameters
    return arms


def _tables(store: sqlite.StorePass) -> dict[tuple[int, int], str]:
    """The newest table of data by experiment and trial."""
    got = store.rows(
        "SELECT id, experiment_id, trial_index, data_json FROM data_v2 WHERE id > ? ORDER BY id LIMIT ?",
        "data_v2",
        most=_MOST,
    )
    return {(experiment, trial): text for _, experiment, trial, text in got.found}
