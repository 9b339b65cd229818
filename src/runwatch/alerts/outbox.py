"""Sending, in a thread a sender: one that hangs delays nothing but its own alerts."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.secrets import AlertError, expand, mask, masked
from runwatch.alerts.wording import body, title
from runwatch.config.settings import Alerts
from runwatch.system.threads import alive, started
from runwatch.text.units import duration

_MOST_WAITING = 100
_PAUSES_S = (60.0, 300.0, 900.0)


class Sender(Protocol):
    """Delivers a notification and says what came back, or raises ``AlertError``. ``name``: what may be shown
    of it."""

    @property
    def name(self) -> str: ...

    def send(self, notification: Notification) -> str: ...


def senders(alerts: Alerts, environment: Mapping[str, str] = os.environ) -> tuple[list[Sender], list[str]]:
    """The senders of a configuration and what is wrong with it."""
    if not alerts.urls and not alerts.webhooks:
        return [], []
    made: list[Sender] = []
    wrong: list[str] = []
    for url in alerts.urls:
        try:
            made.append(Service(expand(url, environment)))
        except AlertError as error:
            wrong.append(f"[alerts] urls: {error}")
    for url in alerts.webhooks:
        from runwatch.alerts.webhook import Webhook

        try:
            key = expand(alerts.key, environment) if alerts.key else None
            made.append(Webhook(expand(url, environment), form=alerts.format, key=key))
        except AlertError as error:
            wrong.append(f"[alerts] webhook: {error}")
    return made, wrong


class Outbox:
    """A line of at most 100 notifications to each sender. ``failed`` is called on a line's thread with
    words that hold no secret; ``pauses``: seconds before each further try of what could not be delivered."""

    def __init__(
        self, to: Sequence[Sender], failed: Callable[[str], None], pauses: Sequence[float] = _PAUSES_S
    ) -> None:
        self._lines = tuple(_OutboxLine(sender, failed, pauses) for sender in to)

    def send(self, notification: Notification) -> None:
        """Put it in every line; one that finds its line full is dropped, and that is said."""
        for line in self._lines:
            line.put(notification)

    def close(self, timeout: float = 5.0) -> None:
        """Send what waits, for at most ``timeout`` seconds."""
        end = time.monotonic() + timeout
        for line in self._lines:
            line.end()
        for line in self._lines:
            line.join(max(end - time.monotonic(), 0.0))


class _OutboxLine:
    """What goes to one sender, in order: a "resolved" never overtakes the alert that it ends."""

    def __init__(self, to: Sender, failed: Callable[[str], None], pauses: Sequence[float]) -> None:
        self._to, self._failed, self._pauses = to, failed, tuple(pauses)
        self._queue: queue.SimpleQueue[Notification | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, notification: Notification) -> None:
        if self._queue.qsize() >= _MOST_WAITING:
            self._failed("alerts are not getting through: one was dropped")
            return
        self._queue.put(notification)
        if not alive(self._thread):
            self._thread = started(self._run, "runwatch-alerts")
            if self._thread is None:
                self._failed("alerts are waiting: no thread can be started; the process limit is reached")

    def end(self) -> None:
        """Wait for nothing any more, and stop when the line is empty."""
        self._ending.set()
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (notification := self._queue.get()) is not None:
            self._deliver(notification)

    def _deliver(self, notification: Notification) -> None:
        for pause in (*self._pauses, None):
            try:
                self._to.send(notification)
                return
            except AlertError as error:
                again = pause if error.passing else None
                later = f"; next try in {duration(again)}" if again is not None else ""
                self._failed(f"alert not sent: {error}{later}")
            if again is None:
                return
            self._ending.wait(again)


_KINDS = {"critical": "failure", "warning": "warning", "info": "info"}


class Service:
    """Sends to an Apprise URL; Apprise is imported at the first alert (15 MB, 0.4 s)."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """What may be shown of it."""
        return f"Apprise {mask(self._url)}"

    def send(self, notification: Notification) -> str:
        """Deliver. Raises ``AlertError``, the URL masked."""
        words = notification.for_people
        if words is None:
            return "nothing to say to it"
        try:
            import apprise
        except ImportError:
            raise AlertError("[alerts] urls need Apprise; pip install 'runwatch[notify]'", False) from None
        kind = "success" if words.resolved else _KINDS[words.severity]
        service = apprise.Apprise()
        try:
            sent = service.add(self._url) and service.notify(
                title=title(words), body=body(words), notify_type=kind, body_format="text"
            )
        except Exception as error:  # a plug-in of theirs may raise anything
            raise AlertError(f"{mask(self._url)}: {masked(str(error), [self._url])}") from None
        if not sent:
            raise AlertError(f"not delivered to {mask(self._url)}; check the URL and the network")
        return "delivered"
