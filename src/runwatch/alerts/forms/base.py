"""What every form shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from runwatch.alerts.dispatch import Notification


class Request(NamedTuple):
    """One POST."""

    url: str
    body: object
    """Sent as JSON."""


class Receiver(NamedTuple):
    """Who gets it."""

    url: str
    key: str | None = None
    """PagerDuty's routing key; for the others a token of the header ``Authorization: Bearer``."""


class Form(Protocol):
    """A module of this package: what one kind of receiver takes. Its name is the file's."""

    def takes(self, url: str) -> bool:
        """Whether a URL is of such a receiver, where the configuration does not say."""

    def requests(self, notification: Notification, to: Receiver) -> Iterator[Request]:
        """What to send. Raises ``AlertError`` where ``to`` lacks something."""
