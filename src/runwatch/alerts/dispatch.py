"""When an alert is sent: grouped, limited, repeated, and "resolved" once. Pure: time is an argument.

The manner is Alertmanager's (https://prometheus.io/docs/alerting/latest/configuration/): findings of one rule
are a group; a group waits for company, then sends at most once an interval. That something is over, or
taken, waits for neither."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from runwatch.domain.clock import elapsed
from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.finding import Finding, Severity, rank
from runwatch.domain.task import Task, TaskList
from runwatch.system.identity import digest

GROUP_WAIT = 30.0
GROUP_INTERVAL = 300.0
OVER_WAIT = 10.0
REPEAT_AFTER = 4 * 3600.0

_OVER = " over"

Action = Literal["trigger", "acknowledge", "resolve"]


class AlertEvent(msgspec.Struct, frozen=True):
    """One finding's part of a notification."""

    fingerprint: str
    action: Action
    severity: Severity
    rule: str
    place: str
    summary: str
    advice: str
    root: str = ""
    who: str = ""
    """Who is on it, if somebody is."""
    host: str = ""
    """The machine that found it."""
    origin: str = ""
    """What names its root among all machines' roots."""

    @property
    def dedup_key(self) -> str:
        """The same trouble has the same key after a restart and from a fresh state, another on another root
        or machine."""
        return digest(f"{self.origin}\0{self.fingerprint}".encode("utf-8", "surrogateescape"))


class Notification(msgspec.Struct, frozen=True):
    """What is sent at once: the events of one group, worst first."""

    group: str
    at: float
    events: tuple[AlertEvent, ...]

    def from_place(self, host: str, origin: str) -> Notification:
        """The same, naming the machine that found it and the identity of its root."""
        return replace(self, events=tuple(replace(e, host=host, origin=origin) for e in self.events))

    @property
    def severity(self) -> Severity:
        """The worst of what still holds; info when all is resolved."""
        firing = [event.severity for event in self.events if event.action == "trigger"]
        return max(firing, key=rank, default="info")

    @property
    def resolved(self) -> bool:
        """Whether it says only that something is over."""
        return all(event.action == "resolve" for event in self.events)

    @property
    def for_people(self) -> Notification | None:
        """Without what only an incident tool wants to know: that somebody has taken it."""
        events = tuple(event for event in self.events if event.action != "acknowledge")
        return replace(self, events=events) if events else None


class KnownAlert(msgspec.Struct, frozen=True):
    """What is remembered of a finding."""

    event: AlertEvent
    """The last that was made of it."""
    last_sent: float | None = msgspec.field(default=None, name="told")
    """Seconds since the epoch, None: never."""
    news: bool = False
    """There is news to tell of it: worse, opened again, taken, over."""
    over: bool = False


class AlertMemory(msgspec.Struct, frozen=True):
    """All that is remembered between steps."""

    known: Mapping[str, KnownAlert] = msgspec.field(default_factory=dict)
    """By fingerprint."""
    last_sent_by_group: Mapping[str, float] = msgspec.field(name="spoke", default_factory=dict)
    """Seconds since the epoch."""
    waits: Mapping[str, float] = msgspec.field(default_factory=dict)
    """Since when a group waits to be sent."""


def audible(
    findings: Iterable[Finding], lists: Iterable[TaskList], on: str, unopened: Collection[str] = ()
) -> list[tuple[Finding, str]]:
    """The findings that may be alerted, each with who is on it: at least as severe as ``on``, and with an
    open task (held for as long as its rule asks; not snoozed, done or dismissed). ``info`` has no task.
    ``unopened``: fingerprints that ought to have one by now, whose line cannot be written."""
    who = {task.fingerprint: task.tags.get("who", "") for task in _tasks(lists) if task.state == "open"}
    loud = [f for f in findings if rank(f.severity) >= rank(on)]
    return [
        (f, who.get(f.fingerprint, ""))
        for f in loud
        if f.severity == "info" or f.fingerprint in who or f.fingerprint in unopened
    ]


def done_or_snoozed(lists: Iterable[TaskList]) -> frozenset[str]:
    """The fingerprints that a person has taken care of: done or snoozed."""
    return frozenset(t.fingerprint or "" for t in _tasks(lists) if t.state in ("done", "snoozed"))


