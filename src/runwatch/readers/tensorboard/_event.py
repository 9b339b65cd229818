"""One TensorBoard event: protobuf bytes to what runwatch needs of them, all else skipped by wire type.

Source: tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from runwatch.domain.borders import JsonDict
from runwatch.readers.common.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    double,
    fields,
    signed,
    single,
    text,
    varint,
)

SESSION_START = 1
WALL_KEY, STEP_KEY, SUMMARY_KEY = 0x09, 0x10, 0x2A
"""The bytes before a wall time, a step and a summary."""
LARGEST_TEXT = 256 * 1024

Kind = Literal["scalar", "hparams", "text", "other"]


class Value(NamedTuple):
    """One value of a summary."""

    tag: str
    kind: Kind
    number: float = math.nan
    """A scalar's value, else NaN."""
    at: int = -1
    """Where its bytes lie if they are one IEEE float of ``width`` bytes, else -1."""
    width: int = 0
    content: bytes = b""
    """The bytes of a hparams plugin's data or of a text."""


class TfEvent(msgspec.Struct):
    """One event of a file."""

    wall: float = math.nan
    step: int = 0
    wall_at: int = -1
    """The position of the field's bytes, -1: not there."""
    step_at: int = -1
    """As ``wall_at``."""
    restart: bool = False
    """This is a ``SessionLog`` START."""
    values: list[Value] = msgspec.field(default_factory=list)


class Plugins:
    """Which tensor tags are scalars: only a tag's first event must carry the plugin's name.

    Forgets the names once the writer is seen to repeat them, so that ``state`` stays small."""

    __slots__ = ("_repeats", "_scalars")

    def __init__(self, state: JsonDict | None = None) -> None:
        known = state or {}
        self._repeats: bool = known.get("repeats", False)
        self._scalars: set[str] = set(known.get("scalars", ()))

    def state(self) -> JsonDict:
        if self._repeats:
            return {"repeats": True}
        return {"scalars": sorted(self._scalars)} if self._scalars else {}

    def is_scalar(self, tag: str, plugin: str | None, scalar_class: bool) -> bool:
        """``plugin``: the name in this event; None: it has none."""
        if plugin is None:
            return tag in self._scalars
        scalar = plugin == "scalars" or (scalar_class and not plugin)
        if scalar and not self._repeats:
            self._repeats = tag in self._scalars
            self._scalars.add(tag)
        return scalar


def parse(data: bytes, start: int, end: int, plugins: Plugins) -> TfEvent:
    """The event in ``data[start:end]``. Raises Malformed."""
    event = TfEvent()
    for number, wire, at, stop in fields(data, start, end):
        if number == 1 and wire == FIXED64:
            event.wall, event.wall_at = double(data, at), at
        elif number == 2 and wire == VARINT:
            event.step, event.step_at = signed(at), _varint_start(data, stop)
        elif number == 5 and wire == BYTES:
            for part, kind, low, high in fields(data, at, stop):
                if part == 1 and kind == BYTES:
                    event.values.append(_value(data, low, high, plugins))
        elif number == 7 and wire == BYTES:
            event.restart = any(
                part == 1 and kind == VARINT and low == SESSION_START
                for part, kind, low, _ in fields(data, at, stop)
            )
    return event


def _varint_start(data: bytes, stop: int) -> int:
    at = stop - 1
    while data[at - 1] >= 0x80:
        at -= 1
    return at


def _value(data: bytes, start: int, end: int, plugins: Plugins) -> Value:
    tag = ""
    plugin: str | None = None
    content = (0, 0)
    scalar_class = False
    simple, tensor = -1, (0, 0)
    for number, wire, at, stop in fields(data, start, end):
        if number == 1 and wire == BYTES:
            tag = text(data, at, stop)
        elif number == 2 and wire == FIXED32:
            simple = at
        elif number == 8 and wire == BYTES:
            tensor = (at, stop)
        elif number == 9 and wire == BYTES:
            plugin, content, scalar_class = metadata(data, at, stop)
    if simple >= 0:
        return Value(tag, kind="scalar", number=single(data, simple), at=simple, width=4)
    if plugin == "hparams":
        return Value(tag, "hparams", content=data[content[0] : content[1]])
    if tensor[1]:
        if plugin == "text" or (plugin is None and tag.endswith("/text_summary")):
            return Value(tag, "text", content=_first_string(data, *tensor))
        if plugins.is_scalar(tag, plugin, scalar_class):
            return Value(tag, "scalar", *_number(data, *tensor))
    return Value(tag, "other")


