"""Alerts that a person asks for: a test of every channel, and what one check found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from runwatch.alerts.dispatch import AlertEvent, Notification, event_of
from runwatch.alerts.outbox import senders
from runwatch.alerts.secrets import AlertError
from runwatch.config.settings import Settings
from runwatch.domain.finding import SEVERITIES, fingerprint, of_root, rank
from runwatch.monitor.alerting import filtered
from runwatch.monitor.once import Loaded
from runwatch.system.identity import host_name, root_identity

_RULE = "alerts-test"
_BETWEEN_S = 1.0


class AlertTest(NamedTuple):
    """A channel as it may be shown, whether the test reached it, and what came back."""

    channel: str
    ok: bool
    answer: str


def try_alerts(
    settings: Settings, root: str, host: str, origin: str, now: float, sleep: Callable[[float], None]
) -> Iterator[AlertTest]:
    """Send one test to each channel, and that it is over, so that no incident stays open."""
    to, wrong = senders(settings.alerts)
    yield from (AlertTest("[alerts]", False, words) for words in wrong)
    event = AlertEvent(
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
            yield AlertTest(sender.name, True, answer)
        except AlertError as error:
            yield AlertTest(sender.name, False, str(error))


def send_findings(loaded: Loaded, wanted: Collection[str], least: str) -> Iterator[str]:
    """Send those findings of a look whose fingerprints are ``wanted`` and that are at least as severe as
    ``least``, a message a rule and root; what went wrong, in words."""
    snapshot = loaded.snapshot
    for root, settings in loaded.settings.items():
        to, wrong = senders(settings.alerts)
        yield from wrong
        own = of_root(snapshot.findings, root, snapshot.situation.roots)
        alerts = filtered(own, settings.alerts.filter, snapshot.situation.runs, snapshot.situation.now)
        sends = least in SEVERITIES  # not for "never"
        loud = [f for f in alerts if sends and f.fingerprint in wanted and rank(f.severity) >= rank(least)]
        host, origin = host_name(), root_identity(root, settings.id)
        for rule in dict.fromkeys(f.rule for f in loud):
            events = tuple(event_of(f, "") for f in loud if f.rule == rule)
            notification = Notification(rule, snapshot.situation.now, events).from_place(host, origin)
            for sender in to:
                try:
                    sender.send(notification)
                except AlertError as error:
                    yield f"alert not sent: {error}"
        if loud and not to and not wrong:
            yield f"{root}: nothing was sent: no channel is configured; set webhook or urls in [alerts]"
