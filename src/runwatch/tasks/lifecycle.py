"""The life of a finding's task: pending, open, resolved, done, snoozed, dismissed, opened again. Pure.

One call of ``advance`` is one pass: first the file is followed (a person's edits win), then each condition
moves its task on, then what exceeds the cap is folded into one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from runwatch.domain.clock import elapsed
from runwatch.domain.finding import Finding, fingerprint, rank
from runwatch.domain.task import Task, TaskEvent, TaskRecord, What
from runwatch.domain.tree import is_below
from runwatch.tasks.document import LineEdit
from runwatch.tasks.index import LineIndex
from runwatch.tasks.sync_from_file import DAY, REOPEN_WITHIN, adopted, follow, is_current
from runwatch.tasks.todotxt import LineError, complete, reopen, with_priority, with_tag
from runwatch.tasks.wording import PRIORITIES, finding_line

MOST_OPEN = 20
ASK_AGAIN = 7 * DAY
OLD = 7 * DAY
GROUP_RULE = "findings-beyond"
_GROUP_TEXT = re.compile(r"and [\d,]+ more findings?, open runwatch")


class LifecycleInput(msgspec.Struct, frozen=True):
    """What is seen at one moment."""

    findings: tuple[Finding, ...]
    now: float
    today: date
    timing: Mapping[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    """(hold, keep) seconds by rule."""
    unreadable: frozenset[str] = frozenset()
    """Scopes that could not be read; "." is the whole root. Their conditions count as neither held nor
    clear."""
    unjudged: frozenset[str] = frozenset()
    """Rules whose subjects were not looked at yet; likewise."""
    silenced: frozenset[str] = frozenset()
    """Fingerprints that open nothing now."""
    first: bool = False
    """The root was never looked at before."""
    root: str = ""
    """Its identity."""
    host: str = ""
    """As in ``TodoFile``."""


class LifecycleStep(msgspec.Struct, frozen=True):
    """What one pass leads to."""

    records: Mapping[str, TaskRecord]
    edits: Mapping[str, LineEdit]
    """The file's changes, by fingerprint."""
    events: tuple[TaskEvent, ...]
    beyond: int
    """Findings past the cap."""
    older: int
    """Findings too old at the first pass to be tasks."""


def advance(
    records: Mapping[str, TaskRecord], lines: Sequence[str], archived: Sequence[str], input: LifecycleInput
) -> LifecycleStep:
    """The next records, the edits to the file's ``lines`` and the events of one pass. ``archived``: the
    lines of done.txt."""
    return _Advance(records, lines, archived, input).step()


def followed(
    records: Mapping[str, TaskRecord],
    lines: Sequence[str],
    archived: Sequence[str],
    now: float,
    today: date,
    host: str = "",
) -> LifecycleStep:
    """Only what the file says: after a person's change, with nothing known of the conditions."""
    work = _Advance(records, lines, archived, LifecycleInput((), now, today, host=host))
    work.follow_file()
    return LifecycleStep(work.records, edits={}, events=tuple(work.events), beyond=0, older=0)


