"""``runwatch tasks --root HOST:PATH``: the list of a root on another machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runwatch.cli._options import since
from runwatch.cli._print_tasks import TaskOutcome, print_changes, print_history, print_list
from runwatch.domain.address import joined

if TYPE_CHECKING:
    from runwatch.domain.intents import Intent
    from runwatch.hosts.messages import Did, Events, Todo


def run(args: argparse.Namespace, intents: Sequence[Intent], now: float, today: date) -> int:
    """Raises UserError: the machine does not answer."""
    from runwatch.hosts.messages import AskHistory, AskTasks
    from runwatch.hosts.requests import asking

    with asking(args.root, args.config) as remote:

        def todo() -> Todo:
            answer: Todo = remote.ask(lambda number: AskTasks(number, remote.path))
            return answer

        if args.action == "history":
            began, answer = since(args.since, now), remote.ask(AskHistory)
            return print_history(args, _of_host(answer, remote.host, began), None, now)
        if not intents:
            listed = todo()
            return print_list(args, listed.listed, today, listed.silences, remote.host)
        outcomes = (_outcome(remote.do(replace(intent, root=remote.path))) for intent in intents)
        return print_changes(args, outcomes, lambda: todo().listed, remote.host)


def _of_host(events: Events, host: str, began: float) -> Events:
    """The newest last, with roots as they are called here."""
    return [(joined(host, root), event) for root, event in reversed(events) if event.at >= began]


def _outcome(did: Did) -> TaskOutcome:
    return TaskOutcome(did.ok, did.message, did.task)
