"""A notification as text and as JSON."""

from __future__ import annotations

import os

from runwatch.alerts.dispatch import AlertEvent, Notification
from runwatch.text.jsonable import text as json_text
from runwatch.text.safe import safe
from runwatch.text.units import iso, plural

_MOST_LINES = 20
_WIDTH = 300


def title(notification: Notification) -> str:
    """ "gpu1 · churn: 2 critical run-crashed" or "gpu1 · churn: run-crashed is over"."""
    where = place(notification.events[0]) if notification.events else "runwatch"
    if notification.resolved:
        return f"{where}: {safe(notification.group)} is over"
    firing = sum(event.action == "trigger" for event in notification.events)
    return f"{where}: {firing} {notification.severity} {safe(notification.group)}"


def place(event: AlertEvent) -> str:
    """The machine and the root's name: "gpu1 · churn"."""
    names = [event.host or "runwatch", os.path.basename(event.root.rstrip("/"))]
    return " · ".join(safe(name, 60) for name in names if name)


def headline(event: AlertEvent) -> str:
    """Where, and what: "gpu1 · churn: exp-17"."""
    return f"{place(event)}: {safe(event.place)}"


def body(notification: Notification) -> str:
    """A line an event, at most twenty, and where they are."""
    lines = [_line(event) for event in notification.events[:_MOST_LINES]]
    more = len(notification.events) - _MOST_LINES
    if more > 0:
        lines.append(f"and {plural(more, 'more', 'more')}")
    first = notification.events[0] if notification.events else None
    if first and (first.host or first.root):
        lines.append(safe(f"host {first.host}, root {first.root or 'none'} ({first.origin})", _WIDTH))
    return "\n".join(lines)


def payload(event: AlertEvent, at: float) -> dict[str, object]:
    """One event as incident tools take it: ``dedup_key`` folds repeats, ``event_action`` ends them."""
    return {
        "schema": 1,
        "source": "runwatch",
        "at": iso(at),
        "dedup_key": event.dedup_key,
        "event_action": event.action,
        "severity": event.severity,
        "rule": event.rule,
        "subject": json_text(event.place),
        "fingerprint": event.fingerprint,
        "host": json_text(event.host),
        "root": json_text(event.root),
        "root_name": json_text(os.path.basename(event.root.rstrip("/"))),
        "root_id": json_text(event.origin),
        "summary": json_text(event.summary),
        "advice": json_text(event.advice),
        "who": json_text(event.who),
    }


def _line(event: AlertEvent) -> str:
    if event.action == "resolve":
        return safe(f"over: {event.place}", _WIDTH)
    who = f" ({event.who} is on it)" if event.who else ""
    return safe(f"{event.severity}: {event.place}: {event.summary}{who}. {event.advice}", _WIDTH)
