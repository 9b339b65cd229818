"""A plain webhook: one POST of JSON an event, by the standard library."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import IO

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.secrets import AlertError, mask, masked
from runwatch.alerts.wording import payload

_TIMEOUT_S = 5.0
_RETRIES = 2
_PAUSE_S = 1.0


class Webhook:
    """Posts to one http(s) URL: 5 s each, two retries on time-outs, refusals and 5xx."""

    def __init__(
        self, url: str, timeout: float = _TIMEOUT_S, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise AlertError(f"webhook {mask(url)}: must be an http or https URL")
        self._url = url
        self._timeout = timeout
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, notification: Notification) -> None:
        """Deliver every event. Raises ``AlertError`` with the first failure, after all were tried."""
        failed: list[AlertError] = []
        for event in notification.events:
            try:
                self._post(json.dumps(payload(event, notification.at)).encode())
            except AlertError as error:
                failed.append(error)
                if len(failed) == 2:
                    break
        if failed:
            raise failed[0]

    def _post(self, data: bytes) -> None:
        again, reason = True, ""
        for turn in range(1 + _RETRIES):
            if turn:
                self._sleep(_PAUSE_S * turn)
            again, reason = self._try(data)
            if not reason:
                return
            if not again:
                break
        raise AlertError(f"webhook {mask(self._url)}: {masked(reason, [self._url])}", again)

    def _try(self, data: bytes) -> tuple[bool, str]:
        """(whether another try may help, why it failed); no reason: delivered."""
        request = urllib.request.Request(
            self._url,
            data=data,
            method="POST",
            headers={"Content-Type": "application/json", "User-Agent": "runwatch"},
        )
        try:
            with self._opener.open(request, timeout=self._timeout):
                return False, ""
        except urllib.error.HTTPError as error:
            error.close()
            return error.code >= 500 or error.code == 429, f"answered {error.code}"
        except urllib.error.URLError as error:
            return True, f"not reached ({error.reason})"
        except (OSError, http.client.HTTPException) as error:
            return True, f"not reached ({error or type(error).__name__})"
        except ValueError as error:
            return False, f"not usable ({error})"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the alert, as a GET, to somebody else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None
