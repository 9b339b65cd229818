"""Undecodable bytes in text that must be UTF-8: as private characters on the way out, bytes again after."""

from __future__ import annotations

MARKS = (b"\xf4\x8f\xbe", b"\xf4\x8f\xbf")


def storable(text: str) -> str:
    """Text that UTF-8 can hold: a surrogate escape becomes a private-use character, any other surrogate
    its escape."""
    if text.isascii():
        return text
    plain = "".join(chr(ord(c) - 0xDC00 + 0x10FF00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
    return plain.encode("utf-8", "backslashreplace").decode()


def restored(text: str) -> str:
    """``storable`` undone."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) - 0x10FF00 + 0xDC00) if 0x10FF80 <= ord(c) <= 0x10FFFF else c for c in text)
