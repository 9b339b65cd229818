"""When an alert is sent: grouped, limited, repeated, and "resolved" once. Pure: time is an argument.

The manner is Alertmanager's (https://prometheus.io/docs/alerting/latest/configuration/): findings of one rule
are a group; a group waits for company, then speaks at most once an interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from runwatch.domain.finding import SEVERITIES, Finding, Severity
from runwatch.domain.task import TaskList

GROUP_WAIT = 30.0
GROUP_INTERVAL = 300.0
REPEAT_AFTER = 4 * 3600.0
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}

Action = Literal["trigger", "resolve"]


@dataclass(frozen=True, slots=True)
class Event:
    """One finding's part of a notification; ``who``: who is on it, if somebody is."""

    fingerprint: str
    action: Action
    severity: Severity
    rule: str
    place: str
    summary: str
    advice: str
    root: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """What is sent at once: the events of one group, worst first."""

    group: str
    at: float
    events: tuple[Event, ...]

    @property
    def severity(self) -> Severity:
        """The worst of what still holds; info when all is resolved."""
        firing = [event.severity for event in self.events if event.action == "trigger"]
        return max(firing, key=SEVERITIES.index, default="info")

    @property
    def resolved(self) -> bool:
        """Whether it says only that something is over."""
        return all(event.action == "resolve" for event in self.events)


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a finding: the last event made of it, when it was last told (None: never),
    whether it got worse since, and whether its end waits to be told."""

    event: Event
    told: float | None = None
    worse: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered between steps: findings by fingerprint, and by group when it last spoke and
    since when it waits to."""

    known: Mapping[str, Known] = field(default_factory=dict)
    spoke: Mapping[str, float] = field(default_factory=dict)
    waits: Mapping[str, float] = field(default_factory=dict)


def audible(findings: Iterable[Finding], lists: Iterable[TaskList], on: str) -> list[tuple[Finding, str]]:
    """The findings that may be alerted, each with who is on it: at least as severe as ``on``, and with an
    open task (held for as long as its rule asks; not snoozed, done or dismissed). ``info`` has no task."""
    who: dict[str, str] = {}
    for listed in lists:
        for task in listed.tasks:
            if task.fingerprint and task.state == "open":
                who.setdefault(task.fingerprint, task.tags.get("who", ""))
    loud = [f for f in findings if _RANK[f.severity] >= _RANK.get(on, 2)]  # type: ignore[call-overload]
    return [(f, who.get(f.fingerprint, "")) for f in loud if f.severity == "info" or f.fingerprint in who]


def step(
    memory: Memory,
    heard: Iterable[tuple[Finding, str]],
    still_open: Iterable[str],
    silences: Mapping[str, float],
    now: float,
) -> tuple[Memory, list[Notification]]:
    """What to send now. ``heard``: ``audible``'s answer; ``still_open``: fingerprints that are not over yet,
    heard or not (a finding whose source cannot be read is not over); ``silences``: fingerprints, rules or
    scopes and until when."""
    firing = {f.fingerprint: _event(f, who) for f, who in heard if not _silenced(f, silences, now)}
    quiet = {f.fingerprint for f, _ in heard} | set(still_open)
    known = _updated(memory.known, firing, quiet)
    waits: dict[str, float] = {}
    spoke = dict(memory.spoke)
    sent = []
    for group in sorted({entry.event.rule for entry in known.values()}):
        due = [p for p, entry in known.items() if entry.event.rule == group and _due(entry, p in firing, now)]
        if not due:
            continue
        since = waits[group] = memory.waits.get(group, now)
        if now - since < GROUP_WAIT or now - spoke.get(group, float("-inf")) < GROUP_INTERVAL:
            continue
        sent.append(_notification(group, known, firing, due, now))
        known = _told(known, group, firing, now)
        spoke[group] = now
        del waits[group]
    groups = {entry.event.rule for entry in known.values()}
    spoke = {g: at for g, at in spoke.items() if g in groups or now - at < GROUP_INTERVAL}
    return Memory(known, spoke, waits), sent


def dump(memory: Memory) -> dict[str, Any]:
    """The memory as JSON values, so that a restart neither repeats nor forgets."""
    return asdict(memory)


def load(values: Mapping[str, Any]) -> Memory:
    """The memory of ``dump``'s values; empty when they are of another version."""
    try:
        known = {
            print_: Known(Event(**entry["event"]), entry["told"], entry["worse"], entry["over"])
            for print_, entry in values["known"].items()
        }
        return Memory(known, dict(values["spoke"]), dict(values["waits"]))
    except (KeyError, TypeError, AttributeError):
        return Memory()


def _updated(known: Mapping[str, Known], firing: Mapping[str, Event], quiet: set[str]) -> dict[str, Known]:
    updated: dict[str, Known] = {}
    for print_, event in firing.items():
        before = known.get(print_, Known(event))
        worse = before.worse or _RANK[event.severity] > _RANK[before.event.severity]
        updated[print_] = Known(event, before.told, worse)
    for print_, entry in known.items():
        if print_ in updated:
            continue
        if print_ in quiet:
            updated[print_] = entry
        elif entry.told is not None:
            updated[print_] = replace(entry, event=replace(entry.event, action="resolve"), over=True)
    return updated


def _due(entry: Known, fires: bool, now: float) -> bool:
    if entry.over:
        return True
    if not fires:
        return False
    if entry.told is None or entry.worse:
        return True
    return entry.event.severity == "critical" and now - entry.told >= REPEAT_AFTER


def _notification(
    group: str, known: Mapping[str, Known], firing: Mapping[str, Event], due: list[str], now: float
) -> Notification:
    """All that fires in the group, and what is over."""
    events = [
        entry.event
        for print_, entry in known.items()
        if entry.event.rule == group and (print_ in firing or print_ in due)
    ]
    events.sort(key=lambda e: (e.action != "trigger", -_RANK[e.severity], e.place, e.fingerprint))
    return Notification(group, now, tuple(events))


def _told(
    known: Mapping[str, Known], group: str, firing: Mapping[str, Event], now: float
) -> dict[str, Known]:
    left = {p: entry for p, entry in known.items() if not (entry.over and entry.event.rule == group)}
    return {
        p: replace(entry, told=now, worse=False) if entry.event.rule == group and p in firing else entry
        for p, entry in left.items()
    }


def _silenced(finding: Finding, silences: Mapping[str, float], now: float) -> bool:
    matches = (finding.fingerprint, finding.rule, finding.scope)
    return any(silences.get(match, 0.0) > now for match in matches)


def _event(finding: Finding, who: str) -> Event:
    return Event(
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
