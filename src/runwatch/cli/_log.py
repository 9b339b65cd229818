"""The log of the dashboard and of ``watch``: a file in the state directory, never the terminal below the
screen. Only its user may read it: it can hold names and lines from runs."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from runwatch.system.files import append_private, private_folder

_MOST_BYTES, _OLDER = 1_000_000, 2


def log_to(file: Path | None) -> None:
    """From now on our warnings and watchdog's go to ``file`` (1 MB, and two older ones), and nowhere when it
    cannot be written."""
    handler = _handler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("runwatch", "watchdog"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False


def _handler(file: Path | None) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    class Private(RotatingFileHandler):
        """Whatever the umask says, and whatever the file was before."""

        def _open(self) -> io.TextIOWrapper:
            return open(append_private(self.baseFilename), "a", encoding=self.encoding, errors=self.errors)

    if file is None:
        return logging.NullHandler()
    try:
        private_folder(file.parent)
        return Private(
            file, maxBytes=_MOST_BYTES, backupCount=_OLDER, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return logging.NullHandler()
