"""What goes over a link: length-prefixed, compressed MessagePack of typed messages, bounded on both ends.

A frame is 4 bytes of length (big endian) and that many bytes of a zlib stream which goes on from frame to
frame, flushed at each frame's end. Records of the domain are maps by field name, so that a version that knows
more fields can talk to one that knows fewer."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, get_args

import msgspec

from runwatch.domain.errors import UserError
from runwatch.text.storable import MARKS, restored, storable

# one more whenever a record loses a field or a field changes; new fields with defaults are free
PROTOCOL = 1
MARKER = b"\0runwatch: frames\0\n"
MAX_FRAME = 16 * 1024 * 1024
MAX_MESSAGE = 64 * 1024 * 1024
_LENGTH = 4


class WireError(UserError):
    """What came over a link is not what this side understands; the text says why."""


def _plain(value: object) -> object:
    """numpy's numbers as Python's; anything else that is no JSON value as text."""
    item = getattr(value, "item", None)
    return item() if item is not None else str(value)


class UnknownMessageError(WireError):
    """A message of a kind that a later version sends; ``number``: of the question that it is, 0: of none."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__(f"a message that this version does not know ({kind[:40]})")
        self.number = number


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)


def encode(value: object) -> bytes:
    """MessagePack of a record or message."""
    try:
        return _ENCODER.encode(value)
    except (UnicodeEncodeError, OverflowError):  # rare: an undecodable file name, a huge seed
        allowed = (bytes, date)
        return _ENCODER.encode(
            _walked(msgspec.to_builtins(value, builtin_types=allowed, enc_hook=_plain), storable)
        )


class _Envelope(msgspec.Struct):
    """What every message has: its kind, and a question its number."""

    type: str = ""
    number: int = 0


def decoder(kind: object) -> Callable[[bytes], Any]:
    """What turns MessagePack into ``kind``, or raises WireError: UnknownMessageError for a message of no kind
    that is known here."""
    typed, untyped = msgspec.msgpack.Decoder(kind), msgspec.msgpack.Decoder()
    envelope = msgspec.msgpack.Decoder(_Envelope)
    known = {one.__struct_config__.tag for one in get_args(kind) if hasattr(one, "__struct_config__")}

    def decode(data: bytes) -> Any:
        try:
            if any(mark in data for mark in MARKS):
                return msgspec.convert(_walked(untyped.decode(data), restored), kind)
            return typed.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError) as error:
            with contextlib.suppress(msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                head = envelope.decode(data)
                if known and head.type and head.type not in known:
                    raise UnknownMessageError(head.type, head.number) from None
            raise WireError(f"a message that this version does not understand ({error})") from None

    return decode


def key(value: object) -> Any:
    """A key of a map as MessagePack can hold it."""
    if isinstance(value, str):
        return storable(value)
    return tuple(map(key, value)) if isinstance(value, tuple) else value


def _walked(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, Mapping):
        return {_walked(k, change): _walked(v, change) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_walked(item, change) for item in value)
    return [_walked(item, change) for item in value] if isinstance(value, list) else value


class Outward:
    """Writes messages as frames; usable from several threads. ``write`` takes all bytes or raises OSError."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._packer = zlib.compressobj(6)
        self.sent = 0

    def send(self, message: object) -> None:
        data = encode(message)
        with self._lock:
            packed = self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)
            frame = len(packed).to_bytes(_LENGTH, "big") + packed
            self.sent += len(frame)
            self._write(frame)


class Inward:
    """Takes bytes as they come and gives whole messages; raises WireError on what is no frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._unpacker = zlib.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH], "big")
            if length > MAX_FRAME:
                raise WireError(f"a frame of {length:,} bytes, more than is allowed")
            if len(self._buffer) < _LENGTH + length:
                return
            packed = bytes(self._buffer[_LENGTH : _LENGTH + length])
            del self._buffer[: _LENGTH + length]
            yield self._unpacked(packed)

    def _unpacked(self, packed: bytes) -> bytes:
        try:
            data = self._unpacker.decompress(packed, MAX_MESSAGE)
        except zlib.error as error:
            raise WireError(f"a damaged frame ({error})") from None
        if self._unpacker.unconsumed_tail or self._unpacker.eof:
            raise WireError("a frame larger than allowed once decompressed")
        return data
