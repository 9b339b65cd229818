"""Writes TensorBoard event files field by field, as each kind of writer does."""

from __future__ import annotations

import random
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


def jumble(seed: int, count: int, flips: int) -> bytes:
    """``count`` records of many kinds in random order, with ``flips`` bits turned."""
    rng = random.Random(seed)
    tags = ["".join(rng.choices("abc/", k=rng.choice((1, 5, 9, 60)))) for _ in range(rng.choice((1, 4, 20)))]
    data = bytearray(b"".join(_any_record(rng, tags) for _ in range(count)))
    for _ in range(flips):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def rounds(seed: int, flips: int, strangers: int) -> bytes:
    """Scalars in one order again and again, as a training loop writes them; ``strangers`` records are others,
    of the same size or not, and ``flips`` bits are turned."""
    rng = random.Random(seed)
    tags = [f"{rng.choice('ab')}/{i}" + "x" * rng.randrange(30) for i in range(rng.choice((1, 3, 12)))]
    first, stride = rng.choice(((0, 1), (90, 1), (16_300, 1), (5, 50), (2_097_000, 1)))
    steps = range(first, first + stride * (1200 // len(tags)), stride)
    records = [scalar(t, s, rng.gauss(0, 1), WALL + s + i / 8) for s in steps for i, t in enumerate(tags)]
    for _ in range(strangers):
        at = rng.randrange(len(records))
        tag, step = rng.choice(tags), steps[at // len(tags)]
        kinds = (
            scalar(tag[:-1] + "y", step, 1.0),
            scalar(tag, step ^ 64, 2.0, rng.choice((WALL, -WALL, float("nan")))),
            frame(event(summary(simple(tag, 3.0)[:-4] + bytes(4)), step=step)),
            frame(event(summary(sub(1, tag.encode()) + b"\x1d" + bytes(4)), step=step)),
            restart(step),
            tf_scalar(tag, step, 4.0),
        )
        records[at] = rng.choice(kinds)
    data = bytearray(version() + b"".join(records))
    for _ in range(flips):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _any_record(rng: random.Random, tags: list[str]) -> bytes:
    tag, step = rng.choice(tags), rng.choice((0, rng.randrange(300), rng.randrange(3_000_000), -3))
    wall, value = WALL + rng.random() * rng.choice((1, 1e6)), rng.choice((rng.gauss(0, 1), float("nan")))
    kind = rng.random()
    if kind < 0.6:
        return scalar(tag, step, value, wall)
    if kind < 0.85:
        return tf_scalar(tag, step, value, wall)
    if kind < 0.9:
        return frame(event(summary(tensor("d", 2, sub(4, struct.pack("<d", value)))), step=step, wall=wall))
    if kind < 0.94:
        return frame(event(summary(simple(tag, value), simple("z", 1.0)), step=step, wall=wall))
    if kind < 0.98:
        return frame(event(summary(sub(1, b"h") + sub(5, bytes(rng.randrange(400)))), step=step, wall=wall))
    return frame(bytes(rng.randrange(80)))
