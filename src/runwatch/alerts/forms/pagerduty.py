"""PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit, urlunsplit

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.forms.base import Receiver, Request
from runwatch.alerts.secrets import AlertError
from runwatch.alerts.wording import headline, payload
from runwatch.text.jsonable import text as json_text
from runwatch.text.units import iso

_HOSTS = ("events.pagerduty.com", "events.eu.pagerduty.com")
_MOST_SUMMARY = 1024


def takes(url: str) -> bool:
    return urlsplit(url).hostname in _HOSTS


def requests(notification: Notification, to: Receiver) -> Iterator[Request]:
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
