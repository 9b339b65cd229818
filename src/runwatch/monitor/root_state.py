"""Precious state of the roots: to-do files and life cycles, pins, when a person last looked, what ``status``
shows, and which process writes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import msgspec

from runwatch.config.settings import Settings
from runwatch.config.trust import digest, is_trusted
from runwatch.domain.borders import JsonDict
from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding, of_root
from runwatch.domain.intents import (
    AddNote,
    ClearBaseline,
    Intent,
    IntentAnswer,
    KeepView,
    MarkLooked,
    PinBaseline,
    Rescan,
)
from runwatch.domain.run import Problem
from runwatch.domain.situation import Snapshot
from runwatch.domain.task import Task, TaskEvent, TaskList
from runwatch.store.state import BEAT_S, Leases, Pin, State, user_state
from runwatch.system.files import is_really_below, stamp_of
from runwatch.system.folders import lock_dir, root_dir
from runwatch.system.identity import (
    earlier_identity,
    host_name,
    is_shared,
    lasting_name,
    root_identity,
    user_name,
)
from runwatch.tasks.file import TodoFile
from runwatch.tasks.task_list import RootTaskList
from runwatch.text.safe import safe

KEEP_EVERY_S = 2.0
PRUNE_EVERY_S = 86_400.0
MAX_CHAMPIONS = 1000


class RootState(msgspec.Struct, frozen=True):
    """Where a root's tasks are: its identity in the state, the file, whether it is our own. ``problem``: why
    the file that lies in the root, or that its configuration names, is not used; ``host``: this machine's
    name, where other machines' roots may have the same file."""

    identity: str
    file: Path
    private: bool
    problem: Problem | None = None
    host: str = ""

    def todo_file(self) -> TodoFile:
        """The file, to be read and written."""
        return TodoFile(self.file, lock_dir(), self.private, host=self.host)


def place_of(root: str, settings: Settings) -> RootState:
    """The to-do file of a root: configured, else a ``todo.txt`` that is there, else one in the state
    directory (a root is never written to unasked)."""
    identity = root_identity(root, settings.id)
    if settings.tasks.file:
        wished = settings.path(settings.tasks.file)
        if settings.allows(wished):
            inside = is_really_below(wished, root) or is_shared(root, settings.id)
            return RootState(identity, Path(wished), False, host="" if inside else lasting_name(host_name()))
    own = Path(root) / "todo.txt"
    problem = _unusable(own, root)
    folder = root_dir(identity)
    if folder is None or (problem is None and os.path.isfile(own)):
        return RootState(identity, own, False)
    return RootState(identity, folder / "todo.txt", True, problem)


def take_over_earlier(state: State, root: str, settings: Settings) -> None:
    """An earlier version named roots by their path alone: what it kept of this one goes on under its name of
    today, the to-do list in the state directory too."""
    old, new = earlier_identity(root), root_identity(root, settings.id)
    before, now = root_dir(old), root_dir(new)
    with contextlib.suppress(OSError):  # tried again at the next start
        if old != new and before and now and before.is_dir() and not now.exists():
            before.rename(now)
        if old != new:
            state.take_over(old, new, host_name())


def link_digest(file: Path) -> str:
    """What is trusted of a to-do file that is a link: where it leads. Raises OSError."""
    return digest(str(file), b"link to " + os.fsencode(os.readlink(file)))


_MEANWHILE = "until then tasks are kept in runwatch's own folder"


def _unusable(own: Path, root: str) -> Problem | None:
    """Why a root's own to-do file is not used, when something bears its name."""
    try:
        if own.is_symlink() and not is_really_below(str(own), root) and not is_trusted(link_digest(own)):
            hint = f"check where it leads, then: runwatch trust {shlex.quote(safe(root))}"
            return Problem(str(own), None, f"a link out of the root, not followed; {_MEANWHILE}", hint)
        if own.is_file() or (not own.is_symlink() and not own.exists()):
            return None
    except OSError as error:
        message = f"cannot be read: {error.strerror}; {_MEANWHILE}"
        return Problem(str(own), None, message, "check its permissions")
    return Problem(str(own), None, f"not a regular file; {_MEANWHILE}", "remove it, or write a file")


def _scope(path: str, root: str) -> str | None:
    """An unreadable path as a scope below ``root`` ("." for all of it); None: it lies elsewhere."""
    if path == root:
        return "."
    prefix = root.rstrip("/") + "/"
    return path[len(prefix) :] if path.startswith(prefix) else None


