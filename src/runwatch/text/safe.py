"""The one border where text from disk becomes text for people: nothing that a terminal would obey passes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MAX_MARKS = 4
_SELECTORS = {"\ufe0e", "\ufe0f"}
_OF_NUMBER = frozenset("0123456789.,")
_NUMBER = re.compile(r"(?:(?<=[ (=])|^)[+−±~<>-]?\d[\d.,]*$")
_JOINERS = {"\u200d", *map(chr, range(0x1F3FB, 0x1F400))}


def safe(text: str, width: int | None = None) -> str:
    """``text`` with everything that a terminal or a reader's eye would be fooled by made visible.

    Control characters (C0, DEL, C1) become pictures (``␛``) or ``\\x9b``; bidirectional and zero-width
    characters, tags, separators, unassigned code points and surrogates become ``\\u202e``; a newline ``⏎``,
    a tab a space; at most 4 combining marks stay on one base. What joins or tints emoji goes: terminals do
    not agree how wide that makes them, and a frame would break. ``width``: cut to that many characters, the
    last being ``…``; not inside a number."""
    result = text if text.isascii() and text.isprintable() else _visible(text)
    if width is None or len(result) <= width:
        return result
    kept = result[: max(width - 1, 0)]
    if result[width - 1 : width] in _OF_NUMBER:
        kept = _NUMBER.sub("", kept) or kept
    return kept + "…" if width > 0 else ""


@lru_cache(maxsize=8192)
def _visible(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        if char in _SELECTORS or (char in _JOINERS and out and ord(out[-1][-1]) > 0x2190):
            continue
        category = unicodedata.category(char)
        if category in ("Mn", "Me", "Mc"):
            marks += 1
            if marks <= _MAX_MARKS:
                out.append(char)
            continue
        marks = 0
        out.append(_shown(char, category))
    return "".join(out)


def _shown(char: str, category: str) -> str:
    code = ord(char)
    if char == "\n":
        return "⏎"
    if char == "\t":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if category in ("Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp") or code == 0x2800 or 0x115F <= code <= 0x1160:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def run_name(name: str) -> str:
    """A run id as JSON and the command line carry it: a backslash is ``\\\\``, an undecodable byte ``\\xNN``;
    everything else, a newline too, stays (decisions: the screen shows it through ``safe``)."""
    if "\\" not in name and name.isascii():
        return name
    out = []
    for char in name:
        code = ord(char)
        out.append(
            "\\\\" if char == "\\" else f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else char
        )
    return "".join(out)
