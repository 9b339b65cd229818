"""The to-do list of one root: its file, what is remembered of it, and the life cycle of its findings.

Saving is careful and slow (a lock, an fsync): call it off the event loop. Own writes are batched, at most one
per 5 s; a person's are made at once. What could not be saved is kept, shown and tried again."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

import msgspec
from msgspec.structs import replace

from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding
from runwatch.domain.intents import ArchiveTasks, Intent, IntentAnswer, Silence, Undo
from runwatch.domain.task import RecordState, Task, TaskEvent, TaskList, TaskRecord, What
from runwatch.tasks.commands import CommandRefused, TaskChange, bare, change
from runwatch.tasks.document import Document, LineEdit, inverse
from runwatch.tasks.file import TodoError, TodoFile
from runwatch.tasks.lifecycle import LifecycleInput, LifecycleStep, advance, followed
from runwatch.tasks.manual_tasks import follow_manual, is_manual
from runwatch.tasks.todotxt import parse, parse_all, parse_with_places
from runwatch.text.safe import safe
from runwatch.text.units import plural

WRITE_EVERY = 5.0
_SLOWEST_RETRY = 60.0
_MOST_UNDO = 100
_OPPOSITE: dict[str, What] = {"done": "reopened", "reopened": "done"}


class TaskStore(Protocol):
    """What remembers life cycles, history and silences (``store.state.State``). Its errors are OSErrors."""

    def version(self) -> int: ...
    def records(self, root: str) -> dict[str, TaskRecord]: ...
    def commit(
        self,
        root: str,
        changed: Mapping[str, TaskRecord],
        gone: Iterable[str] = (),
        events: Iterable[TaskEvent] = (),
    ) -> None: ...
    def silence(self, root: str, match: str, until: float, now: float) -> None: ...
    def silences(self, root: str, now: float) -> dict[str, float]: ...


class _UndoEntry(msgspec.Struct, frozen=True):
    edits: tuple[LineEdit, ...]
    what: What


class RootTaskList:
    """``root``: the root's identity. ``keeps_unsaved``: a person's change that could not be saved stays in
    memory and is tried again (a command that ends at once passes False and gets a refusal)."""

    def __init__(self, store: TaskStore, root: str, file: TodoFile, keeps_unsaved: bool = True) -> None:
        self._store = store
        self._root = root
        self._file = file
        self._keeps_unsaved = keeps_unsaved
        self._unsaved: list[LineEdit] = []
        self._failures = 0
        self._tried_at, self._pause = float("-inf"), 0.0
        self._held_back = False
        self._notice = ""
        self._writable = True
        self._records: dict[str, TaskRecord] | None = None
        self._version = -1
        self._changed: dict[str, TaskRecord] = {}
        self._gone: set[str] = set()
        self._events: list[TaskEvent] = []
        self._undo: dict[str, _UndoEntry] = {}
        self._tokens = itertools.count(1)
        self._counts = (0, 0)
        self._lines: tuple[str, ...] = ()
        self._compared: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        self._parse_of: tuple[tuple[str, ...], date] | None = None
        self._tasks: tuple[Task, ...] = ()
        self._counted: tuple[Document, Mapping[date, int]] = (Document(), {})

    @property
    def unsaved(self) -> int:
        """How many of the person's changes are not on disk."""
        return len(self._unsaved)

    def write_due(self, now: float) -> bool:
        """Whether there is a change that was held back, or could not be saved, for long enough: the next
        ``sync`` tries it."""
        return bool(self._held_back or self._unsaved) and self._rested(now)

    def _rested(self, now: float) -> bool:
        return elapsed(self._tried_at, now) >= self._pause

    @property
    def open_fingerprints(self) -> frozenset[str]:
        """Of the findings whose task is open or snoozed: their rules clear later than they fire."""
        return frozenset(p for p, state in self.states.items() if state in ("open", "snoozed"))

    @property
    def states(self) -> Mapping[str, RecordState]:
        """What is remembered of each finding's task."""
        return {p: record.state for p, record in self._of_findings().items()}

    def sync(
        self,
        findings: Sequence[Finding],
        now: float,
        today: date,
        *,
        timing: Mapping[str, tuple[float, float]] | None = None,
        unreadable: Iterable[str] = (),
        unjudged: Iterable[str] = (),
        first_pass: bool = False,
    ) -> tuple[TaskList, tuple[TaskEvent, ...]]:
        """Follow the file, move the findings' tasks on, save what is due; the list as it is then,
        and what happened. Never raises for a file or state that cannot be read or saved: the list's
        ``notice`` says so."""
        inputs = LifecycleInput(
            findings=tuple(findings),
            now=now,
            today=today,
            timing=timing or {},
            unreadable=frozenset(unreadable),
            unjudged=frozenset(unjudged),
            silenced=self._silenced(findings, now),
            first=first_pass,
            root=self._root,
            host=self._file.host,
        )
        try:
            document = self._file.read().edited(self._unsaved)
            archived = self._file.archive().texts
            self._notice = self._notice if self._failures else ""
        except TodoError as error:
            self._failed(error, now)
            return self._list(today), ()
        step = advance(self._of_findings(), document.texts, archived, inputs)
        saved = not step.edits and not self._unsaved
        if not saved and self._rested(now):
            document, step, saved = self._save(document, step, archived, inputs)
        self._held_back = not saved
        self._lines, self._counts = document.texts, (step.beyond, step.older)
        step = self._with_manual(step, archived, now, today, tell=True)
        events = self._remember(step, () if saved else step.edits)
        return self._list(today), events

    def current(self, today: date) -> TaskList:
        """The list as it stands in the file; changes nothing."""
        try:
            self._lines = self._file.read().edited(self._unsaved).texts
            self._notice = self._notice if self._failures else ""
        except TodoError as error:
            self._notice, self._writable = str(error), False
        return self._list(today)

    def perform(self, intent: Intent, now: float, today: date) -> tuple[IntentAnswer, Task | None]:
        """Do what a person asks: one of the task intents, ``Silence`` or ``Undo``; with the task as it is
        afterwards (None: refused, or it is gone)."""
        if isinstance(intent, Undo):
            return self._take_back(intent, now, today), None
        if isinstance(intent, Silence):
            return self._silence(intent, now), None
        if isinstance(intent, ArchiveTasks):
            return self._archive(intent, now, today), None
        try:
            done, back = self._change(lambda lines: change(intent, lines, today), now, today)
        except (CommandRefused, TodoError) as error:
            return IntentAnswer(intent, False, str(error)), None
        message = done.message + (" (not saved yet)" if self._unsaved else "")
        message += f". Warning: {done.warning}" if done.warning else ""
        task = self._task(back[0], today)
        named = task.id if task else ""
        undo = self._undoable(done, back)
        answer = IntentAnswer(intent, ok=True, message=message, undo=undo, warning=done.warning, task=named)
        return answer, task

    def _take_back(self, intent: Undo, now: float, today: date) -> IntentAnswer:
        """Take a change back, unless the line has changed since."""
        known = self._undo.get(intent.token)
        if known is None:
            return IntentAnswer(intent, False, "nothing to undo; it was already undone, or too long ago")

        def back(lines: Sequence[str]) -> TaskChange:
            if any(edit.old is not None and edit.old not in lines for edit in known.edits):
                raise CommandRefused("the line has changed since; edit it instead")
            line = known.edits[0].new
            message = f"undone: {bare(parse(line)) if line else 'added'}"
            return TaskChange(
                known.edits[0], what=known.what, message=message, task=None, more=known.edits[1:]
            )

        try:
            done, again = self._change(back, now, today)
        except (CommandRefused, TodoError) as error:
            return IntentAnswer(intent, False, str(error))
        del self._undo[intent.token]
        return IntentAnswer(intent, True, done.message, self._undoable(done, again))

    def _archive(self, intent: ArchiveTasks, now: float, today: date) -> IntentAnswer:
        """Move what is finished into ``done.txt`` beside the list."""
        try:
            moved = self._file.put_away(lambda line: parse(line).done)
            self._lines = self._file.read().texts
        except TodoError as error:
            return IntentAnswer(intent, False, str(error))
        self._record((), "done", now, today)
        return IntentAnswer(intent, True, f"{plural(moved, 'finished task')} moved to done.txt")

    def _change(
        self, make: Callable[[Sequence[str]], TaskChange], now: float, today: date
    ) -> tuple[TaskChange, tuple[LineEdit, ...]]:
        """Make one change and save it, and what takes it back; the history and the records follow."""
        changes: list[tuple[TaskChange, tuple[LineEdit, ...]]] = []

        def edits(document: Document) -> list[LineEdit]:
            lines = document.edited(self._unsaved).texts
            made = make(lines)
            changes[:] = [(made, inverse(lines, made.edits))]
            return [*self._unsaved, *made.edits]

        try:
            document = self._file.update(edits)
        except TodoError as error:
            if not (self._keeps_unsaved and error.why != "unreadable"):
                raise
            fresh = self._file.read()
            edits(fresh)
            self._unsaved += changes[0][0].edits
            document = fresh.edited(self._unsaved)
            self._failed(error, now)
        else:
            self._succeeded(now)
        self._lines = document.texts
        done, back = changes[0]
        self._record(back, done.what, now, today)
        return done, back

    def _record(self, back: Sequence[LineEdit], what: What, now: float, today: date) -> None:
        """The history and the records after a person's edits, of which the first is ``what``; ``back`` takes
        them back."""
        try:
            archived = self._file.archive().texts
        except TodoError:
            archived = ()
        step = followed(self._of_findings(), self._lines, archived, now, today, self._file.host)
        step = self._with_manual(step, archived, now, today, tell=False)
        for edit in back:
            task = self._task(edit, today)
            if task and task.source == "manual":
                event = TaskEvent(task.id, at=now, what=what, by="person", text=task.text)
                step = replace(step, events=(*step.events, event))
            what = "added"
        self._remember(step, ())

    def _of_findings(self) -> dict[str, TaskRecord]:
        return {p: record for p, record in self._known().items() if not is_manual(p)}

    def _with_manual(
        self, step: LifecycleStep, archived: Sequence[str], now: float, today: date, tell: bool
    ) -> LifecycleStep:
        """A step with what people did to their own tasks; ``tell`` False: their events are known already."""
        old = {p: record for p, record in self._known().items() if is_manual(p)}
        seen = (self._lines, tuple(archived))
        if seen == self._compared and not any(record.missing_since for record in old.values()):
            return replace(step, records={**step.records, **old})
        self._compared = seen
        finished = (task.id for _, task in parse_with_places(archived, today) if task.done)
        records, events = follow_manual(old, self._parsed(today), finished, now)
        new = events if tell else ()
        return replace(step, records={**step.records, **records}, events=(*step.events, *new))

    def _parsed(self, today: date) -> tuple[Task, ...]:
        """The tasks of the file as it was last seen."""
        if self._parse_of != (self._lines, today):
            self._parse_of = (self._lines, today)
            self._tasks = tuple(task for _, task in parse_with_places(self._lines, today))
        return self._tasks

    def _save(
        self, document: Document, step: LifecycleStep, archived: Sequence[str], inputs: LifecycleInput
    ) -> tuple[Document, LifecycleStep, bool]:
        latest = [step]

        def edits(fresh: Document) -> list[LineEdit]:
            lines = fresh.edited(self._unsaved).texts
            latest[0] = advance(self._of_findings(), lines, archived, inputs)
            return [*self._unsaved, *latest[0].edits.values()]

        try:
            saved = self._file.update(edits)
        except TodoError as error:
            self._failed(error, inputs.now)
            return document, step, False
        self._succeeded(inputs.now)
        return saved, latest[0], True

    def _remember(self, step: LifecycleStep, held_back: Iterable[str]) -> tuple[TaskEvent, ...]:
        """Commit a step, but for the fingerprints whose edits are not in the file."""
        skip, old = set(held_back), self._known()
        changed = {p: r for p, r in step.records.items() if p not in skip and old.get(p) != r}
        gone = {p for p in old if p not in step.records and p not in skip}
        events = tuple(event for event in step.events if event.fingerprint not in skip)
        self._records = {**{p: r for p, r in old.items() if p not in gone}, **changed}
        self._changed = {**{p: r for p, r in self._changed.items() if p not in gone}, **changed}
        self._gone = (self._gone | gone) - changed.keys()
        self._events += events
        self._commit()
        return events

    def _commit(self) -> None:
        """Write what is not in the store yet; what fails is tried at the next call."""
        if not (self._changed or self._gone or self._events):
            return
        try:
            self._store.commit(self._root, self._changed, self._gone, self._events)
            self._version = self._store.version()
        except OSError as error:
            self._notice = self._notice or str(error)
            return
        self._changed, self._gone, self._events = {}, set(), []

    def _known(self) -> dict[str, TaskRecord]:
        """The records, read again when another process has written."""
        try:
            version = self._store.version()
            if self._records is None or version != self._version:
                stored = self._store.records(self._root)
                current = {p: r for p, r in stored.items() if p not in self._gone}
                self._records, self._version = {**current, **self._changed}, version
        except OSError as error:
            self._notice = str(error)
        return self._records or {}

    def _silence(self, intent: Silence, now: float) -> IntentAnswer:
        try:
            self._store.silence(self._root, intent.match, intent.until, now)
        except OSError as error:
            return IntentAnswer(intent, False, str(error))
        still = "" if intent.until > now else "no longer "
        return IntentAnswer(intent, True, f"{still}silenced: {safe(intent.match)}")

    def _silenced(self, findings: Sequence[Finding], now: float) -> frozenset[str]:
        try:
            matches = self._store.silences(self._root, now)
        except OSError:
            return frozenset()
        return frozenset(f.fingerprint for f in findings if {f.fingerprint, f.rule, f.scope} & matches.keys())

    def _failed(self, error: TodoError, now: float) -> None:
        self._failures += 1
        self._tried_at = now
        self._pause = min(WRITE_EVERY * 2 ** min(self._failures - 1, 10), _SLOWEST_RETRY)
        self._writable = error.why in ("busy", "changed")
        self._notice = (f"{len(self._unsaved)} unsaved: " if self._unsaved else "") + str(error)

    def _succeeded(self, now: float) -> None:
        self._unsaved.clear()
        self._failures, self._notice, self._writable = 0, "", True
        self._tried_at, self._pause = now, WRITE_EVERY

    def _undoable(self, done: TaskChange, back: tuple[LineEdit, ...]) -> str:
        token = f"{self._root}-{next(self._tokens)}"
        self._undo[token] = _UndoEntry(back, _OPPOSITE.get(done.what, "edited"))
        while len(self._undo) > _MOST_UNDO:
            del self._undo[next(iter(self._undo))]
        return token

    def _task(self, back: LineEdit, today: date) -> Task | None:
        """The task of the line that ``back`` takes back."""
        same = [task for task in self._parsed(today) if task.line == back.old]
        return same[back.nth] if back.nth < len(same) else None

    def _list(self, today: date) -> TaskList:
        return TaskList(
            file=str(self._file.path),
            tasks=self._parsed(today),
            notice=self._notice,
            beyond=self._counts[0],
            older=self._counts[1],
            writable=self._writable,
            archived=self._finished_days(),
        )

    def _finished_days(self) -> Mapping[date, int]:
        """How many tasks of done.txt were finished on each day."""
        try:
            document = self._file.archive()
        except TodoError:
            return {}
        if document is not self._counted[0]:
            tasks = parse_all(document.texts)
            days = Counter(task.completed for task in tasks if task.completed and task.tags.get("h") != "1")
            self._counted = (document, days)
        return self._counted[1]
