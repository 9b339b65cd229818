"""What is drawn, in ASCII alone: for terminals and fonts that have nothing else."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import cell_len

_PAIRS = (
    ("╭╮╰╯┌┐└┘├┤┬┴┼▪", "+"),
    ("─━╌┄┈╴╶╸╺", "-"),
    ("│┃╎┆┊‖▏▕", "|"),
    ("✓★", "*"),
    ("✗✘×", "x"),
    ("▶▸⏎→❯▌", ">"),
    ("◀←", "<"),
    ("●■▪", "#"),
    ("◆", "@"),
    ("○□◇☐", "o"),
    ("▲↑", "^"),
    ("▼▾↓", "v"),
    ("≈", "="),
    ("±", "+"),
    ("…", "~"),
    ("−–—", "-"),
    ("·•", "."),
    ("“”„", '"'),
    ("‘’", "'"),
    ("␛␀␦", "?"),
    ("▁", "_"),
    ("▂", "."),
    ("▃", ","),
    ("▄▀", "-"),
    ("▅", "="),
    ("▆", "+"),
    ("▇█▉▊▋▍▎▐", "#"),
    ("░▒▓", ":"),
)
_SIGNS = {ord(sign): plain for signs, plain in _PAIRS for sign in signs} | {ord("━"): "="}
_TWO_CELLS = {" …": "..", "± ": "+-", " ±": "+-"}
_IN_TWO_CELLS = re.compile(r" …(?=\s|$)|± | ±(?! )")
_UPPER, _LOWER = 0x01 | 0x02 | 0x08 | 0x10, 0x04 | 0x20 | 0x40 | 0x80


def wants_ascii(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale names a character set other than UTF-8, or the terminal is the Linux console, whose
    font has few signs. A locale that says nothing says nothing about it."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    other = bool(locale) and "utf" not in locale.lower() and ("." in locale or locale in ("C", "POSIX"))
    return other or environ.get("TERM") == "linux"


@lru_cache(maxsize=4096)
def to_ascii(text: str) -> str:
    """The same text in the same number of cells. Where it is cut stands ~; " …" becomes "..", "± " "+-"."""
    return text if text.isascii() else "".join(map(_plain, _IN_TWO_CELLS.sub(_two_cells, text)))


def _two_cells(found: re.Match[str]) -> str:
    return _TWO_CELLS[found[0]]


@lru_cache(maxsize=1024)
def _plain(char: str) -> str:
    if char.isascii():
        return char
    code = ord(char)
    if code in _SIGNS:
        return _SIGNS[code]
    if 0x2800 <= code <= 0x28FF:
        dots = code - 0x2800
        return " " if not dots else "." if not dots & _UPPER else "'" if not dots & _LOWER else ":"
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() and cell_len(char) == 1 else "?" * cell_len(char)
