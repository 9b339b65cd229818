"""A webhook: POSTs of JSON by the standard library, in the form that its receiver takes."""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.forms import form_of, forms
from runwatch.alerts.forms.base import Receiver, Request
from runwatch.alerts.secrets import AlertError, mask, masked
from runwatch.system.timeouts import WithTimeout
from runwatch.text.safe import safe

_TIMEOUT_S = 5.0
_RETRIES = 2
_PAUSE_S = 1.0
_MOST_ANSWER = 200


class Webhook:
    """Posts to one http(s) URL: 5 s to connect and for each part of an answer, 10 s in all; two retries on
    time-outs, refusals and 5xx. ``form``: a name of ``forms`` or "auto"; ``key``: see
    ``forms.base.Receiver``."""

    def __init__(
        self,
        url: str,
        timeout: float = _TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
        form: str = "auto",
        key: str | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise AlertError(f"webhook {mask(url)}: must be an http or https URL")
        self._url, self._key = url, key
        self.form = form_of(url, form)
        plain, self._login = _without_login(url)
        self._to = Receiver(plain, key)
        self._timeout = timeout
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._asked: WithTimeout[tuple[bool, bool, str]] = WithTimeout(2 * timeout)

    @property
    def name(self) -> str:
        """What may be shown of it."""
        return f"webhook {mask(self._url)} ({self.form})"

    def send(self, notification: Notification) -> str:
        """Deliver every event; what the receiver answered. Raises ``AlertError`` with the first failure,
        after all were tried."""
        failed: list[AlertError] = []
        message = "nothing to say to it"
        for request in forms()[self.form].requests(notification, self._to):
            try:
                message = self._post(request)
            except AlertError as error:
                failed.append(error)
                if len(failed) == 2:
                    break
        if failed:
            raise failed[0]
        return message

    def _post(self, request: Request) -> str:
        data = json.dumps(request.body).encode()
        again, reason = True, ""
        for turn in range(1 + _RETRIES):
            if turn:
                self._sleep(_PAUSE_S * turn)
            delivered, again, reason = self._try(request.url, data)
            if delivered:
                return reason
            if not again:
                break
        raise AlertError(f"webhook {mask(self._url)}: {self._hidden(reason)}", again)

    def _try(self, url: str, data: bytes) -> tuple[bool, bool, str]:
        """(whether it was delivered, whether another try may help, the answer or why not)."""
        request = urllib.request.Request(url, data=data, method="POST", headers=self._headers())
        answer = self._asked.ask(url, lambda: self._exchange(request))  # one that drips never times out
        return answer or (False, True, f"not reached (no complete answer in {2 * self._timeout:g} s)")

    def _exchange(self, request: urllib.request.Request) -> tuple[bool, bool, str]:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return True, False, f"answered {answer.status}"
        except urllib.error.HTTPError as error:
            words = _first_words(error)
            error.close()
            return False, error.code >= 500 or error.code == 429, f"answered {error.code}{words}"
        except urllib.error.URLError as error:
            return False, True, f"not reached ({error.reason})"
        except (OSError, http.client.HTTPException) as error:
            return False, True, f"not reached ({error or type(error).__name__})"
        except ValueError as error:
            return False, False, f"not usable ({error})"

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "runwatch"}
        if self._login:
            headers["Authorization"] = f"Basic {base64.b64encode(self._login.encode()).decode()}"
        elif self._key and self.form != "pagerduty":
            headers["Authorization"] = f"Bearer {self._key}"
        return headers

    def _hidden(self, words: str) -> str:
        return safe(masked(words, [self._url, *([self._key] if self._key else [])]))


def _without_login(url: str) -> tuple[str, str]:
    """The URL without ``user:password@``, and that."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), unquote(login) if at else ""


def _first_words(error: urllib.error.HTTPError) -> str:
    """What a receiver says of a request that it does not take."""
    try:
        message = error.read(_MOST_ANSWER).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return ""
    return f": {' '.join(message.split())}" if message else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the alert, as a GET, to somebody else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None
