"""Protocol Buffers wire format, read only: fields of a message by number, without any schema.

Source: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_DOUBLE = struct.Struct("<d").unpack_from
_FLOAT = struct.Struct("<f").unpack_from


class Malformed(ValueError):
    """The bytes are no protobuf message."""


Field = tuple[int, int, int, int]
"""A field's number, its wire type, and where its bytes begin and end; of a varint, the value itself stands
for where it begins."""


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The unsigned integer at ``at`` and the position after it. Raises Malformed."""
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise Malformed("an integer of more than 10 bytes")
    raise Malformed("an integer is cut off")


def fields(data: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of the message in ``data[at:end]``. Raises Malformed."""
    while at < end:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = varint(data, at - 1, end)
        wire = key & 7
        if wire == BYTES:
            size, at = varint(data, at, end)
            start, at = at, at + size
        elif wire == VARINT:
            start, at = varint(data, at, end)
        elif wire == FIXED64:
            start, at = at, at + 8
        elif wire == FIXED32:
            start, at = at, at + 4
        else:
            raise Malformed(f"wire type {wire}")
        if at > end:
            raise Malformed("a field runs past the end of its message")
        yield key >> 3, wire, start, at


def signed(value: int) -> int:
    """An int32/int64 field's value from its varint (two's complement, 64 bits)."""
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >= 1 << 63 else value


def double(data: bytes, at: int) -> float:
    value: float = _DOUBLE(data, at)[0]
    return value


def single(data: bytes, at: int) -> float:
    value: float = _FLOAT(data, at)[0]
    return value


def text(data: bytes, start: int, end: int) -> str:
    """A string field; bytes that are not UTF-8 become ``\\xNN``."""
    return data[start:end].decode("utf-8", "backslashreplace")


def timestamp(data: bytes, start: int, end: int) -> float:
    """``google.protobuf.Timestamp`` in seconds since the epoch."""
    seconds = nanos = 0
    for number, wire, at, _ in fields(data, start, end):
        if number == 1 and wire == VARINT:
            seconds = signed(at)
        elif number == 2 and wire == VARINT:
            nanos = at
    return seconds + nanos * 1e-9