def metadata(data: bytes, start: int, end: int) -> tuple[str, tuple[int, int], bool]:
    """A SummaryMetadata: the plugin's name, where its content lies, whether its data class is scalar."""
    plugin, content, scalar_class = "", (0, 0), False
    for number, wire, at, stop in fields(data, start, end):
        if number == 1 and wire == BYTES:
            for part, kind, low, high in fields(data, at, stop):
                if part == 1 and kind == BYTES:
                    plugin = text(data, low, high)
                elif part == 2 and kind == BYTES:
                    content = (low, high)
        elif number == 4 and wire == VARINT:
            scalar_class = at == 1
    return plugin, content, scalar_class


def _first_string(data: bytes, start: int, end: int) -> bytes:
    for number, wire, at, stop in fields(data, start, end):
        if number == 8 and wire == BYTES:
            return data[at : min(stop, at + LARGEST_TEXT)]
    return b""


_RAW: dict[int, tuple[str, int]] = {
    1: ("<f", 4),
    2: ("<d", 8),
    3: ("<i", 4),
    4: ("<B", 1),
    5: ("<h", 2),
    6: ("<b", 1),
    9: ("<q", 8),
    10: ("<?", 1),
    17: ("<H", 2),
    19: ("<e", 2),
    22: ("<I", 4),
    23: ("<Q", 8),
}
"""DataType number to the struct format and size of one element in ``tensor_content``."""

_BFLOAT16 = 14


def _number(data: bytes, start: int, end: int) -> tuple[float, int, int]:
    """The first element of a TensorProto as a float; the place and width of its bytes if it is an IEEE
    float (-1, 0: it is not). NaN when there is none."""
    dtype = 0
    for number, wire, at, stop in fields(data, start, end):
        if number == 1 and wire == VARINT:
            dtype = at
        elif number == 4 and wire == BYTES and stop > at:
            return _raw(data, at, stop, dtype)
        elif number in _TYPED:
            parsed = _TYPED[number](data, wire, at, stop, dtype)
            if parsed is not None:
                return parsed
    return math.nan, -1, 0


def _raw(data: bytes, at: int, stop: int, dtype: int) -> tuple[float, int, int]:
    if dtype == _BFLOAT16 and stop - at >= 2:
        return struct.unpack("<f", b"\0\0" + data[at : at + 2])[0], -1, 0
    form, size = _RAW.get(dtype, ("", 0))
    if not form or stop - at < size:
        return math.nan, -1, 0
    value = float(struct.unpack_from(form, data, at)[0])
    return (value, at, size) if form in ("<f", "<d") else (value, -1, 0)


_Found = tuple[float, int, int] | None


def _floats(data: bytes, wire: int, at: int, stop: int, dtype: int) -> _Found:
    return (single(data, at), at, 4) if wire in (BYTES, FIXED32) and stop - at >= 4 else None


def _doubles(data: bytes, wire: int, at: int, stop: int, dtype: int) -> _Found:
    return (double(data, at), at, 8) if wire in (BYTES, FIXED64) and stop - at >= 8 else None


def _integers(data: bytes, wire: int, at: int, stop: int, dtype: int) -> _Found:
    if wire == BYTES and stop > at:
        at, _ = varint(data, at, stop)
    elif wire != VARINT:
        return None
    return float(at if dtype in (22, 23) else signed(at)), -1, 0


def _halves(data: bytes, wire: int, at: int, stop: int, dtype: int) -> _Found:
    packed = _integers(data, wire, at, stop, 23)
    if packed is None:
        return None
    bits = int(packed[0]) & 0xFFFF
    if dtype == _BFLOAT16:
        return struct.unpack("<f", struct.pack("<I", bits << 16))[0], -1, 0
    return struct.unpack("<e", struct.pack("<H", bits))[0], -1, 0


_TYPED: dict[int, Callable[[bytes, int, int, int, int], _Found]] = {
    5: _floats,
    6: _doubles,
    7: _integers,
    10: _integers,
    11: _integers,
    13: _halves,
    16: _integers,
    17: _integers,
}
"""TensorProto's value fields (float, double, int, int64, bool, half, uint32, uint64)."""
