"""ntfy: https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.forms.base import Receiver, Request
from runwatch.alerts.secrets import AlertError
from runwatch.alerts.wording import body, title

_PRIORITY = {"critical": 5, "warning": 4, "info": 3}
_TAG = {"critical": "rotating_light", "warning": "warning", "info": "information_source"}


def takes(url: str) -> bool:
    return urlsplit(url).hostname == "ntfy.sh"


def requests(notification: Notification, to: Receiver) -> Iterator[Request]:
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
        "priority": _PRIORITY[severity],
        "tags": ["white_check_mark" if words.resolved else _TAG[severity]],
    }
    yield Request(urlunsplit(parts._replace(path=above or "/")), message)
