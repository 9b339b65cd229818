"""The to-do list for the command line: JSON, and a plain list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from runwatch.domain.task import Task, TaskList
from runwatch.text.jsonable import SCHEMA, fields, hparams
from runwatch.text.safe import safe
from runwatch.text.units import iso

_WIDTH = 100
_FIELDS = """line text priority done created completed due threshold projects contexts tags source fingerprint
    state"""


def task_json(task: Task, host: str | None = None) -> dict[str, object]:
    """One task, every field that docs/json.md names."""
    return {**fields(task, "id"), "host": host, **fields(task, _FIELDS)}


def tasks_json(
    listed: TaskList,
    tasks: Iterable[Task] | None = None,
    silences: Mapping[str, float] | None = None,
    host: str | None = None,
) -> dict[str, object]:
    """``tasks --json``: the whole file, or only ``tasks`` of it; what is silenced, until when; ``host``: the
    machine that the file is on, None: this one."""
    chosen = listed.tasks if tasks is None else tasks
    return {
        "schema": SCHEMA,
        "file": hparams(listed.file),
        "tasks": [task_json(task, host) for task in chosen],
        "beyond": listed.beyond,
        "older": listed.older,
        "notice": hparams(listed.notice),
        "silences": [{"match": hparams(m), "until": iso(end)} for m, end in (silences or {}).items()],
    }


def tasks_text(
    listed: TaskList, today: date, everything: bool = False, silences: Mapping[str, float] | None = None
) -> list[str]:
    """One line a task, the most urgent first; ``everything`` shows done and snoozed ones too. What is
    silenced is said: it opens no task."""
    shown = [task for task in listed.tasks if everything or task.state == "open"]
    shown.sort(key=lambda task: _urgency(task, today))
    lines = [_row(task, today) for task in shown]
    if not lines:
        lines.append("nothing pending")
    hidden = len(listed.tasks) - len(shown)
    if hidden:
        lines.append(f"({hidden} done, snoozed or hidden; --all shows them)")
    lines += [f"({silenced(match, until)})" for match, until in (silences or {}).items()]
    if listed.notice:
        lines.append(safe(listed.notice))
    return lines


def silenced(match: str, until: float) -> str:
    """ "silenced until 2026-11-25 22:00: run-stalled"."""
    return f"silenced until {datetime.fromtimestamp(until):%Y-%m-%d %H:%M}: {safe(match)}"


def _urgency(task: Task, today: date) -> tuple[bool, bool, bool, str, str]:
    due = task.due is not None and task.due <= today
    return task.state != "open", task.priority != "A", not due, task.priority or "~", str(task.due or "~")


def _row(task: Task, today: date) -> str:
    mark = "x" if task.done else f"({task.priority})" if task.priority else ""
    notes = []
    if task.due and not task.done:
        notes.append(
            "overdue" if task.due < today else "due today" if task.due == today else f"due {task.due}"
        )
    if task.state == "snoozed":
        notes.append(f"until {task.threshold}")
    elif task.state in ("resolved", "dismissed", "hidden"):
        notes.append(task.state)
    words = [word for word in task.text.split() if not word.startswith(("rw:", "by:runwatch", "due:", "t:"))]
    note = f"  [{', '.join(notes)}]" if notes else ""
    return f"{mark:<3} {safe(task.id):<10}  {safe(' '.join(words), _WIDTH)}{note}"
