"""What a person does with tasks, baseline and notes: each ends in an intent; and what takes it back."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from textual.app import SuspendNotSupported

from runwatch.domain.intents import (
    AddNote,
    AddTask,
    ClearBaseline,
    EditTask,
    FinishTask,
    Intent,
    IntentAnswer,
    PinBaseline,
    ReopenTask,
    SetPriority,
    SnoozeTask,
    Undo,
    root_of,
)
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import Task
from runwatch.show.screen import task as view_task
from runwatch.show.screen.tasks import TaskKey
from runwatch.text.safe import safe
from runwatch.ui.dialogs import AskLine, Menu
from runwatch.ui.host import Host
from runwatch.ui.messages import BaselineAction, NoteAction, TaskAction, TaskVerb

_PRIORITIES = (
    ("a", "A   first of all", "A"),
    ("b", "B   soon", "B"),
    ("c", "C   when there is time", "C"),
    ("d", "D", "D"),
    ("n", "no priority", ""),
)


def perform(host: Host, request: TaskAction | BaselineAction | NoteAction) -> None:
    """Do it, after a question where one belongs to it."""
    if isinstance(request, TaskAction):
        _of_task(host, request)
    elif isinstance(request, NoteAction):
        _note(host, request.run)
    elif request.run is None:
        host.say("choose a run first")
    elif request.action == "clear":
        host.submit_intent(ClearBaseline(request.run.root))
    else:
        _pin(host, request.run)


def _of_task(host: Host, request: TaskAction) -> None:
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


def _note(host: Host, run: RunKey) -> None:
    def note(text: str | None) -> None:
        if text and text.strip():
            host.submit_intent(AddNote(run.root, "run", run.id, text))

    hint = "what is worth knowing about it? #words are tags"
    host.ask(AskLine(f"note: {safe(run.id, 50)}", hint), note)


def _pin(host: Host, run: RunKey) -> None:
    def pin(reason: str | None) -> None:
        if reason is not None:
            host.submit_intent(PinBaseline(run, reason.strip()))

    hint = "why this one? Optional; kept in the history"
    host.ask(AskLine(f"baseline: {safe(run.id, 50)}", hint), pin)


def baseline_before(intent: Intent, snapshot: Snapshot | None) -> Intent | None:
    """What takes a change of the baseline back: the pin before it, else no pin."""
    if not isinstance(intent, PinBaseline | ClearBaseline):
        return None
    root = root_of(intent)
    before = snapshot.situation.baselines.get(root) if snapshot else None
    if before is not None and before.kind == "run" and before.source.startswith("pinned"):
        return PinBaseline(RunKey(root, before.name), before.reason, before.since)
    return ClearBaseline(root) if isinstance(intent, PinBaseline) else None


def undo_of(answer: IntentAnswer, back: Intent | None) -> Intent | None:
    """What takes back what was done: by the answer's own token, else ``back``."""
    if answer.undo and not isinstance(answer.intent, Undo):
        return Undo(root_of(answer.intent), answer.undo)
    return back


_DOES: Mapping[TaskVerb, Callable[[Host, TaskKey, Task], None]] = {
    "toggle": _toggle,
    "snooze": _snooze,
    "priority": _priority,
    "edit": _edit,
}