class _Advance:
    def __init__(
        self,
        records: Mapping[str, TaskRecord],
        lines: Sequence[str],
        archived: Sequence[str],
        input: LifecycleInput,
    ) -> None:
        self.input = input
        self.records = dict(records)
        self.events: list[TaskEvent] = []
        self._edits: dict[str, LineEdit] = {}
        self._index = LineIndex(lines, input.today, input.host)
        self._archive = LineIndex(archived, input.today, input.host)
        self._tasks: dict[str, Task] = {}
        self._held = {f.fingerprint: f for f in input.findings if f.actionable}
        self._settled = {f.fingerprint for f in input.findings if f.lasting and f.severity == "info"}
        self._inhibited = {print_ for f in input.findings for print_ in f.also}
        self._group = fingerprint(GROUP_RULE, input.root, "")

    def step(self) -> LifecycleStep:
        self._meet()
        self.follow_file()
        waiting: list[Finding] = []
        for print_ in list(self.records):
            if print_ == self._group:
                continue
            finding = self._held.get(print_)
            if self._condition(self.records[print_], finding) and finding:
                waiting.append(finding)
        beyond = self._open_worst_first(waiting)
        self._fold(beyond)
        older = sum(r.older and r.state == "dismissed" for r in self.records.values())
        return LifecycleStep(
            self.records, edits=self._edits, events=tuple(self.events), beyond=len(beyond), older=older
        )

    def follow_file(self) -> None:
        """Bring every record in line with what stands in the file."""
        for print_ in list(self.records):
            self._follow_line(print_)

    def _follow_line(self, print_: str) -> None:
        record, now, today = self.records[print_], self.input.now, self.input.today
        task = self._index.task(print_, record)
        if task is not None:
            self._tasks[print_] = task
        if record.state == "pending":
            if task is not None and is_current(task, today):
                self.records[print_] = adopted(record, task, now, today)
            return
        old = self._archive.task(print_, record)
        self.records[print_], events = follow(record, task, old, print_ in self._held, now)
        self.events += events

    def _meet(self) -> None:
        """A record for each finding that has none."""
        now, today = self.input.now, self.input.today
        for print_, finding in self._held.items():
            if print_ in self.records:
                continue
            record = TaskRecord(
                fingerprint=print_,
                state="pending",
                rule=finding.rule,
                severity=finding.severity,
                scope=finding.scope,
                title=finding.title or finding.summary,
                first_seen=now,
                last_seen=now,
                since=now,
                lasting=finding.lasting,
            )
            put_away = self._archive.task(print_, None)
            too_old = self.input.first and finding.since is not None and now - finding.since > OLD
            if self._index.task(print_, None) is None:
                if put_away and put_away.done and put_away.completed and is_current(put_away, today):
                    record = replace(adopted(record, put_away, now, today), line="")
                elif too_old:
                    record = replace(record, state="dismissed", older=True)
            self.records[print_] = record

    def _condition(self, record: TaskRecord, finding: Finding | None) -> bool:
        """Move one task on; True when its finding waits for being opened."""
        if finding is None and self._unknown(record):
            return False
        record = self._timed(record, finding)
        self.records[record.fingerprint] = record
        match record.state:
            case "pending":
                return self._pending(record, finding)
            case "open" | "snoozed":
                self._open(record, finding)
                return False
            case "resolved":
                return self._resolved(record, finding)
            case "done":
                return self._done(record, finding)
            case "dismissed":
                return self._dismissed(record, finding)

    def _unknown(self, record: TaskRecord) -> bool:
        """Whether the absence of the finding tells nothing."""
        if record.fingerprint in self._inhibited or record.rule in self.input.unjudged:
            return True
        scope = record.scope
        return any(not s or is_below(scope, s) for s in self.input.unreadable)

    def _timed(self, record: TaskRecord, finding: Finding | None) -> TaskRecord:
        now = self.input.now
        if finding is None:
            since = record.clear_since if record.clear_since is not None else now
            return replace(record, held_since=None, clear_since=since)
        since = record.held_since if record.held_since is not None else now
        return replace(record, held_since=since, clear_since=None, last_seen=now, lasting=finding.lasting)

    def _ripe(self, record: TaskRecord, finding: Finding) -> bool:
        """Held for as long as its rule asks, confirmed, and not silenced."""
        hold, _ = self.input.timing.get(record.rule, (0.0, 0.0))
        held = 0.0 if record.held_since is None else elapsed(record.held_since, self.input.now)
        return held >= hold and finding.confirmed and record.fingerprint not in self.input.silenced

    def _is_clear(self, record: TaskRecord) -> bool:
        """Away for as long as its rule asks."""
        _, keep = self.input.timing.get(record.rule, (0.0, 0.0))
        return record.clear_since is not None and elapsed(record.clear_since, self.input.now) >= keep

    def _pending(self, record: TaskRecord, finding: Finding | None) -> bool:
        if finding is None:
            del self.records[record.fingerprint]
            return False
        return self._ripe(record, finding)

    def _open(self, record: TaskRecord, finding: Finding | None) -> None:
        if finding is not None:
            self._still_holds(record, finding)
            return
        settled = not record.lasting or record.fingerprint in self._settled
        task = self._tasks.get(record.fingerprint)
        if not (task and settled and self._is_clear(record) and not record.by_hand):
            return
        line = _tried(lambda: complete(task.line, self.input.today, auto=True))
        if line is not None:
            self._edit(record.fingerprint, task, line)
            self._move(replace(record, state="resolved", line=line), "resolved")

    def _still_holds(self, record: TaskRecord, finding: Finding) -> None:
        worse = rank(finding.severity) > rank(record.severity)
        now = replace(record, severity=finding.severity, by_hand=False)
        self.records[record.fingerprint] = now
        task = self._tasks.get(record.fingerprint)
        if not worse or task is None or record.fingerprint in self.input.silenced:
            if worse:
                self.records[record.fingerprint] = replace(now, severity=record.severity)
            return
        line = task.line
        if task.priority == PRIORITIES.get(record.severity):
            line = with_priority(line, PRIORITIES[finding.severity])
        pierced = record.state == "snoozed" and finding.severity == "critical"
        if pierced:
            line = with_tag(line, "t", None)
        if line != task.line:
            self._edit(record.fingerprint, task, line)
        now = replace(now, line=line)
        self.records[record.fingerprint] = now
        if pierced:
            self._move(replace(now, state="open"), "reopened")

    def _resolved(self, record: TaskRecord, finding: Finding | None) -> bool:
        if finding is not None:
            return self._ripe(record, finding)
        self._forget_after(record, REOPEN_WITHIN)
        return False

    def _done(self, record: TaskRecord, finding: Finding | None) -> bool:
        if finding is None:
            if self._is_clear(record):
                self.records[record.fingerprint] = replace(record, cleared=True)
                self._forget_after(record, REOPEN_WITHIN)
            return False
        in_file = record.fingerprint in self._tasks
        again = in_file and self.input.now - record.since >= ASK_AGAIN
        worse = rank(finding.severity) > rank(record.severity)
        return (record.cleared or worse or again) and self._ripe(record, finding)

    def _dismissed(self, record: TaskRecord, finding: Finding | None) -> bool:
        if finding is None:
            if self._is_clear(record):
                del self.records[record.fingerprint]
            return False
        worse = rank(finding.severity) > rank(record.severity)
        return worse and record.fingerprint not in self._tasks and self._ripe(record, finding)

    def _forget_after(self, record: TaskRecord, span: float) -> None:
        if self.input.now - record.since > span:
            del self.records[record.fingerprint]

    def _open_worst_first(self, waiting: Iterable[Finding]) -> list[Finding]:
        """Open what fits under the cap; the rest."""
        closing = {edit.old for edit in self._edits.values() if edit.new and edit.new.startswith("x ")}
        open_now = [t for t in self._index.open_ones() if t.line not in closing]
        room = MOST_OPEN - sum(task.fingerprint != self._group for task in open_now)
        ranked = sorted(waiting, key=self._urgency)
        for finding in ranked[: max(room, 0)]:
            self._start(finding)
        return ranked[max(room, 0) :]

    def _urgency(self, finding: Finding) -> tuple[int, float, str]:
        held = self.records[finding.fingerprint].held_since or 0.0
        return -rank(finding.severity), held, finding.fingerprint

    def _start(self, finding: Finding) -> None:
        """Open a finding's task: its old line again, or a new one."""
        print_, now, today = finding.fingerprint, self.input.now, self.input.today
        record = self.records[print_]
        task = self._tasks.get(print_)
        fresh = record.state == "pending" or now - record.since > REOPEN_WITHIN
        if record.state == "done" and not record.cleared:
            fresh = False
        count = 1 if fresh else record.count + 1
        old = task if task and not fresh and task.source == "rule" else None
        line = _tried(lambda: _again(old.line, count)) if old else None
        if old and line:
            self._edit(print_, old, line)
        else:
            line = finding_line(finding, today, count, self.input.host)
            self._edits[print_] = LineEdit(None, line)
        opened = replace(
            record,
            state="open",
            severity=finding.severity,
            count=count,
            line=line,
            title=finding.title or finding.summary,
            cleared=False,
            by_hand=False,
            older=False,
        )
        self._move(opened, "opened" if fresh else "reopened")

    def _fold(self, beyond: Sequence[Finding]) -> None:
        """One line for all findings past the cap, through the same life as any other."""
        if beyond:
            worst = max((f.severity for f in beyond), key=rank)
            text = f"and {len(beyond):,} more finding{'s' if len(beyond) > 1 else ''}, open runwatch"
            group = Finding(
                GROUP_RULE,
                severity=worst,
                scope=self.input.root,
                subject="",
                summary=text,
                title=text,
                advice="",
                context="plan",
            )
            self._held[self._group] = group
            if self._group not in self.records:
                self._meet()
                self._follow_line(self._group)
        if self._group not in self.records:
            return
        finding = self._held.get(self._group)
        if self._condition(self.records[self._group], finding) and finding:
            self._start(finding)
        elif finding:
            self._recount(finding)

    def _recount(self, finding: Finding) -> None:
        record, task = self.records[self._group], self._tasks.get(self._group)
        if task is None or record.state != "open" or self._group in self._edits:
            return
        line = _GROUP_TEXT.sub(finding.title, task.line, count=1)
        if line != task.line:
            self._edit(self._group, task, line)
            self.records[self._group] = replace(record, line=line)

    def _edit(self, print_: str, task: Task, line: str) -> None:
        self._edits[print_] = LineEdit(task.line, line, self._index.nth(task))

    def _move(self, record: TaskRecord, what: What) -> None:
        now, print_ = self.input.now, record.fingerprint
        self.records[print_] = replace(record, since=now)
        self.events.append(
            TaskEvent(print_, at=now, what=what, by="runwatch", text=record.title, severity=record.severity)
        )


def _again(line: str, count: int) -> str:
    return with_tag(with_tag(reopen(line), "t", None), "n", str(count))


def _tried(change: Callable[[], str]) -> str | None:
    """The changed line; None when the format cannot say it (a person's text that reads like a mark)."""
    try:
        return change()
    except LineError:
        return None
