"""One line of a todo.txt file: read it, and change it with as few bytes as can be.

The format: https://github.com/todotxt/todo.txt (priority ``(A) `` only at the very start, ``x `` for done,
then the completion and the creation date, ``+project`` and ``@context`` after white space, ``key:value``).
Lines come in without their line ending. All functions are pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec
from msgspec.structs import replace

from runwatch.domain.task import Task, TaskState
from runwatch.tasks.when import day, future_day, next_time

_PRIORITY = re.compile(r"\(([A-Z])\) ")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?: |$)")
_TAG = re.compile(r"([^\s:+@][^\s:]*):([^\s:]+)")
_ID_DIGITS = 8


class Head(msgspec.Struct, frozen=True):
    """What stands before a line's text."""

    done: bool = False
    priority: str | None = None
    completed: date | None = None
    created: date | None = None


class LineError(ValueError):
    """A change that would give the line another meaning; the message says what is wrong and what to do."""


def split(line: str) -> tuple[Head, str]:
    """A line's head and its text, the text byte for byte as it stands."""
    done = line.startswith("x ")
    rest = line[2:] if done else line
    priority = None
    if match := _PRIORITY.match(rest):
        priority, rest = match[1], rest[match.end() :]
    dates: list[date] = []
    while len(dates) < (2 if done else 1):
        first, rest = _leading_date(rest)
        if first is None:
            break
        dates.append(first)
    if not done:
        return Head(False, priority, None, dates[0] if dates else None), rest
    completed, created, *_ = [*dates, None, None]
    return Head(True, priority, completed, created), rest


def join(head: Head, text: str) -> str:
    """The line of ``head`` and ``text``. Raises ``LineError`` when the line would not read back as they are
    (a text that begins like a mark, a priority or a date)."""
    parts = ["x"] if head.done else []
    if head.priority:
        parts.append(f"({head.priority})")
    parts += [day.isoformat() for day in (head.completed, head.created) if day]
    line = " ".join([*parts, text])
    if split(line) != (head, text):
        raise LineError("the text would be read as a mark, a priority or a date; begin it with another word")
    return line


def parse(line: str, today: date | None = None) -> Task:
    """The task of one line. ``id`` of a line with no ``rw:`` is a hash of its text without completion mark,
    dates, priority and ``pri:``. ``today`` decides whether ``t:`` hides it (no date: it does not); ``h:1``
    always does."""
    head, text = split(line)
    tags = tags_of(text)
    ours = "rw" in tags and tags.get("by") == "runwatch"
    threshold = day(tags.get("t"))
    snoozed = threshold is not None and today is not None and threshold > today
    return Task(
        id=tags.get("rw") or _hash(text),
        line=line,
        text=text,
        priority=head.priority,
        done=head.done,
        created=head.created,
        completed=head.completed,
        due=day(tags.get("due")),
        threshold=threshold,
        projects=_marked(text, "+"),
        contexts=_marked(text, "@"),
        tags=tags,
        source="rule" if ours else "manual",
        fingerprint=tags.get("rw"),
        state=_state(head.done, ours and tags.get("res") == "auto", tags.get("h") == "1", snoozed),
    )


def parse_all(lines: Iterable[str], today: date | None = None) -> tuple[Task, ...]:
    """The tasks of a file's lines, in order; blank lines and ``# comments`` are none. The second task with
    an id gets ``-2`` behind it, the third ``-3``."""
    return tuple(task for _, task in parse_with_places(lines, today))


def parse_with_places(lines: Iterable[str], today: date | None = None) -> Iterator[tuple[int, Task]]:
    """``parse_all``'s tasks, each with the place of its line (0 = the first line)."""
    seen: dict[str, int] = {}
    for place, line in enumerate(lines):
        if not is_task(line):
            continue
        task = parse(line, today)
        seen[task.id] = turn = seen.get(task.id, 0) + 1
        yield place, task if turn == 1 else replace(task, id=f"{task.id}-{turn}")


def is_task(line: str) -> bool:
    """Whether a line is a task: neither blank nor a comment."""
    return bool(line.strip()) and line != "#" and not line.startswith("# ")


def complete(line: str, today: date, auto: bool = False) -> str:
    """The line, done today: the priority is kept as ``pri:A``; ``auto`` marks that the finding cleared."""
    head, text = split(line)
    if head.done:
        return line
    if head.priority:
        text = set_tag(text, "pri", head.priority)
    if auto:
        text = set_tag(text, "res", "auto")
    return join(Head(True, None, today, head.created), text)


def reopen(line: str) -> str:
    """The line, to do again: the priority comes back from ``pri:``, ``res:auto`` goes."""
    head, text = split(line)
    if not head.done:
        return line
    old_priority = tags_of(text).get("pri", "")
    priority = head.priority or (old_priority if re.fullmatch("[A-Z]", old_priority) else None)
    text = drop_tag(drop_tag(text, "res"), "pri") if priority else drop_tag(text, "res")
    return join(Head(False, priority, None, head.created), text)


def with_priority(line: str, priority: str | None) -> str:
    """The line with another priority (A to Z) or none; on a done line it is the ``pri:`` tag."""
    if priority is not None and not re.fullmatch("[A-Z]", priority):
        raise LineError(f"priority {priority!r} is not a priority; give one letter from A to Z")
    head, text = split(line)
    if head.done:
        text = set_tag(text, "pri", priority) if priority else drop_tag(text, "pri")
        return join(replace(head, priority=None), text)
    return join(replace(head, priority=priority), text)


def with_tag(line: str, key: str, value: str | None) -> str:
    """The line with ``key:value`` (changed where it stands, else at the end), or without it."""
    head, text = split(line)
    return join(head, drop_tag(text, key) if value is None else set_tag(text, key, value))


