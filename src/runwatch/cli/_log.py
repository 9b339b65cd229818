"""The log of the dashboard: a file in the state directory, never the terminal below the screen."""

from __future__ import annotations

import logging
from pathlib import Path

_MOST_BYTES, _OLDER = 1_000_000, 2


def log_to(file: Path | None) -> None:
    """From now on our warnings and watchdog's go to ``file`` (1 MB, and two older ones), and nowhere when it
    can't be written."""
    handler = _handler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("runwatch", "watchdog"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False


def _handler(file: Path | None) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    if file is None:
        return logging.NullHandler()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return RotatingFileHandler(
            file, maxBytes=_MOST_BYTES, backupCount=_OLDER, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return logging.NullHandler()
