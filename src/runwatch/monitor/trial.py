"""A test alert to every channel of a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from runwatch.alerts.dispatch import Event, Notification
from runwatch.alerts.outbox import senders
from runwatch.alerts.secrets import AlertError
from runwatch.config import Settings
from runwatch.domain.finding import fingerprint

_RULE = "alerts-test"
_BETWEEN_S = 1.0


class Trial(NamedTuple):
    """A channel as it may be shown, whether the test reached it, and what came back."""

    channel: str
    ok: bool
    answer: str


def try_alerts(
    settings: Settings, root: str, host: str, origin: str, now: float, sleep: Callable[[float], None]
) -> Iterator[Trial]:
    """Send one test to each channel, and that it is over, so that no incident stays open."""
    to, wrong = senders(settings.alerts)
    yield from (Trial("[alerts]", False, words) for words in wrong)
    event = Event(
        fingerprint=fingerprint(_RULE, host, root),
        action="trigger",
        severity="critical",
        rule=_RULE,
        place="a test",
        summary="this is a test of runwatch's alerts",
        advice="nothing is wrong",
        root=root,
        host=host,
        origin=origin,
    )
    for sender in to:
        try:
            answer = sender.send(Notification(_RULE, now, (event,)))
            sleep(_BETWEEN_S)
            sender.send(Notification(_RULE, now + _BETWEEN_S, (replace(event, action="resolve"),)))
            yield Trial(sender.name, True, answer)
        except AlertError as error:
            yield Trial(sender.name, False, str(error))
