"""runwatch's own: one request an event, all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.forms.base import Receiver, Request
from runwatch.alerts.wording import payload


def takes(url: str) -> bool:
    """No URL says so: it is what a receiver gets that is not known."""
    return False


def requests(notification: Notification, to: Receiver) -> Iterator[Request]:
    for event in notification.events:
        yield Request(to.url, payload(event, notification.at))
