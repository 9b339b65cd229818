"""What a person can do to a task, as edits of the to-do file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from runwatch.domain.errors import UserError
from runwatch.domain.intents import AddTask, EditTask, FinishTask, Intent, ReopenTask, SetPriority, SnoozeTask
from runwatch.domain.task import Task, What
from runwatch.tasks.document import LineEdit
from runwatch.tasks.todotxt import (
    LineError,
    added,
    complete,
    edited,
    parse,
    parse_with_places,
    reopen,
    repeated,
    tags_of,
    with_priority,
    with_tag,
)
from runwatch.text.safe import safe
from runwatch.text.units import plural

_MOST_CANDIDATES = 5
_EDITED = "changed"


class CommandRefused(UserError):
    """The person asked for something that cannot be done; the text says why and what to do instead."""


class TaskChange(msgspec.Struct, frozen=True):
    """One line changed (``edit``), what the history calls it, and the words for the person."""

    edit: LineEdit
    what: What
    message: str
    task: Task | None
    """The task as it was, None when it is new."""
    more: tuple[LineEdit, ...] = ()
    """What else changes with it."""
    warning: str = ""
    """What a person may not have thought of."""

    @property
    def edits(self) -> tuple[LineEdit, ...]:
        return (self.edit, *self.more)


def change(intent: Intent, lines: Sequence[str], today: date) -> TaskChange:
    """The change that ``intent`` asks for in a file of these lines. Raises ``CommandRefused``."""
    try:
        match intent:
            case AddTask(text=text):
                line = added(text, today)
                what: What = "done" if parse(line).done else "added"
                return TaskChange(LineEdit(None, line), what, f"added: {bare(parse(line))}", None)
            case FinishTask(id=id_):
                match = find(id_, lines, today, lambda t: not t.done, "is already done")
                return _finished(match, lines, today)
            case ReopenTask(id=id_):
                match = find(id_, lines, today, lambda t: t.done, "is not done")
                return _reopened(match, lines)
            case SnoozeTask(id=id_, until=until):
                match = find(id_, lines, today, lambda t: not t.done, "is already done")
                later = until.isoformat() if until > today else None
                words = f"snoozed until {later}" if later else "no longer snoozed"
                return _changed(match, lines, with_tag(match[1].line, "t", later), "snoozed", words)
            case EditTask(id=id_, text=text):
                match = find(id_, lines, today)
                return _changed(match, lines, edited(match[1].line, text, today), "edited", _EDITED)
            case SetPriority(id=id_, priority=priority):
                match = find(id_, lines, today)
                words = f"priority {priority}" if priority else "no priority"
                return _changed(match, lines, with_priority(match[1].line, priority), "edited", words)
    except LineError as error:
        raise CommandRefused(str(error)) from error
    raise CommandRefused(f"{type(intent).__name__} does not change the to-do list")


def find(
    query: str,
    lines: Sequence[str],
    today: date,
    eligible: Callable[[Task], bool] = lambda task: True,
    otherwise: str = "",
) -> tuple[int, Task]:
    """The task with this id, else the only eligible one whose text holds ``query`` (any case), with the
    place of its line. Raises ``CommandRefused``, naming the candidates."""
    tasks = list(parse_with_places(lines, today))
    fitting = [pair for pair in tasks if pair[1].id == query]
    if not fitting and query:
        fitting = [pair for pair in tasks if query.casefold() in pair[1].text.casefold()]
    if not fitting:
        raise CommandRefused(f"no task {safe(query, 60)!r}; runwatch tasks list shows them")
    able = [pair for pair in fitting if eligible(pair[1])]
    if not able and len(fitting) == 1:
        raise CommandRefused(f"{bare(fitting[0][1])!r} {otherwise}")
    if len(able) != 1:
        choice = [task for _, task in able or fitting]
        named = "; ".join(f"{safe(t.id)} {safe(t.text, 40)}" for t in choice[:_MOST_CANDIDATES])
        raise CommandRefused(f"{safe(query, 60)!r} matches {len(choice)} tasks; give the id of one: {named}")
    return able[0]


def _changed(match: tuple[int, Task], lines: Sequence[str], line: str, what: What, words: str) -> TaskChange:
    place, task = match
    nth = lines[:place].count(task.line)
    return TaskChange(
        LineEdit(task.line, line, nth),
        what,
        f"{words}: {bare(parse(line) if words == _EDITED else task)}",
        task,
    )


def _finished(match: tuple[int, Task], lines: Sequence[str], today: date) -> TaskChange:
    """Done, with the next occurrence of one that repeats; open subtasks (``p:`` of its ``id:``, and theirs)
    are named."""
    task = match[1]
    done, warnings = _changed(match, lines, complete(task.line, today), "done", "done"), []
    try:
        again = repeated(task.line, today)
    except LineError as error:
        again = None
        warnings.append(f"no next occurrence was added: {error}")
    if again is not None:
        days = tags_of(again)
        when = days.get("t") or days.get("due", "")
        done = replace(done, message=f"{done.message}; next time {when}", more=(LineEdit(None, again),))
    left = [
        sub for sub in _below(task, [each for _, each in parse_with_places(lines, today)]) if not sub.done
    ]
    if left:
        named = "; ".join(bare(sub) for sub in left[:_MOST_CANDIDATES])
        warnings.append(f"{plural(len(left), 'subtask')} still open: {named}")
    return replace(done, warning="; ".join(warnings))


def _reopened(match: tuple[int, Task], lines: Sequence[str]) -> TaskChange:
    """To do again; the next occurrence that finishing it added goes, unless somebody has changed it since."""
    line, day = reopen(match[1].line), match[1].completed
    done = _changed(match, lines, line, "reopened", "reopened")
    try:
        again = repeated(line, day) if day is not None else None
    except LineError:
        again = None
    if again is None or again not in lines:
        return done
    last = LineEdit(again, None, lines.count(again) - 1)
    return replace(done, message=f"{done.message}; its next occurrence is removed", more=(last,))


def _below(task: Task, tasks: Sequence[Task]) -> list[Task]:
    """Its subtasks and theirs, each once."""
    family, waiting = {task.id: task}, [task]
    while waiting:
        name = waiting.pop().tags.get("id")
        news = [t for t in tasks if name and t.tags.get("p") == name and t.id not in family]
        family |= {each.id: each for each in news}
        waiting += news
    return list(family.values())[1:]


def bare(task: Task) -> str:
    """A task's text without the keys that only runwatch reads, cut to 60 characters."""
    return safe(" ".join(w for w in task.text.split() if not w.startswith(("rw:", "by:runwatch"))), 60)
