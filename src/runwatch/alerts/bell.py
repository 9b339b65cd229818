"""A sound or a notice of the terminal itself, through whatever multiplexer is in between.

Sequences: OSC 9 (iTerm2, WezTerm, Windows Terminal), OSC 777 (urxvt, foot, Ghostty, VTE), OSC 99 (kitty,
https://sw.kovidgoyal.net/kitty/desktop-notifications/). What is returned is written by the UI's driver."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

import msgspec

from runwatch.alerts.dispatch import Notification
from runwatch.alerts.wording import title
from runwatch.domain.clock import elapsed
from runwatch.text.safe import safe

BEL = "\a"
_ESC, _END = "\x1b", "\x1b\\"
_MOST_BYTES = 200
_PAUSE_S = 60.0


class Bell(msgspec.Struct):
    """``how``: "bell", "osc" or "off". At most one notice a minute, all of that minute in it."""

    how: str
    _rang: float = float("-inf")
    _waiting: int = 0
    _words: str = ""

    def ring(self, notifications: Iterable[Notification], now: float) -> str:
        """The characters to write now, "" for none: for new criticals only."""
        for notification in notifications:
            if notification.severity == "critical":
                self._waiting += 1
                self._words = title(notification)
        if self.how == "off" or not self._waiting or elapsed(self._rang, now) < _PAUSE_S:
            return ""
        words = self._words if self._waiting == 1 else f"{self._waiting} groups of critical findings"
        self._rang, self._waiting = now, 0
        return BEL if self.how == "bell" else notice("runwatch", words, os.environ)


def notice(heading: str, words: str, environment: Mapping[str, str]) -> str:
    """An OSC notice for this terminal, wrapped for tmux (which needs ``allow-passthrough on``) or screen."""
    heading, words = _plain(heading), _plain(words)
    term = environment.get("TERM", "")
    if "KITTY_WINDOW_ID" in environment or "kitty" in term:
        sequence = f"{_ESC}]99;;{heading}: {words}{_END}"
    elif term.startswith(("rxvt", "foot", "xterm-ghostty")) or "VTE_VERSION" in environment:
        sequence = f"{_ESC}]777;notify;{heading};{words}{BEL}"
    else:
        sequence = f"{_ESC}]9;{heading}: {words}{BEL}"
    if environment.get("TMUX"):
        return f"{_ESC}Ptmux;{sequence.replace(_ESC, 2 * _ESC)}{_END}"
    if environment.get("STY"):
        return f"{_ESC}P{sequence}{_END}"
    return sequence


def _plain(words: str) -> str:
    """No control characters, no separators, at most 200 bytes."""
    shown = safe(words).replace(";", ",")
    return shown.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
