"""``runwatch tasks``."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from typing import TYPE_CHECKING

from runwatch.cli import UsageError
from runwatch.cli._options import one_root, since
from runwatch.cli._output import print_problems
from runwatch.cli._print_tasks import TaskOutcome, print_changes, print_history, print_list

if TYPE_CHECKING:
    from runwatch.domain.intents import Intent, IntentAnswer
    from runwatch.domain.task import Task
    from runwatch.store.state import State
    from runwatch.tasks.file import TodoFile

NAME = "tasks"
HELP = """Show and change the to-do list (a todo.txt file).

  runwatch tasks                              list open tasks
  runwatch tasks add "(B) retrain +churn due:2026-12-01"
  runwatch tasks done 3f9a2c71d0 report       by id, or any part of the text that matches one task only
  runwatch tasks reopen ID
  runwatch tasks snooze ID tomorrow           or monday, 2026-12-01, 3d, 2w
  runwatch tasks edit ID TEXT                 dates, priority and keys that TEXT leaves out stay
  runwatch tasks priority ID A|none
  runwatch tasks archive                      move finished tasks to done.txt next to the list
  runwatch tasks silence MATCH 4h             no task, no alert for a fingerprint, rule or run
  runwatch tasks history --since 7d           who did what, and how long it took"""

_USES = {
    "list": "takes no arguments; runwatch tasks list",
    "add": "the text is missing; runwatch tasks add TEXT",
    "done": "the task is missing; runwatch tasks done ID",
    "reopen": "the task is missing; runwatch tasks reopen ID",
    "snooze": "task or day is missing; runwatch tasks snooze ID tomorrow",
    "edit": "task or text is missing; runwatch tasks edit ID TEXT",
    "priority": "give a task and a letter; runwatch tasks priority ID A",
    "silence": "give what and how long; runwatch tasks silence RULE 4h",
    "history": "takes no arguments; runwatch tasks history --since 7d",
    "archive": "takes no arguments; runwatch tasks archive",
}
"""What can be done, with how it is used: for whoever uses it otherwise."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", default="list", choices=tuple(_USES), metavar="COMMAND")
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="what the command needs: a task's text, id or date"
    )
    where = parser.add_mutually_exclusive_group()
    one_root(where, "root whose list to use")
    where.add_argument("--file", help="a todo.txt file")
    parser.add_argument("--all", action="store_true", help="also list done, snoozed and hidden tasks")
    parser.add_argument("--since", default="400d", help="history: since when (7d, yesterday, 2026-11-01)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    # "tasks done --json ID": options may stand between the words


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.naming import is_elsewhere
    from runwatch.store.state import open_state
    from runwatch.tasks.file import TodoError
    from runwatch.tasks.task_list import RootTaskList

    now = time.time()
    today = date.fromtimestamp(now)
    intents = _intents(args, now, today)
    if args.root and is_elsewhere(args.root):
        from runwatch.cli import _remote_tasks

        return _remote_tasks.run(args, intents, now, today)
    with open_state() as state:
        if state.notice:
            print(f"runwatch: {state.notice}", file=sys.stderr)
        if state.in_memory and args.action == "silence":
            return 1
        try:
            root, file = _place(args, state)
            if args.action == "history":
                return _history(args, state, root, now)
            task_list = RootTaskList(state, root, file, keeps_unsaved=False)
            if not intents:
                return print_list(args, task_list.current(today), today, state.silences(root, now))
            outcomes = (_outcome(*task_list.perform(intent, now, today)) for intent in intents)
            return print_changes(args, outcomes, lambda: task_list.current(today))
        except TodoError as error:
            print(f"runwatch: {error}", file=sys.stderr)
            return 1


def _intents(args: argparse.Namespace, now: float, today: date) -> list[Intent]:
    """What is asked for; raises UsageError."""
    from runwatch.domain import intents as ask
    from runwatch.tasks.when import future_day

    words: list[str] = args.words
    try:
        match args.action, words:
            case (("list" | "history"), []):
                return []
            case "archive", []:
                return [ask.ArchiveTasks("")]
            case "add", [_, *_]:
                return [ask.AddTask(" ".join(words), "")]
            case "done", [_, *_]:
                return [ask.FinishTask("", word) for word in words]
            case "reopen", [_, *_]:
                return [ask.ReopenTask("", word) for word in words]
            case "snooze", [id_, *day] if day:
                return [ask.SnoozeTask("", id_, future_day(" ".join(day), today))]
            case "edit", [id_, *text] if text:
                return [ask.EditTask("", id_, " ".join(text))]
            case "priority", [id_, letter]:
                return [ask.SetPriority("", id_, None if letter.lower() == "none" else letter.upper())]
            case "silence", [match, span] if match:
                return [ask.Silence("", match, _until(span, now, today))]
    except ValueError as error:
        raise UsageError(f"tasks {args.action}: {error}") from None
    raise UsageError(f"tasks {args.action}: {_USES[args.action]}")


def _until(span: str, now: float, today: date) -> float:
    from datetime import datetime

    from runwatch.tasks.when import future_day
    from runwatch.text.durations import seconds

    length = seconds(span)
    if length is not None:
        return now + length
    return datetime.combine(future_day(span, today), datetime.min.time()).timestamp()


def _place(args: argparse.Namespace, state: State) -> tuple[str, TodoFile]:
    """The root's identity and its to-do file. ``add --root`` makes one inside the root."""
    from pathlib import Path

    from runwatch.monitor.session import root_state
    from runwatch.system.folders import lock_dir
    from runwatch.system.identity import root_identity
    from runwatch.tasks.file import TodoFile, move_into

    locks = lock_dir()
    if args.file:
        path = Path(args.file).expanduser().absolute()
        return root_identity(str(path.parent)), TodoFile(path, locks)
    root, settings, place = root_state(state, args.root, args.config)
    print_problems([settings], place.problem)
    file = place.todo_file()
    if place.private and place.problem is None and args.root and args.action == "add":
        own = TodoFile(Path(root) / "todo.txt", locks)
        move_into(own, file)
        return place.identity, own
    return place.identity, file


def _outcome(answer: IntentAnswer, task: Task | None) -> TaskOutcome:
    return TaskOutcome(answer.ok, answer.message, task, answer.warning)


def _history(args: argparse.Namespace, state: State, root: str, now: float) -> int:
    began = since(args.since, now)
    roots = [root] if args.root or args.file else None
    return print_history(args, state.history(roots, began), state.remarks(roots or [root], began), now)
