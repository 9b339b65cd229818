"""What ``runwatch tasks`` prints, of a list here or on another machine (``host``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from runwatch.cli._output import print_json, print_text
from runwatch.text.safe import safe
from runwatch.text.units import moment

if TYPE_CHECKING:
    from runwatch.domain.remark import Remark
    from runwatch.domain.task import Task, TaskEvent, TaskList


class TaskOutcome(NamedTuple):
    """What became of one change; ``task``: as it is now, None where it is gone or there is none."""

    ok: bool
    message: str
    task: Task | None
    warning: str = ""


def print_list(
    args: argparse.Namespace,
    listed: TaskList,
    today: date,
    silences: Mapping[str, float],
    host: str | None = None,
) -> int:
    from runwatch.show.tasks import tasks_json, tasks_text

    if args.json:
        print_json(tasks_json(listed, silences=silences, host=host))
    else:
        print_text("\n".join(tasks_text(listed, today, args.all, silences)))
    if host is None and not listed.writable and listed.notice:
        print(f"runwatch: {listed.notice}", file=sys.stderr)
        return 1
    return 0


def print_changes(
    args: argparse.Namespace,
    outcomes: Iterable[TaskOutcome],
    current: Callable[[], TaskList],
    host: str | None = None,
) -> int:
    """``current``: the list as it is after all changes."""
    from runwatch.show.tasks import tasks_json

    changed, failed = [], False
    for ok, message, task, warning in outcomes:
        failed = failed or not ok
        if task:
            changed.append(task)
        if not ok:
            print(f"runwatch: {host + ': ' if host else ''}{safe(message)}", file=sys.stderr)
        elif args.json and warning:
            print(f"runwatch: warning: {safe(warning)}", file=sys.stderr)
        elif not args.json:
            print(f"{safe(message)}{f'  [{safe(task.id)}]' if task else ''}")
    if args.json:
        print_json(tasks_json(current(), changed, host=host))
    return 1 if failed else 0


def print_history(
    args: argparse.Namespace,
    events: Sequence[tuple[str, TaskEvent]],
    notes: Sequence[tuple[str, Remark]] | None,
    now: float,
) -> int:
    """``notes`` None: not known of another machine."""
    from runwatch.show.history import history_json, history_text
    from runwatch.show.remarks import line, remark_json

    if args.json:
        extra = {} if notes is None else {"notes": [remark_json(*note) for note in notes]}
        print_json({**history_json(events), **extra})
        return 0
    print_text("\n".join(history_text(events, now)))
    for _, remark in notes or ():
        print_text(f"{moment(remark.at, now):>16}  {'note':<28}  {safe(line(remark, now), 90)}")
    return 0
