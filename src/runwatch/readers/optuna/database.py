"""Optuna's SQLite storage, of 4.x and 5.x. A study is a group, each of its trials a run
``<file>#<study>/<number>`` with its state, objectives, parameters and intermediate values.

Times stand without a zone: 5.x writes UTC, 4.x the local time of its machine."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from typing import Any

from runwatch.domain.operations import Append, HParams, Operation, Replace
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import sqlite
from runwatch.readers.common.column_names import moment
from runwatch.readers.optuna._study import INTERMEDIATE, METRIC_NAMES, Study, parameter, parsed, state_of

NAME = "optuna"
LOOKS_FOR = ("*.db", "*.sqlite", "*.sqlite3", "*.db3")
ROWS = 50_000

_TABLES = frozenset({"studies", "trials", "trial_params", "trial_values", "version_info"})
_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}
_UTC_SINCE = 5


def claim(listing: Listing) -> Iterable[Claim]:
    return sqlite.claims(listing, NAME, NAME, _TABLES)


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return sqlite.read(source, cursor, lambda connection: _Database(connection, source, cursor).read())


class _Database(sqlite.StorePass):
    """State: ``trial`` the last trial known, ``open`` those that were not over; ``param``,
    ``value``, ``middle``, ``attr``: the last row read of each table; ``studies``: how many there were."""

    def __init__(self, connection: sqlite3.Connection, source: SourceFile, cursor: Cursor | None) -> None:
        super().__init__(connection, source, cursor)
        if not {"trial_id", "number", "study_id", "state"} <= sqlite.columns(connection, "trials"):
            raise ValueError("not an Optuna storage: the table trials lacks its columns")
        self._utc = self._major() >= _UTC_SINCE
        self._studies = self._known_studies()

    def read(self) -> Reading:
        self._forget_deleted()
        more = self._trials()
        if not more:
            more = any([self._params(), self._middle(), self._values(), self._attributes()])
        return self.reading(more)

    def _major(self) -> int:
        row = self.db.execute("SELECT substr(library_version, 1, 40) FROM version_info").fetchone()
        head = str(row[0]).partition(".")[0] if row else ""
        return int(head) if head.isdecimal() else 0

    def _known_studies(self) -> dict[int, Study]:
        directions: dict[int, list[str]] = {}
        for study, word in self.db.execute(
            "SELECT study_id, direction FROM study_directions ORDER BY study_id, objective LIMIT ?", (ROWS,)
        ):
            directions.setdefault(study, []).append(str(word))
        names: dict[int, object] = {}
        table = "study_system_attributes"
        attributes = (
            f"SELECT rowid, study_id, key, value_json FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
        )
        for _, study, key, text in self.rows(attributes, table, most=ROWS).found:
            if key == METRIC_NAMES:
                names[study] = parsed(text)
        studies = "SELECT study_id, study_name FROM studies WHERE study_id > ? ORDER BY study_id LIMIT ?"
        return {
            study: Study(str(name)[:512], directions.get(study) or ["NOT_SET"], names.get(study))
            for study, name in self.rows(studies, "studies", most=ROWS).found
        }

    def _forget_deleted(self) -> None:
        """A study that was deleted takes its trials along: the rest is read anew then."""
        highest, count = self.db.execute("SELECT max(trial_id), count(*) FROM trials").fetchone()
        names = {str(key): study.name for key, study in self._studies.items()}
        known: dict[str, list[object]] = self.state.get("studies", {})
        gone = any(names.get(key) != name for key, (name, _) in known.items())
        if gone or (highest or 0) < self.state.get("trial", 0) or count < self.state.get("count", 0):
            for name, trials in known.values():
                for number in range(int(str(trials))):
                    self.add(f"{name}/{number}", Replace())
            self.state = {}
        trials_of = dict(self.db.execute("SELECT study_id, max(number) + 1 FROM trials GROUP BY study_id"))
        self.state["studies"] = {key: [name, trials_of.get(int(key)) or 0] for key, name in names.items()}
        self.state["count"] = count

    def _say(self, study: int, number: object, *operations: Operation) -> None:
        known = self._studies.get(study)
        if known is not None:
            self.add(f"{known.name}/{number}", *operations)

    def _trials(self) -> bool:
        """New trials, and those that were not over when they were last looked at."""
        last = self.state.get("trial", 0)
        columns = "trial_id, study_id, number, state, datetime_start, datetime_complete"
        rows = self.db.execute(
            f"SELECT {columns} FROM trials WHERE trial_id > ? ORDER BY trial_id LIMIT ?", (last, ROWS)
        ).fetchall()
        known = dict(self.state.get("open", ()))
        for trial in known:
            rows += self.db.execute(f"SELECT {columns} FROM trials WHERE trial_id = ?", (trial,)).fetchall()
        still: list[list[object]] = []
        for trial, study, number, state, start, end in rows:
            began = moment(start, self._utc)
            if study in self._studies and known.get(trial) in (None, "WAITING") and state != "WAITING":
                self._say(study, number, *self._studies[study].opening(number, began))
            if state != known.get(trial) and state != "WAITING":
                ended = moment(end, self._utc)
                self._say(study, number, state_of(str(state), ended, self._step(trial, state)))
            if state in ("RUNNING", "WAITING"):
                still.append([trial, state])
        self.state["open"] = still
        self.state["trial"] = max([last, *(row[0] for row in rows)])
        return len(rows) >= ROWS

    def _step(self, trial: int, state: str) -> int | None:
        if state != "PRUNED":
            return None
        newest = self.db.execute(
            "SELECT max(step) FROM trial_intermediate_values WHERE trial_id = ?", (trial,)
        ).fetchone()
        return newest[0] if newest else None

    def _new(self, key: str, table: str, row: str, columns: str) -> list[Any]:
        """The rows of ``table`` since the last one read, with the study and the number of their trial."""
        select = (
            f"SELECT {row}, study_id, number, {columns} FROM {table} JOIN trials USING (trial_id)"
            f" WHERE {row} > ? ORDER BY {row} LIMIT ?"
        )
        got = self.rows(select, table, self.state.get(key, 0), ROWS)
        if got.found or got.large:
            self.state[key] = got.last
        return got.found

    def _params(self) -> bool:
        columns = "param_name, param_value, distribution_json"
        rows = self._new("param", "trial_params", "param_id", columns)
        params: dict[tuple[int, int], dict[str, object]] = {}
        for _, study, number, name, value, distribution in rows:
            if isinstance(value, (int, float)) and len(str(name)) <= 512:
                params.setdefault((study, number), {})[str(name)] = parameter(value, distribution)
        for (study, number), values in params.items():
            self._say(study, number, HParams(values))
        return len(rows) >= ROWS

    def _middle(self) -> bool:
        table = "trial_intermediate_values"
        columns = "step, intermediate_value" + self._kind(table, "intermediate_value_type")
        rows = self._new("middle", table, "trial_intermediate_value_id", columns)
        points: dict[tuple[int, int], tuple[list[int], list[float]]] = {}
        for _, study, number, step, value, kind in rows:
            if isinstance(step, int):
                steps, values = points.setdefault((study, number), ([], []))
                steps.append(step)
                values.append(_value(value, kind))
        for (study, number), (steps, values) in points.items():
            self._say(study, number, Append(INTERMEDIATE, Points.of(steps, values)))
        return len(rows) >= ROWS

    def _values(self) -> bool:
        columns = (
            "objective, value, datetime_complete,"
            " (SELECT max(step) FROM trial_intermediate_values m WHERE m.trial_id = trials.trial_id)"
            + self._kind("trial_values", "value_type")
        )
        rows = self._new("value", "trial_values", "trial_value_id", columns)
        for _, study, number, objective, value, end, step, kind in rows:
            if study in self._studies and isinstance(objective, int):
                values, at = [(objective, _value(value, kind))], moment(end, self._utc)
                self._say(study, number, *self._studies[study].values(values, step or 0, at))
        return len(rows) >= ROWS

    def _attributes(self) -> bool:
        rows = self._new("attr", "trial_user_attributes", "trial_user_attribute_id", "key, value_json")
        for _, study, number, key, text in rows:
            if len(str(key)) <= 512 and len(str(text)) <= 64 * limits.KIB:
                self._say(study, number, HParams({str(key): parsed(text)}, "config"))
        return len(rows) >= ROWS

    def _kind(self, table: str, column: str) -> str:
        """The column that says infinite or NaN, which older files lack."""
        return f", {column}" if column in sqlite.columns(self.db, table) else ", 'FINITE'"


def _value(value: object, kind: object) -> float:
    return float(value) if isinstance(value, (int, float)) else _SPECIAL.get(str(kind), math.nan)
