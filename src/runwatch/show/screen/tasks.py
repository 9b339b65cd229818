"""Today's list as a person wants it: critical first, then due, then mine, then the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from runwatch.domain.situation import Snapshot
from runwatch.domain.task import Task
from runwatch.show.screen.findings import in_order, shortened
from runwatch.show.screen.view import (
    Span,
    TableView,
    Tone,
    ViewColumn,
    ViewRow,
    Words,
    bar,
    join,
    matches,
    no_match,
    plain,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.safe import safe

_COLUMNS = (
    ViewColumn("pri", "", 3),
    ViewColumn("task", "task", 26, grow=3),
    ViewColumn("where", "where", 14, grow=1, drop=2),
)
_PRIORITY_TONES: dict[str, Tone] = {"A": "bad", "B": "warn", "C": "info"}
_OWN_KEYS = ("rw", "by", "n", "res", "pri", "t", "due", "who")
_WORD = re.compile(r"\S+")


class TaskKey(NamedTuple):
    """Names one task of one root's file."""

    root: str
    id: str


class TasksAsk(msgspec.Struct, frozen=True):
    """What a person wants to see of the tasks; ``narrow``: the due day stands before the text, and where it
    belongs is left out, so that the text has all the room."""

    filter: str = ""
    finished: bool = False
    narrow: bool = False


def tasks(snapshot: Snapshot, ask: TasksAsk, today: date) -> TableView:
    """Open tasks in the order of the day; with ``finished`` today's done ones and the snoozed below."""
    chosen = [
        (root, task)
        for root, listed in snapshot.tasks.items()
        for task in listed.tasks
        if _wanted(task, ask, today) and (not ask.filter or matches(ask.filter, task.line))
    ]
    places = {finding.fingerprint: i for i, finding in enumerate(in_order(snapshot))}
    chosen.sort(key=lambda pair: _order(pair[1], today, places))
    rows = tuple(_row(root, task, today) for root, task in chosen)
    widest = max((len(plain(row.cells[3])) for row in rows), default=0)
    columns: tuple[ViewColumn, ...] = _COLUMNS
    if widest:
        columns = (*_COLUMNS, ViewColumn("due", "due", widest, right=True))
    if ask.narrow:
        columns, rows = _COLUMNS[:2], tuple(_narrow(row) for row in rows)
    return TableView(columns, rows, _nothing(snapshot, ask, today), progress(snapshot, today))


def _wanted(task: Task, ask: TasksAsk, today: date) -> bool:
    if is_open(task, today):
        return True
    return ask.finished and (task.completed == today or _snoozed(task, today))


def _snoozed(task: Task, today: date) -> bool:
    return not task.done and task.state != "hidden" and is_snoozed(task, today)


def is_snoozed(task: Task, today: date) -> bool:
    """Snoozed past today."""
    return task.threshold is not None and task.threshold > today


def is_open(task: Task, today: date) -> bool:
    """To be done now: neither finished nor snoozed."""
    return (
        not task.done
        and task.state not in ("resolved", "dismissed", "pending", "hidden")
        and not is_snoozed(task, today)
    )


def _order(task: Task, today: date, places: Mapping[str, int]) -> tuple[bool, int, date, bool, int, str, str]:
    """``places``: where each finding stands among the findings; their tasks stand in that order."""
    late = task.due is not None and task.due <= today
    group = 0 if task.priority == "A" else 1 if late else 2 if task.source == "manual" else 3
    place = places.get(task.fingerprint or "", len(places))
    ruled = task.source == "rule"
    return task.done, group, task.due or date.max, ruled, place, task.priority or "~", task.text


def _row(root: str, task: Task, today: date) -> ViewRow:
    tone: Tone = "muted" if task.done else _PRIORITY_TONES.get(task.priority or "", "plain")
    box = "✓" if task.done else "z" if is_snoozed(task, today) else "□"
    where = " ".join([*(f"+{p}" for p in task.projects), *(f"@{c}" for c in task.contexts)])
    again = task.tags.get("n")
    spans = words(
        text(bare(task), "muted" if task.done else "plain"),
        Span(f" again ×{safe(again)}", "warn") if again else "",
        Span(f" {safe(task.tags['who'])}", "info") if "who" in task.tags else "",
    )
    return ViewRow.of(
        TaskKey(root, task.id),
        text(f"{box} {task.priority or ' '}", tone),
        spans,
        text(where, "muted"),
        due(task, today),
    )


