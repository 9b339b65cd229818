"""The one way from typed records to plain values (JSON, MessagePack) and back."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_plain(record: object) -> Any:
    """``record`` as dicts, lists, texts and numbers, all levels deep. NaN and infinities stay floats, which
    Python's ``json`` knows; dates become ISO texts, NumPy's numbers Python's. Raises TypeError for what has
    no plain form."""
    return msgspec.to_builtins(record, enc_hook=_plain_number)


def _plain_number(value: object) -> object:
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], value: object) -> T:
    """A ``kind`` of ``to_plain``'s values. Fields that ``kind`` does not know (a later version wrote them)
    are passed over, missing ones take their defaults. Raises ValueError for what is no ``kind``."""
    return msgspec.convert(value, kind)


def to_bytes(record: object) -> bytes:
    """``record`` in MessagePack, for a file of our own. Raises TypeError, ValueError for what has no form."""
    return msgspec.msgpack.encode(record)


def from_bytes(kind: type[T], data: bytes) -> T:
    """A ``kind`` of ``to_bytes``'s bytes, read as ``from_plain`` reads. Raises ValueError otherwise."""
    return msgspec.msgpack.decode(data, type=kind)
