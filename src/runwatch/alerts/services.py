"""Slack, mail, ntfy, Teams and a hundred more through Apprise (the extra ``runwatch[notify]``)."""

from __future__ import annotations

from collections.abc import Sequence

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.secrets import AlertError, mask, masked
from runwatch.alerts.wording import body, title

_KINDS = {"critical": "failure", "warning": "warning", "info": "info"}


class Services:
    """Sends to Apprise URLs; Apprise is imported at the first alert (15 MB, 0.4 s)."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)

    @property
    def name(self) -> str:
        """What may be shown of it."""
        return f"Apprise {', '.join(map(mask, self._urls))}"

    def send(self, notification: Notification) -> str:
        """Deliver to every URL. Raises ``AlertError`` that names those that failed, masked."""
        said = notification.for_people
        if said is None:
            return "nothing to say to it"
        try:
            import apprise
        except ImportError:
            raise AlertError("[alerts] urls need Apprise; pip install 'runwatch[notify]'", False) from None
        kind = "success" if said.resolved else _KINDS[said.severity]
        failed = []
        for url in self._urls:
            service = apprise.Apprise()
            try:
                sent = service.add(url) and service.notify(
                    title=title(said), body=body(said), notify_type=kind, body_format="text"
                )
            except Exception as error:  # a plug-in of theirs may raise anything
                raise AlertError(f"{mask(url)}: {masked(str(error), self._urls)}") from None
            if not sent:
                failed.append(mask(url))
        if failed:
            raise AlertError(f"not delivered to {', '.join(failed)}; check the URL and the network")
        return "delivered"