def _narrow(row: ViewRow) -> ViewRow:
    box, spans, _, when = row.cells
    return ViewRow.of(row.key, box, words(when, " ", spans) if when else spans)


def bare(task: Task) -> str:
    """A task's text without its +project, @context and our key:value marks."""
    words = [word for word in _WORD.findall(task.text) if not _is_mark(word)]
    if task.source == "rule":
        words = [shortened(word) if "/" in word else word for word in words]
    return " ".join(words) or task.text


def _is_mark(word: str) -> bool:
    key, colon, value = word.partition(":")
    return (word[0] in "+@" and len(word) > 1) or (bool(colon and value) and key in _OWN_KEYS)


def due(task: Task, today: date) -> Words:
    """When a task is due, in a word: "today", "3d late", "Fri", "12 Dec"."""
    if task.done:
        return text("done", "good")
    if is_snoozed(task, today) and task.threshold:
        return text(f"→ {_day(task.threshold, today)}", "muted")
    if task.due is None:
        return ()
    days = (task.due - today).days
    if days < 0:
        return text(f"{-days}d late", "bad")
    return text(_day(task.due, today), "warn" if days == 0 else "muted")


def _day(day: date, today: date) -> str:
    days = (day - today).days
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    return f"{day:%a}" if 0 < days < 7 else f"{day.day} {day:%b}" if abs(days) < 300 else f"{day:%Y-%m-%d}"


def progress(snapshot: Snapshot, today: date) -> Words:
    """The day in one line: done of all, overdue, snoozed, and what the file's keeper has to say."""
    every = [task for listed in snapshot.tasks.values() for task in listed.tasks]
    open_now = [task for task in every if is_open(task, today)]
    done = sum(listed.done_on(today) for listed in snapshot.tasks.values())
    parts: list[Words] = []
    if done or open_now:
        share = done / (done + len(open_now))
        span = Span(f" {done} of {done + len(open_now)} done today", "muted")
        parts.append(words(bar(share, 8, "good"), span))
    late = sum(task.due is not None and task.due < today for task in open_now)
    if late:
        parts.append(text(f"{late} overdue", "bad"))
    snoozed = sum(_snoozed(task, today) for task in every)
    if snoozed:
        parts.append(text(f"{snoozed} snoozed", "muted"))
    beyond = sum(listed.beyond for listed in snapshot.tasks.values())
    if beyond:
        parts.append(text(f"and {units.plural(beyond, 'more finding')}", "warn"))
    older = sum(listed.older for listed in snapshot.tasks.values())
    if older:
        parts.append(text(units.plural(older, "older finding"), "muted"))
    parts += [text(listed.notice, "warn") for listed in snapshot.tasks.values() if listed.notice]
    return join(parts)


def files(snapshot: Snapshot) -> Words:
    """Which to-do files are shown."""
    return join([text(shortened(listed.file, 40), "muted") for listed in snapshot.tasks.values()], ", ")


def _nothing(snapshot: Snapshot, ask: TasksAsk, today: date) -> tuple[Words, ...]:
    if ask.filter and any(listed.tasks for listed in snapshot.tasks.values()):
        return no_match("no task", ask.filter)
    if snapshot.watch.phase != "live" or snapshot.watch.waiting:
        return (text("nothing yet: still checking", "muted"),)
    done = sum(listed.done_on(today) for listed in snapshot.tasks.values())
    calm = f"Nothing pending. {units.plural(done, 'task')} done today." if done else "Nothing pending."
    return (
        (Span("✓ ", "good"), Span(calm, "strong")),
        text("a adds a task; findings add their own", "muted"),
    )


def summary(snapshot: Snapshot, today: date) -> Words:
    """Counts: "2 critical · 7 open"."""
    open_now = [t for listed in snapshot.tasks.values() for t in listed.tasks if is_open(t, today)]
    if not open_now and (snapshot.watch.phase != "live" or snapshot.watch.waiting):
        return ()
    if not open_now:
        return text("nothing pending", "good")
    critical = sum(task.priority == "A" for task in open_now)
    lead = (Span(f"{critical} critical", "bad"), Span(" · ", "muted")) if critical else ()
    return (*lead, Span(f"{len(open_now)} open", "muted"))