def edited(line: str, text: str, today: date) -> str:
    """``line`` with its text replaced by ``text``, which is read as ``typed`` does; what ``text`` leaves out
    (priority, dates, projects, contexts, tags) is kept from ``line``."""
    old, old_text = split(line)
    new, new_text = typed(text, today)
    head = Head(
        done=old.done or new.done,
        priority=new.priority or old.priority,
        completed=new.completed or old.completed,
        created=new.created or old.created,
    )
    return join(head, _preserved(old_text, new_text))


def added(text: str, today: date) -> str:
    """A new line for what a person typed, with today's date when it has none. Raises ``LineError``."""
    head, rest = typed(text, today)
    return join(head if head.done else replace(head, created=head.created or today), rest)


def typed(text: str, today: date) -> tuple[Head, str]:
    """What a person typed, read as todo.txt: ``due:`` and ``t:`` may say ``tomorrow``, ``friday`` or ``3d``.
    Raises ``LineError`` for an empty text, a day or repetition that is none, and for "x marks the spot": only
    ``x DATE`` is a finished task."""
    head, rest = split(one_line(text))
    if not rest.strip():
        raise LineError("the text is empty; write what to do")
    if head.done and head.completed is None:
        raise LineError("'x ' at the start means finished; begin with another word, or write x DATE TEXT")
    tags = tags_of(rest)
    try:
        for key in ("due", "t"):
            if key in tags and day(tags[key]) is None:
                rest = set_tag(rest, key, future_day(tags[key], today).isoformat())
        if "rec" in tags:
            next_time(tags["rec"], None, None, today)
    except ValueError as error:
        words = str(error) if "rec:" in str(error) else f"{key}:{error}"
        raise LineError(words) from None
    return head, rest


def repeated(line: str, today: date) -> str | None:
    """The next occurrence of a task that is finished ``today``; None when it has no ``rec:``. It is the
    person's own: what ties the line to a finding stays behind. Raises ``LineError`` for a repetition that is
    none."""
    head, text = split(line)
    task = parse(line)
    if "rec" not in task.tags:
        return None
    try:
        due, threshold = next_time(task.tags["rec"], task.due, task.threshold, today)
    except ValueError as error:
        raise LineError(str(error)) from None
    for key in ("rw", "by", "n", "res"):
        text = drop_tag(text, key)
    for key, moved in (("due", due), ("t", threshold)):
        text = drop_tag(text, key) if moved is None else set_tag(text, key, moved.isoformat())
    return join(replace(head, created=today), text)


def one_line(text: str) -> str:
    """Text on one line, with control characters gone and no white space around it."""
    return "".join(
        " " if char in "\n\r\t\v\f\u2028\u2029\x85" else char for char in text if _plain(char)
    ).strip()


def tags_of(text: str) -> dict[str, str]:
    """The ``key:value`` tokens of a text; the first of a key counts. ``http://x`` and ``12:30`` are text."""
    tags: dict[str, str] = {}
    for token in text.split():
        if (pair := _as_tag(token)) is not None:
            tags.setdefault(*pair)
    return tags


def set_tag(text: str, key: str, value: str) -> str:
    """``text`` with ``key:value``: changed where the key stands, else put at the end."""
    if _as_tag(f"{key}:{value}") is None:
        raise LineError(f"{key}:{value} is not a tag; neither side may hold a space or a colon")
    for match in re.finditer(r"\S+", text):
        pair = _as_tag(match[0])
        if pair and pair[0] == key:
            return f"{text[: match.start()]}{key}:{value}{text[match.end() :]}"
    return f"{text} {key}:{value}" if text and not text.endswith(" ") else f"{text}{key}:{value}"


def drop_tag(text: str, key: str) -> str:
    """``text`` without the first tag of ``key`` and the white space before it."""
    for match in re.finditer(r"\s*(\S+)", text):
        pair = _as_tag(match[1])
        if pair and pair[0] == key:
            rest = text[: match.start()] + text[match.end() :]
            return rest if match.start() else rest.lstrip(" ")
    return text


def _leading_date(text: str) -> tuple[date | None, str]:
    match = _DATE.match(text)
    parsed = day(match[1]) if match else None
    return (parsed, text[match.end() :]) if match and parsed else (None, text)


def _as_tag(token: str) -> tuple[str, str] | None:
    match = _TAG.fullmatch(token)
    if match is None or match[1].isdigit() or match[2].startswith("//"):
        return None
    return match[1], match[2]


def _marked(text: str, sign: str) -> tuple[str, ...]:
    return tuple(token[1:] for token in text.split() if token[0] == sign and len(token) > 1)


def _state(done: bool, auto: bool, hidden: bool, snoozed: bool) -> TaskState:
    if done:
        return "resolved" if auto else "done"
    return "hidden" if hidden else "snoozed" if snoozed else "open"


def _preserved(old: str, new: str) -> str:
    for sign in "+@":
        if not _marked(new, sign):
            new = " ".join([new, *(sign + name for name in _marked(old, sign))])
    given = tags_of(new)
    return " ".join([new, *(f"{key}:{value}" for key, value in tags_of(old).items() if key not in given)])


def _hash(text: str) -> str:
    digest = hashlib.sha256(drop_tag(text, "pri").strip().encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:_ID_DIGITS]


def _plain(char: str) -> bool:
    code = ord(char)
    if 0xD800 <= code < 0xE000:
        return 0xDC80 <= code <= 0xDCFF
    return char in "\n\r\t\v\f\x85" or not (code < 0x20 or 0x7F <= code < 0xA0)
