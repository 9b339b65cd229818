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
    """``record`` in MessagePack, for a file of our own; NumPy's arrays as they lie in memory. Raises
    TypeError, ValueError for what has no form."""
    try:
        return msgspec.msgpack.encode(record, enc_hook=_array_or_number)
    except OverflowError as error:  # an integer of more than 64 bits
        raise ValueError(str(error)) from None


def from_bytes(kind: type[T], data: bytes) -> T:
    """A ``kind`` of ``to_bytes``'s bytes, read as ``from_plain`` reads; arrays are read-only. Raises
    ValueError otherwise."""
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_array)


def _array_or_number(value: Any) -> object:
    if type(value).__name__ == "ndarray":
        return value.dtype.str, value.shape, value.tobytes()
    return _plain_number(value)


def _array(kind: type, value: Any) -> Any:
    if kind is object:  # a field that holds any value
        return value
    import numpy as np

    form, shape, body = value
    return np.frombuffer(body, np.dtype(form)).reshape(shape)
