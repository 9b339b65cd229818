"""Text for little room. A sentence loses asides, then whole words from its end, never part of a number; a
name or a path its start."""

from __future__ import annotations

import re

from rich.cells import cell_len

_ASIDE = re.compile(r"\s*\([^()]*\)|[;,] and [\d,]+ more\b.*$")
_LEADING = "a an the is are was of at by from to in on and or with against than for its no not about"
_DANGLING = frozenset(_LEADING.split())
_DEEPER, _ROOM = 2, 20
_NUMBER = re.compile(r"^[+−±~<>-]?\d")


def fit_words(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells."""
    if cell_len(text) <= width:
        return text
    text = _ASIDE.sub("", text)
    if cell_len(text) <= width:
        return text
    words: list[str] = []
    room = width - 1
    for word in text.split(" "):
        room -= cell_len(word) + bool(words)
        if room < 0:
            break
        words.append(word)
    while len(words) > 1 and _leads_on(words[-1]):
        words.pop()
    if words:
        return " ".join(words).rstrip(",;:") + "…"
    return "…" + text.split(" ")[0][2 - width :] if width > 2 else "…"[:width]


def fit_end(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells: of one that is too long its end."""
    have = cell_len(text)
    return text if have <= width else "…" + without_start(text, have - width + 1)


def without_start(text: str, cells: int) -> str:
    """``text`` without what takes ``cells`` at its start, and without half a character that is two wide."""
    gone = 0
    for i, char in enumerate(text):
        if gone >= cells:
            return text[i:]
        gone += cell_len(char)
    return ""


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken between words; what follows the first stands a
    little deeper. A word that is too long for a line is left whole."""
    if cell_len(text) <= width:
        return [text]
    deep = " " * (min(len(text) - len(text.lstrip()), max(width - _ROOM, 0)) + _DEEPER)
    lines: list[str] = []
    line = ""
    for word in re.findall(r"\s*\S+", text):
        if line and cell_len(line) + cell_len(word) > width:
            lines.append(line)
            word = deep + word.lstrip()
            line = ""
        line += word
    return [*lines, line]


def _leads_on(word: str) -> bool:
    """A word that says nothing without the next one; a number may have lost its unit."""
    return word.lower() in _DANGLING or bool(_NUMBER.match(word))
