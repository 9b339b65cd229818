"""Secrets in alert URLs: where they come from, and how they never come out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from runwatch.domain.errors import UserError
from runwatch.system.files import open_regular

_NAME = re.compile(r"\$\{(file:)?([^}]+)\}")
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>(?:[^/]*@)?)(?P<host>[^/?#]*)(?P<rest>.*)", re.S)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")
_BETWEEN = re.compile(r"[][/@:?&=#,;\s]+")
_MASK = "•••"
_LEAST = 4


class AlertError(UserError):
    """An alert could not be sent or set up; the text holds no secret. ``passing``: another try may do."""

    def __init__(self, text: str, passing: bool = True) -> None:
        super().__init__(text)
        self.passing = passing


def expand(url: str, environment: Mapping[str, str]) -> str:
    """``url`` with ``${NAME}`` from the environment and ``${file:PATH}`` from a file that only its owner can
    read. Raises ``AlertError``."""
    return _NAME.sub(lambda match: _value(match[1] is not None, match[2], environment), url)


def mask(url: str) -> str:
    """Scheme and host; all else is hidden, and the host too where it is part of a secret (not http)."""
    match = _URL.match(url)
    if match is None:
        return _MASK
    shown = match["host"] if _is_open(match) else _MASK
    return f"{match['scheme']}://{shown}/{_MASK}"


def masked(text: str, urls: Iterable[str]) -> str:
    """``text`` with every secret part of ``urls`` hidden, in whichever spelling it stands there."""
    for url in urls:
        text = text.replace(url, mask(url))
        for part in _secret_parts(url):
            for spelling in {part, quote(part, safe=""), unquote(part)}:
                text = text.replace(spelling, _MASK)
    return text


def exposed(file: str, urls: Iterable[str]) -> str | None:
    """A warning when ``file`` holds secrets in plain text and others can read it."""
    plain = [url for url in urls if not _NAME.search(url) and _secret_parts(url)]
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return None
    if not plain or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return f"{file}: holds the secret of {mask(plain[0])} and others can read it; use ${{NAME}} or chmod 600"


def _value(from_file: bool, name: str, environment: Mapping[str, str]) -> str:
    if not from_file:
        if name not in environment:
            raise AlertError(f"${{{name}}} is not set; set it in the environment of runwatch")
        return environment[name]
    path = Path(name).expanduser()
    try:
        fd, info = open_regular(path)
        with open(fd, encoding="utf-8") as file:
            if info.st_mode & 0o077:
                raise AlertError(f"{path}: must be a file that only you can read; chmod 600 {path}")
            return file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AlertError(f"{path}: cannot be read ({type(error).__name__}); check the path") from None


def _secret_parts(url: str) -> list[str]:
    """What of a URL is secret: user, password, path, query; for other schemes than http the host too."""
    match = _URL.match(url)
    if match is None:
        return [url] if len(url) >= _LEAST else []
    hidden = match["user"] + match["rest"]
    if not _is_open(match):
        hidden += "/" + match["host"]
    return sorted({piece for piece in _BETWEEN.split(hidden) if len(piece) >= _LEAST}, key=len, reverse=True)


def _is_open(match: re.Match[str]) -> bool:
    """Whether the host may be shown."""
    return match["scheme"] in ("http", "https") and bool(_HOST.fullmatch(match["host"]))