class TaskState:
    """State and to-do lists of the roots; belongs to the monitor's thread."""

    def __init__(self, roots: tuple[str, ...], settings: Mapping[str, Settings], writes: bool) -> None:
        self._roots = roots
        self._writes = writes
        self.state = user_state()
        for root in roots:
            take_over_earlier(self.state, root, settings[root])
        self._places = {root: place_of(root, settings[root]) for root in roots}
        self._task_lists = {
            root: RootTaskList(self.state, place.identity, place.todo_file(), keeps_unsaved=writes)
            for root, place in self._places.items()
        }
        self.leases = Leases(self.state)
        self._beat_at = float("-inf")
        self._kept_at = float("-inf")
        self._pruned_at = float("-inf")
        self._mine: set[str] = set()
        self.marks: tuple[str, ...] = ()

    @property
    def open_fingerprints(self) -> frozenset[str]:
        return frozenset().union(*map(self.open_of, self._task_lists))

    def open_of(self, root: str) -> frozenset[str]:
        """Of one root's findings, those whose task is open or snoozed."""
        return self._task_lists[root].open_fingerprints

    def states_of(self, root: str) -> Mapping[str, str]:
        """Of one root's findings, what is remembered of their tasks."""
        return self._task_lists[root].states

    def identity(self, root: str) -> str:
        """What names a root in the state."""
        return self._places[root].identity

    @property
    def problems(self) -> tuple[Problem, ...]:
        """To-do files that are there and not used."""
        return tuple(place.problem for place in self._places.values() if place.problem is not None)

    @property
    def kept_key(self) -> str:
        """What names this set of roots in the state."""
        return " ".join(place.identity for place in self._places.values())

    def saved_view(self, root: str) -> str:
        """How a person arranged this root's board; "" when not arranged."""
        return self.state.saved_view(self._places[root].identity)

    def looked_of(self, root: str) -> float | None:
        """When a person last saw this root's board."""
        return self.state.looked([self._places[root].identity])

    @property
    def looked(self) -> float | None:
        """When a person last saw all of these roots."""
        return self.state.looked(place.identity for place in self._places.values())

    def beat(self, now: float) -> None:
        """Stay, or try to become, the writer of the roots; ``marks`` name who else is."""
        if not self._writes or elapsed(self._beat_at, now) < BEAT_S:
            return
        self._beat_at = now
        marks = [self.state.notice] if self.state.notice else []
        if elapsed(self._pruned_at, now) > PRUNE_EVERY_S:
            self._pruned_at = now
            try:
                self.state.prune(now)
            except OSError as error:
                marks.append(str(error))
        for root in self._roots:
            identity = self._places[root].identity
            try:
                other = self.leases.take(identity, now)
            except OSError as error:
                marks.append(str(error))
                other = None
            if other is None:
                self._mine.add(root)
            else:
                self._mine.discard(root)
                marks.append(f"process {other.pid} on {other.host} manages the tasks of this root")
        self.marks = tuple(dict.fromkeys(marks))

    def sync(
        self,
        findings: Iterable[Finding],
        now: float,
        today: date,
        timing: Mapping[str, tuple[float, float]],
        unreadable: Iterable[str],
        unjudged: frozenset[str] = frozenset(),
    ) -> dict[str, TaskList]:
        """The task lists after this look; the writer of a root moves its findings' tasks on. ``unjudged``:
        rules whose subjects were not looked at yet; the first look lasts until there are none."""
        all_findings = list(findings)
        gone = list(unreadable)
        lists: dict[str, TaskList] = {}
        for root in self._roots:
            task_list = self._task_lists[root]
            if root not in self._mine:
                lists[root] = task_list.current(today)
                continue
            own = of_root(all_findings, root, self._roots)
            first = self.state.noted(self._seen_key(root)) is None
            lost = [scope for path in gone if (scope := _scope(path, root)) is not None]
            lists[root], _ = task_list.sync(
                own, now, today, timing=timing, unreadable=lost, unjudged=unjudged, first_pass=first
            )
            if first and not unjudged:
                self._note(self._seen_key(root), str(now))
        return lists

    def write_due(self, now: float) -> bool:
        """Whether some list has a change that waited long enough to be saved."""
        return any(self._task_lists[root].write_due(now) for root in self._mine)

    def current(self, today: date) -> dict[str, TaskList]:
        """The task lists as they stand; moves nothing."""
        return {root: task_list.current(today) for root, task_list in self._task_lists.items()}

    def _seen_key(self, root: str) -> str:
        return f"first-look:{self._places[root].identity}"

    def _note(self, key: str, value: str) -> None:
        try:
            self.state.note(key, value)
        except OSError as error:
            self.marks = (*self.marks, str(error))

    def stamps(self) -> tuple[object, ...]:
        """What changes when somebody edits a to-do file or another process writes the state."""
        return self.state.version(), *(stamp_of(place.file) for place in self._places.values())

    def silences(self, root: str, now: float) -> dict[str, float]:
        """What is silenced for a root, until when."""
        return self.state.silences(self._places[root].identity, now)

    def pin(self, root: str) -> Pin | None:
        return self.state.pinned(self._places[root].identity)

    def handle(self, intent: Intent, now: float, today: date) -> IntentAnswer:
        """Do what a person asks of tasks, pins and the look marker."""
        return self.perform(intent, now, today)[0]

    def perform(self, intent: Intent, now: float, today: date) -> tuple[IntentAnswer, Task | None]:
        """``handle``, with the task as it is afterwards (None: refused, gone, or not about one)."""
        try:
            return self._perform(intent, now, today)
        except OSError as error:
            return IntentAnswer(intent, False, str(error)), None

    def _perform(self, intent: Intent, now: float, today: date) -> tuple[IntentAnswer, Task | None]:
        match intent:
            case PinBaseline(run, reason, since):
                result = now if since is None else since
                self.state.pin(self._places[run.root].identity, run.root, run.id, result, reason)
                self._remember_champion(run.root, {"run": run.id, "at": now, "reason": reason})
                answer = IntentAnswer(intent, True, f"baseline is now {run.id}")
            case ClearBaseline(root):
                unpinned = self.state.unpin(self._places[root].identity)
                if unpinned:
                    self._remember_champion(root, {"run": None, "at": now, "reason": ""})
                words = "baseline unpinned" if unpinned else "no baseline was pinned"
                answer = IntentAnswer(intent, unpinned, words)
            case MarkLooked():
                self.state.mark_seen([place.identity for place in self._places.values()], now)
                answer = IntentAnswer(intent, True, "seen")
            case KeepView(root, view):
                self.state.save_view(self._places[root].identity, view)
                answer = IntentAnswer(intent, True, "kept")
            case AddNote(root, kind, subject, text):
                words = " ".join(text.split())
                if not words:
                    return IntentAnswer(intent, False, "the note is empty; write something"), None
                self.state.add_remark(self._places[root].identity, kind, subject, now, user_name(), words)
                answer = IntentAnswer(intent, True, f"noted on {safe(subject) or 'the baseline'}")
            case Rescan():
                answer = IntentAnswer(intent, True, "scanning everything again")
            case _:
                return self._task_lists[intent.root].perform(intent, now, today)
        return answer, None

    def history(self) -> list[tuple[str, TaskEvent]]:
        """What happened to tasks and findings of these roots: (root, event), newest first."""
        roots = {place.identity: root for root, place in self._places.items()}
        entries = self.state.history(roots)
        return [(roots[entry.root], entry.event) for entry in reversed(entries)]

    def champions(self, root: str) -> list[JsonDict]:
        """What was pinned when and why, oldest first; ``run`` None: the pin was taken off."""
        saved = self.state.noted(self._champions_key(root))
        return json.loads(saved) if saved else []

    def _remember_champion(self, root: str, row: dict[str, object]) -> None:
        rows = [*self.champions(root), row][-MAX_CHAMPIONS:]
        self.state.note(self._champions_key(root), json.dumps(rows))

    def _champions_key(self, root: str) -> str:
        return f"champions:{self._places[root].identity}"

    def keep(self, snapshot: Snapshot, today: date, force: bool = False) -> None:
        """Keep what ``status`` and ``brief`` show; at most every two seconds."""
        from runwatch.store.snapshot_facts import facts

        now = snapshot.situation.now
        if not self._mine or (elapsed(self._kept_at, now) < KEEP_EVERY_S and not force):
            return
        self._kept_at = now
        try:
            self.state.keep(self.kept_key, facts(snapshot, today), now, BEAT_S)
        except OSError as error:
            self.marks = tuple(dict.fromkeys((*self.marks, str(error))))

    def close(self) -> None:
        for root in list(self._mine):
            if not self.leases.give(self._places[root].identity):
                break
        self.state.close()
