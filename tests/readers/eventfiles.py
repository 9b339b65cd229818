"""Writes TensorBoard event files field by field, as each kind of writer does."""

from __future__ import annotations

import struct

import google_crc32c

WALL = 1_790_000_000.25


def masked(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def frame(data: bytes) -> bytes:
    size = struct.pack("<Q", len(data))
    return size + masked(size) + data + masked(data)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def sub(key: int, data: bytes) -> bytes:
    return varint(key << 3 | 2) + varint(len(data)) + data


def number(key: int, value: int) -> bytes:
    return varint(key << 3) + varint(value)


def event(*parts: bytes, step: int = 0, wall: float = WALL) -> bytes:
    return b"\x09" + struct.pack("<d", wall) + (number(2, step) if step else b"") + b"".join(parts)


def summary(*values: bytes) -> bytes:
    return sub(5, b"".join(sub(1, value) for value in values))


def simple(tag: str, value: float) -> bytes:
    return sub(1, tag.encode()) + b"\x15" + struct.pack("<f", value)


def metadata(plugin: str, content: bytes = b"") -> bytes:
    return sub(9, sub(1, sub(1, plugin.encode()) + (sub(2, content) if content else b"")))


def tensor(tag: str, dtype: int, body: bytes, plugin: str | None = "scalars") -> bytes:
    """``body``: the TensorProto's value field."""
    said = metadata(plugin) if plugin is not None else b""
    return sub(1, tag.encode()) + sub(8, number(1, dtype) + sub(2, b"") + body) + said


def text(tag: str, words: str) -> bytes:
    return sub(1, tag.encode()) + sub(8, number(1, 7) + sub(8, words.encode())) + metadata("text")


def scalar(tag: str, step: int, value: float, wall: float = WALL) -> bytes:
    return frame(event(summary(simple(tag, value)), step=step, wall=wall))


def tf_scalar(tag: str, step: int, value: float, wall: float = WALL) -> bytes:
    return frame(event(summary(tensor(tag, 1, sub(4, struct.pack("<f", value)))), step=step, wall=wall))


def version() -> bytes:
    return frame(event(sub(3, b"brain.Event:2")))


def restart(step: int, wall: float = WALL) -> bytes:
    return frame(event(sub(7, number(1, 1)), step=step, wall=wall))


def hparams_plugin(tag: str, data: bytes, wall: float = WALL) -> bytes:
    return frame(event(summary(sub(1, tag.encode()) + metadata("hparams", data)), wall=wall))


def session_start(entries: dict[str, bytes], wall: float = WALL) -> bytes:
    """``entries``: google.protobuf.Value bytes by name."""
    pairs = b"".join(sub(1, sub(1, key.encode()) + sub(2, value)) for key, value in entries.items())
    return hparams_plugin("_hparams_/session_start_info", sub(3, pairs), wall)


def session_end(status: int, wall: float) -> bytes:
    return hparams_plugin("_hparams_/session_end_info", sub(4, number(1, status)), wall)


def real(value: float) -> bytes:
    return b"\x11" + struct.pack("<d", value)
