"""What a receiver takes: which requests say a notification, in its own form.

Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (POST /api/v2/alerts);
PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/; ntfy:
https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit, urlunsplit

from runwatch.alerts.dispatch import REPEAT_AFTER, AlertEvent, Notification
from runwatch.alerts.secrets import AlertError
from runwatch.alerts.wording import body, headline, payload, title
from runwatch.domain.finding import SEVERITIES
from runwatch.text.jsonable import text as json_text
from runwatch.text.units import iso

_PAGERDUTY_HOSTS = ("events.pagerduty.com", "events.eu.pagerduty.com")
_MOST_SUMMARY = 1024
_UNTIL_TOLD = 7 * 86400.0
_NTFY_PRIORITY = {"critical": 5, "warning": 4, "info": 3}
_NTFY_TAG = {"critical": "rotating_light", "warning": "warning", "info": "information_source"}


class Request(NamedTuple):
    """One POST: where to, and its JSON."""

    url: str
    body: object


class Receiver(NamedTuple):
    """Who gets it: ``key`` is PagerDuty's routing key; for the others a token of the header
    ``Authorization: Bearer``."""

    url: str
    key: str | None = None


def form_of(url: str, form: str) -> str:
    """The form that ``url`` takes; ``form`` is the configured one, "auto": by the URL, else runwatch's."""
    if form != "auto":
        return form
    parts = urlsplit(url)
    if parts.hostname in _PAGERDUTY_HOSTS:
        return "pagerduty"
    if parts.path.rstrip("/").endswith("/api/v2/alerts"):
        return "alertmanager"
    return "ntfy" if parts.hostname == "ntfy.sh" else "runwatch"


def _runwatch(notification: Notification, to: Receiver) -> Iterator[Request]:
    for event in notification.events:
        yield Request(to.url, payload(event, notification.at))


def _alertmanager(notification: Notification, to: Receiver) -> Iterator[Request]:
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


def _pagerduty(notification: Notification, to: Receiver) -> Iterator[Request]:
    key = to.key or (parse_qs(urlsplit(to.url).query).get("routing_key") or [""])[0]
    if not key:
        raise AlertError("PagerDuty needs its routing key; set key under [alerts]", False)
    url = urlunsplit(urlsplit(to.url)._replace(query="", fragment=""))
    for event in notification.events:
        result: dict[str, object] = {
            "routing_key": key,
            "event_action": event.action,
            "dedup_key": event.dedup_key,
        }
        if event.action == "trigger":
            result["client"] = "runwatch"
            result["payload"] = {
                "summary": f"{headline(event)}: {json_text(event.summary)}"[:_MOST_SUMMARY],
                "source": json_text(event.host or "runwatch"),
                "severity": event.severity,
                "timestamp": iso(notification.at),
                "component": json_text(event.place),
                "group": json_text(event.root),
                "class": event.rule,
                "custom_details": payload(event, notification.at),
            }
        yield Request(url, result)


def _ntfy(notification: Notification, to: Receiver) -> Iterator[Request]:
    words = notification.for_people
    if words is None:
        return
    parts = urlsplit(to.url)
    above, _, topic = parts.path.rstrip("/").rpartition("/")
    if not topic:
        raise AlertError("ntfy needs its topic at the end of the URL: https://ntfy.sh/TOPIC", False)
    severity = "info" if words.resolved else words.severity
    message = {
        "topic": topic,
        "title": title(words),
        "message": body(words),
        "priority": _NTFY_PRIORITY[severity],
        "tags": ["white_check_mark" if words.resolved else _NTFY_TAG[severity]],
    }
    yield Request(urlunsplit(parts._replace(path=above or "/")), message)


FORMS: Mapping[str, Callable[[Notification, Receiver], Iterator[Request]]] = {
    "runwatch": _runwatch,
    "alertmanager": _alertmanager,
    "pagerduty": _pagerduty,
    "ntfy": _ntfy,
}
