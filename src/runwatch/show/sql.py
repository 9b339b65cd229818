"""What is known, as tables for SQL: a database in memory that nothing can be written to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from runwatch.domain.comparison import Comparison
from runwatch.domain.errors import UserError
from runwatch.domain.points import Points
from runwatch.domain.remark import Remark
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import TaskEvent
from runwatch.text.jsonable import finite, plain
from runwatch.text.jsonable import text as json_text
from runwatch.text.units import iso

Row = tuple[object, ...]

_COLUMNS = {
    "runs": "root run name status reason started updated step epoch points main_metric formats",
    "metrics": "root run metric last last_step best best_step min max count direction",
    "hparams": "root run name value",
    "verdicts": "root run baseline metric verdict is_primary baseline_value value delta ci_low ci_high "
    "p_adjusted reason",
    "findings": "root run rule severity subject summary advice fingerprint since",
    "drift": "root data column_name verdict effect p_adjusted sentence",
    "tasks": "root file id text priority state created due completed",
    "history": "root fingerprint at what by text severity",
    "notes": "root kind subject at by text tags",
    "points": "root run metric step at value",
}
TABLES: Mapping[str, tuple[str, ...]] = {name: tuple(columns.split()) for name, columns in _COLUMNS.items()}

_STEPS = 1_000_000
"""Of SQLite's machine, between two looks at signals: a few milliseconds."""


class Answer(NamedTuple):
    columns: Sequence[str]
    rows: Sequence[Row]


def query(
    sql: str,
    snapshot: Snapshot,
    history: Iterable[tuple[str, TaskEvent]],
    series: Callable[[RunKey, str], Points],
    noted: Iterable[tuple[str, Remark]] = (),
) -> Answer:
    """The answer to one SELECT over ``TABLES``. Series are filled in only when "points" is named. Raises
    UserError for what is no SELECT, or wrong; KeyboardInterrupt."""
    db = sqlite3.connect(":memory:")
    try:
        for name, rows in _rows(snapshot, history, series, noted, "points" in sql.lower()).items():
            columns = TABLES[name]
            db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
        db.commit()
        db.set_authorizer(_only_reading)
        db.set_progress_handler(lambda: 0, _STEPS)  # in Python, so that Ctrl-C is noticed
        cursor = db.execute(sql)
        if cursor.description is None:
            raise UserError("sql: no query given; try runwatch sql 'select * from runs'")
        return Answer([column[0] for column in cursor.description], cursor.fetchall())
    except (sqlite3.Error, sqlite3.Warning) as error:
        if str(error) == "interrupted":
            raise KeyboardInterrupt from None
        words = str(error).rstrip(".")
        raise UserError(f"sql: {words}; the tables are {', '.join(TABLES)}, see docs/sql.md") from None
    finally:
        db.close()


def _only_reading(action: int, *_: object) -> int:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY


def _rows(
    snapshot: Snapshot,
    history: Iterable[tuple[str, TaskEvent]],
    series: Callable[[RunKey, str], Points],
    noted: Iterable[tuple[str, Remark]],
    with_points: bool,
) -> dict[str, list[Row]]:
    situation = snapshot.situation
    made: dict[str, list[Row]] = {name: [] for name in TABLES}
    for run in situation.runs:
        key = (json_text(run.root), json_text(run.id))
        made["runs"].append((
            *key, json_text(run.name), run.status, json_text(run.status_reason), iso(run.started),
            iso(run.updated), run.step, run.epoch, run.points, run.main and json_text(run.main),
            " ".join(run.formats),
        ))  # fmt: skip
        for tag, m in run.metrics.items():
            values = (finite(m.last), m.last_step, finite(m.best), m.best_step, finite(m.min), finite(m.max))
            made["metrics"].append((*key, json_text(tag), *values, m.count, m.direction))
            if with_points:
                made["points"] += _points(key, tag, series(run.key, tag))
        made["hparams"] += [(*key, json_text(name), _cell(value)) for name, value in run.hparams.items()]
        if (comparison := situation.comparisons.get(run.key)) is not None:
            made["verdicts"] += _verdicts(key, comparison)
    for f in snapshot.findings:
        words = (f.rule, f.severity, json_text(f.place), json_text(f.summary), json_text(f.advice))
        run_id = json_text(f.run.id) if f.run else None
        made["findings"].append((json_text(f.root), run_id, *words, f.fingerprint, iso(f.since)))
    for data in situation.data:
        for c in data.latest.columns if data.latest else ():
            outcome = (c.verdict, finite(c.effect), finite(c.p_adjusted), json_text(c.sentence))
            made["drift"].append((json_text(data.root), json_text(data.name), json_text(c.name), *outcome))
    for root, listed in snapshot.tasks.items():
        for t in listed.tasks:
            days = (str(day) if day else None for day in (t.created, t.due, t.completed))
            task = (json_text(listed.file), json_text(t.id), json_text(t.text), t.priority, t.state)
            made["tasks"].append((json_text(root), *task, *days))
    for root, e in history:
        event = (e.what, e.by, json_text(e.text), e.severity)
        made["history"].append((json_text(root), json_text(e.fingerprint), iso(e.at), *event))
    for root, n in noted:
        cells = (json_text(n.subject), iso(n.at), json_text(n.by), json_text(n.text))
        made["notes"].append((json_text(root), n.kind, *cells, json_text(" ".join(n.tags))))
    return made


def _points(key: tuple[str, str], tag: str, points: Points) -> list[Row]:
    columns = (points.steps.tolist(), points.wall_times.tolist(), points.values.tolist())
    return [
        (*key, json_text(tag), step, iso(finite(wall)), finite(value))
        for step, wall, value in zip(*columns, strict=True)
    ]


def _verdicts(key: tuple[str, str], comparison: Comparison) -> list[Row]:
    return [
        (
            *key, json_text(comparison.baseline), json_text(m.name), m.verdict, int(m.primary),
            finite(m.baseline), finite(m.candidate), finite(m.delta),
            *((finite(end) for end in m.ci) if m.ci else (None, None)),
            finite(m.p_adjusted), json_text(m.reason),
        )
        for m in comparison.metrics
    ]  # fmt: skip


def _cell(value: object) -> object:
    """A setting as a cell: numbers and texts as they are, tables and lists as JSON."""
    made = plain(value)
    return (
        made if made is None or isinstance(made, str | int | float) else json.dumps(made, ensure_ascii=False)
    )
