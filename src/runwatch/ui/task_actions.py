"""What a person does with tasks: each ends in an intent."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from textual.app import SuspendNotSupported

from runwatch.domain.intents import AddTask, EditTask, FinishTask, ReopenTask, SetPriority, SnoozeTask
from runwatch.domain.task import Task
from runwatch.show.screen import task as view_task
from runwatch.show.screen.tasks import TaskKey
from runwatch.text.safe import safe
from runwatch.ui.host import Host
from runwatch.ui.messages import TaskAction, TaskVerb

_PRIORITIES = (
    ("a", "A   first of all", "A"),
    ("b", "B   soon", "B"),
    ("c", "C   when there is time", "C"),
    ("d", "D", "D"),
    ("n", "no priority", ""),
)


def perform_task_action(host: Host, request: TaskAction) -> None:
    """Do it, after a question where one belongs to it."""
    key = request.key
    if request.action == "add":
        _add(host, key)
        return
    task = view_task.find(host.snapshot, key) if host.snapshot and key else None
    if task is not None and key is not None:
        _DOES[request.action](host, key, task)


def _toggle(host: Host, key: TaskKey, task: Task) -> None:
    host.submit_intent(ReopenTask(key.root, key.id) if task.done else FinishTask(key.root, key.id))


def _add(host: Host, key: TaskKey | None) -> None:
    from runwatch.ui.dialogs import AskLine

    roots = list(host.snapshot.tasks) if host.snapshot else []
    root = key.root if key else roots[0] if roots else ""
    marks = view_task.marks(host.snapshot) if host.snapshot else ()

    def add(line: str | None) -> None:
        if line and line.strip():
            host.submit_intent(AddTask(line.strip(), root))

    hint = "(A) first of all +project @context due:2026-12-01 · → completes"
    host.ask(AskLine("new task", hint, marks=marks), add)


def snoozes(today: date) -> tuple[tuple[str, str, str], ...]:
    """The menu of days: key, words, ISO date ("" = ask for one)."""
    monday = today + timedelta(days=7 - today.weekday())
    days = (
        ("t", "tomorrow", today + timedelta(days=1)),
        ("m", "Monday", monday),
        ("w", "in a week", today + timedelta(days=7)),
    )
    menu = tuple((key, f"{name:<12} {day:%a %d %b}", day.isoformat()) for key, name, day in days)
    return (*menu, ("d", "a date …", ""))


def _snooze(host: Host, key: TaskKey, task: Task) -> None:
    from runwatch.ui.dialogs import AskLine, Menu

    today = datetime.fromtimestamp(host.settings.clock()).date()

    def until(day: str | None) -> None:
        if day == "":
            host.ask(AskLine("snooze until", "YYYY-MM-DD", check=_wrong_date), until)
        elif day:
            host.submit_intent(SnoozeTask(key.root, key.id, date.fromisoformat(day)))

    host.ask(Menu("snooze until", snoozes(today)), until)


def _wrong_date(text: str) -> str:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return "a date looks like 2026-12-01"
    return ""


def _priority(host: Host, key: TaskKey, task: Task) -> None:
    from runwatch.ui.dialogs import Menu

    def take(priority: str | None) -> None:
        if priority is not None:
            host.submit_intent(SetPriority(key.root, key.id, priority or None))

    host.ask(Menu("priority", _PRIORITIES), take)


def _edit(host: Host, key: TaskKey, task: Task) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        line = _edited(host, editor, task.line)
    except (OSError, ValueError, SuspendNotSupported) as error:
        host.say(f"{editor}: {error}", "error")
        return
    if line is not None and line != task.line:
        host.submit_intent(EditTask(key.root, key.id, line))


def _edited(host: Host, editor: str, line: str) -> str | None:
    """The line after a person edited it; None when it was emptied or the editor failed."""
    with tempfile.TemporaryDirectory(prefix="runwatch-") as folder:
        path = Path(folder) / "task.txt"
        path.write_text(line + "\n", encoding="utf-8", errors="surrogateescape")
        with host.suspend():
            code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    if code:
        host.say(f"{safe(editor)} ended with {code}: the task is unchanged", "warning")
        return None
    return next((result for result in map(str.strip, text.splitlines()) if result), None)


_DOES: Mapping[TaskVerb, Callable[[Host, TaskKey, Task], None]] = {
    "toggle": _toggle,
    "snooze": _snooze,
    "priority": _priority,
    "edit": _edit,
}
