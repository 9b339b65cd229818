"""Sending in a thread of its own: a hanging server delays nothing but alerts."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.secrets import AlertError, expand, not_ours
from runwatch.alerts.services import Services
from runwatch.config import Alerts

_MOST_WAITING = 100


class Sender(Protocol):
    """Delivers a notification, or raises ``AlertError``."""

    def send(self, notification: Notification) -> None: ...


def senders(
    alerts: Alerts, file: str | None = None, environment: Mapping[str, str] = os.environ
) -> tuple[list[Sender], list[str]]:
    """The senders of a configuration and what is wrong with it. ``file``: where it came from; one that
    belongs to another user has no say."""
    if not alerts.urls and not alerts.webhook:
        return [], []
    if refusal := not_ours(file):
        return [], [refusal]
    made: list[Sender] = []
    wrong: list[str] = []
    urls = []
    for url in alerts.urls:
        try:
            urls.append(expand(url, environment))
        except AlertError as error:
            wrong.append(f"[alerts] urls: {error}")
    if urls:
        made.append(Services(urls))
    if alerts.webhook:
        from runwatch.alerts.webhook import Webhook

        try:
            made.append(Webhook(expand(alerts.webhook, environment)))
        except AlertError as error:
            wrong.append(f"[alerts] webhook: {error}")
    return made, wrong


class Outbox:
    """A queue of at most 100 notifications and the thread that empties it. ``failed`` is called on that
    thread with words that hold no secret."""

    def __init__(self, to: Sequence[Sender], failed: Callable[[str], None]) -> None:
        self._to = tuple(to)
        self._failed = failed
        self._queue: queue.Queue[Notification | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    def send(self, notification: Notification) -> None:
        """Put it in the queue; one that finds the queue full is dropped, and that is said."""
        if not self._to:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="runwatch-alerts", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(notification)
        except queue.Full:
            self._failed("alerts are not getting through: one was dropped")

    def close(self, patience: float = 5.0) -> None:
        """Send what waits, for at most ``patience`` seconds."""
        if self._thread is None:
            return
        try:
            self._queue.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _run(self) -> None:
        while (notification := self._queue.get()) is not None:
            for sender in self._to:
                try:
                    sender.send(notification)
                except AlertError as error:
                    self._failed(f"alert not sent: {error}")
