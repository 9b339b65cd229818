"""Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
(POST /api/v2/alerts)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from runwatch.alerts.dispatch import REPEAT_AFTER, AlertEvent, Notification
from runwatch.alerts.forms.base import Receiver, Request
from runwatch.domain.finding import SEVERITIES
from runwatch.text.jsonable import text as json_text
from runwatch.text.units import iso

_UNTIL_TOLD = 7 * 86400.0


def takes(url: str) -> bool:
    return urlsplit(url).path.rstrip("/").endswith("/api/v2/alerts")


def requests(notification: Notification, to: Receiver) -> Iterator[Request]:
    """All events in one request. Labels name an alert there, so that one whose severity changed is another:
    the same finding's others end with it. What holds ends by itself in 7 days, unless it is closed before."""
    alerts = []
    for event in notification.for_people.events if notification.for_people else ():
        for severity in SEVERITIES:
            holds = event.action == "trigger" and severity == event.severity
            alerts.append(_alert(event, severity, notification.at, holds))
    if alerts:
        yield Request(to.url, alerts)


def _alert(event: AlertEvent, severity: str, at: float, holds: bool) -> dict[str, object]:
    labels = {
        "alertname": event.rule,
        "severity": severity,
        "instance": event.host,
        "root": event.root,
        "root_id": event.origin,
        "subject": event.place,
        "fingerprint": event.fingerprint,
    }
    words = {"summary": event.summary, "description": event.advice, "who": event.who}
    return {
        "labels": {name: json_text(value) for name, value in labels.items() if value},
        "annotations": {name: json_text(value) for name, value in words.items() if value},
        "startsAt": iso(at - 1),
        "endsAt": iso(at + max(_UNTIL_TOLD, 2 * REPEAT_AFTER) if holds else at),
    }