def step(
    memory: AlertMemory,
    heard: Iterable[tuple[Finding, str]],
    held: Iterable[str],
    silences: Mapping[str, float],
    now: float,
    acknowledged: Collection[str] = (),
) -> tuple[AlertMemory, list[Notification]]:
    """What to send now. ``heard``: ``audible``'s answer; ``held``: fingerprints that are not over, heard or
    not (a finding whose source cannot be read is not over); ``silences``: fingerprints, rules or scopes and
    until when; ``acknowledged``: ``done_or_snoozed``'s answer."""
    pairs = list(heard)
    firing = {f.fingerprint: event_of(f, who) for f, who in pairs if not _silenced(f, silences, now)}
    quiet = {f.fingerprint for f, _ in pairs} | set(held)
    known = _updated(memory.known, firing, quiet, acknowledged)
    waits: dict[str, float] = {}
    last_sent_by_group = dict(memory.last_sent_by_group)
    sent = []
    for group in sorted({entry.event.rule for entry in known.values()}):
        mine = {p: entry for p, entry in known.items() if entry.event.rule == group}
        ended = any(map(_ended, mine.values()))
        sends, ends = False, False
        if any(_fresh(entry, p in firing, now) for p, entry in mine.items()):
            since = waits[group] = memory.waits.get(group, now)
            spoken = elapsed(last_sent_by_group.get(group, float("-inf")), now)
            sends = elapsed(since, now) >= GROUP_WAIT and spoken >= GROUP_INTERVAL
        if ended:
            since = waits[group + _OVER] = memory.waits.get(group + _OVER, now)
            ends = elapsed(since, now) >= OVER_WAIT
        if not sends and not ends:
            continue
        notified = {
            p for p, e in mine.items() if _ended(e) or (p in firing and (sends or e.last_sent is not None))
        }
        sent.append(_notification(group, [mine[p] for p in notified], now))
        known = _after_sending(known, notified, firing, now)
        waits.pop(group + _OVER, None)
        if sends:
            last_sent_by_group[group] = now
            del waits[group]
    groups = {entry.event.rule for entry in known.values()}
    last_sent_by_group = {
        g: at for g, at in last_sent_by_group.items() if g in groups or elapsed(at, now) < GROUP_INTERVAL
    }
    return AlertMemory(known, last_sent_by_group, waits), sent


def dump(memory: AlertMemory) -> str:
    """The memory as JSON, so that a restart neither repeats nor forgets."""
    return json.dumps(to_plain(memory), sort_keys=True)


def load(text: str) -> AlertMemory:
    """The memory of ``dump``'s text; empty when it is of another version, or there is none."""
    try:
        return from_plain(AlertMemory, json.loads(text))
    except ValueError:
        return AlertMemory()


def _tasks(lists: Iterable[TaskList]) -> Iterator[Task]:
    return (task for listed in lists for task in listed.tasks if task.fingerprint)


def _updated(
    known: Mapping[str, KnownAlert],
    firing: Mapping[str, AlertEvent],
    quiet: set[str],
    acknowledged: Collection[str],
) -> dict[str, KnownAlert]:
    updated: dict[str, KnownAlert] = {}
    for print_, event in firing.items():
        before = known.get(print_, KnownAlert(event))
        worse = rank(event.severity) > rank(before.event.severity)
        again = before.event.action == "acknowledge" and not before.news
        news = worse or again or (before.news and before.event.action == "trigger")
        updated[print_] = KnownAlert(event, before.last_sent, news)
    for print_, entry in known.items():
        if print_ in updated:
            continue
        if print_ not in quiet:
            if entry.last_sent is not None:
                event = replace(entry.event, action="resolve")
                updated[print_] = replace(entry, event=event, over=True)
        elif print_ in acknowledged and entry.last_sent is not None and entry.event.action == "trigger":
            event = replace(entry.event, action="acknowledge")
            updated[print_] = replace(entry, event=event, news=True)
        else:
            updated[print_] = entry
    return updated


def _ended(entry: KnownAlert) -> bool:
    """Whether it is over, or taken, and that was not said yet."""
    return entry.over or (entry.event.action == "acknowledge" and entry.news)


def _fresh(entry: KnownAlert, fires: bool, now: float) -> bool:
    """Whether there is an alert to send, or to repeat."""
    if not fires or entry.over or entry.event.action == "acknowledge":
        return False
    if entry.last_sent is None or entry.news:
        return True
    return entry.event.severity == "critical" and elapsed(entry.last_sent, now) >= REPEAT_AFTER


def _notification(group: str, entries: Iterable[KnownAlert], now: float) -> Notification:
    events = sorted(
        (entry.event for entry in entries),
        key=lambda e: (e.action != "trigger", -rank(e.severity), e.place, e.fingerprint),
    )
    return Notification(group, now, tuple(events))


def _after_sending(
    known: Mapping[str, KnownAlert], notified: Collection[str], firing: Mapping[str, AlertEvent], now: float
) -> dict[str, KnownAlert]:
    """These have been told; what is over is forgotten."""
    left: dict[str, KnownAlert] = {}
    for print_, entry in known.items():
        if print_ not in notified:
            left[print_] = entry
        elif not entry.over:
            left[print_] = replace(entry, last_sent=now if print_ in firing else entry.last_sent, news=False)
    return left


def _silenced(finding: Finding, silences: Mapping[str, float], now: float) -> bool:
    matches = (finding.fingerprint, finding.rule, finding.scope)
    return any(silences.get(match, 0.0) > now for match in matches)


def event_of(finding: Finding, who: str) -> AlertEvent:
    """A finding that holds, as an event."""
    return AlertEvent(
        fingerprint=finding.fingerprint,
        action="trigger",
        severity=finding.severity,
        rule=finding.rule,
        place=finding.place,
        summary=finding.summary,
        advice=finding.advice,
        root=finding.root,
        who=who,
    )
