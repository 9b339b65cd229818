"""A notification as text and as JSON."""

from __future__ import annotations

from typing import Any

from runwatch.alerts.dispatch import Event, Notification
from runwatch.text.jsonable import text as json_text
from runwatch.text.safe import safe
from runwatch.text.units import iso, plural

_MOST_LINES = 20
_WIDTH = 300


def title(notification: Notification) -> str:
    """ "runwatch: 2 critical run-crashed" or "runwatch: run-crashed is over"."""
    if notification.resolved:
        return f"runwatch: {safe(notification.group)} is over"
    firing = sum(event.action == "trigger" for event in notification.events)
    return f"runwatch: {firing} {notification.severity} {safe(notification.group)}"


def body(notification: Notification) -> str:
    """A line an event, at most twenty."""
    lines = [_line(event) for event in notification.events[:_MOST_LINES]]
    more = len(notification.events) - _MOST_LINES
    return "\n".join([*lines, f"and {plural(more, 'more', 'more')}"] if more > 0 else lines)


def payload(event: Event, at: float) -> dict[str, Any]:
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
        "summary": json_text(event.summary),
        "advice": json_text(event.advice),
        "who": json_text(event.who),
    }


def _line(event: Event) -> str:
    if event.action == "resolve":
        return safe(f"over: {event.place}", _WIDTH)
    who = f" ({event.who} is on it)" if event.who else ""
    return safe(f"{event.severity}: {event.place}: {event.summary}{who}. {event.advice}", _WIDTH)
