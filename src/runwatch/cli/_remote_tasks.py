"""``runwatch tasks --root HOST:PATH``: the list of a root on another machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from runwatch.domain.intents import Intent
    from runwatch.hosts.requests import RemoteRoot


def run(args: argparse.Namespace, intents: Sequence[Intent], now: float, today: date) -> int:
    """Raises UserError: the machine does not answer."""
    from runwatch.hosts.requests import asking

    with asking(args.root, args.config) as there:
        if args.action == "history":
            return _history(args, there, now)
        return _change(args, there, intents) if intents else _list(args, there, today)


def _list(args: argparse.Namespace, there: RemoteRoot, today: date) -> int:
    from runwatch.cli._output import print_json, print_text
    from runwatch.hosts.messages import AskTasks, Todo
    from runwatch.show.tasks import tasks_json, tasks_text

    todo: Todo = there.ask(lambda number: AskTasks(number, there.path))
    if args.json:
        print_json(tasks_json(todo.listed, silences=todo.silences, host=there.host))
    else:
        print_text("\n".join(tasks_text(todo.listed, today, args.all, todo.silences)))
    return 0


def _change(args: argparse.Namespace, there: RemoteRoot, intents: Sequence[Intent]) -> int:
    from runwatch.cli._output import print_json
    from runwatch.hosts.messages import AskTasks, Todo
    from runwatch.show.tasks import tasks_json
    from runwatch.text.safe import safe

    changed, failed = [], False
    for intent in intents:
        did = there.do(replace(intent, root=there.path))
        failed = failed or not did.ok
        if did.task:
            changed.append(did.task)
        if not did.ok:
            print(f"runwatch: {there.host}: {safe(did.message)}", file=sys.stderr)
        elif not args.json:
            print(f"{safe(did.message)}{f'  [{safe(did.task.id)}]' if did.task else ''}")
    if args.json:
        todo: Todo = there.ask(lambda number: AskTasks(number, there.path))
        print_json(tasks_json(todo.listed, changed, host=there.host))
    return 1 if failed else 0


def _history(args: argparse.Namespace, there: RemoteRoot, now: float) -> int:
    from runwatch.cli import UsageError
    from runwatch.cli._output import print_json, print_text
    from runwatch.domain.address import joined
    from runwatch.hosts.messages import AskHistory, Events
    from runwatch.show.brief import since_moment
    from runwatch.show.history import history_json, history_text
    from runwatch.store.state import HistoryEntry

    try:
        since = since_moment(args.since, now)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from None
    answer: Events = there.ask(AskHistory)
    events = [
        HistoryEntry(joined(there.host, root), event) for root, event in reversed(answer) if event.at >= since
    ]
    if args.json:
        print_json(history_json(events))
    else:
        print_text("\n".join(history_text(events, now)))
    return 0
