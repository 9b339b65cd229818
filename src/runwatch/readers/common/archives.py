"""Zip archives from strangers: members by name, bounded in size, Zstandard too (method 93, which Python's own
``zipfile`` knows from 3.14 on)."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from runwatch.readers import limits
from runwatch.readers.base import Opened

MAGIC = b"PK\x03\x04"
DIRECTORY = 32 * limits.MIB

_END, _END_SIZE = b"PK\x05\x06", 22
_STORED, _DEFLATED, _ZSTANDARD = 0, 8, 93
_LOCAL = 30


class _RawMember(io.RawIOBase):
    """An opened file as the seekable stream that ``zipfile`` asks for."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._opened.stat.size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._opened.pread(len(buffer), self._at)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class Archive:
    """The members of one archive."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        _check_directory(opened)
        import zipfile

        try:
            with zipfile.ZipFile(io.BufferedReader(_RawMember(opened))) as directory:
                self._members = {info.filename: info for info in directory.infolist()}
        except (zipfile.BadZipFile, NotImplementedError, struct.error, EOFError) as error:
            raise ValueError(str(error) or "not a complete zip archive") from None

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str, limit: int = limits.DOCUMENT) -> bytes:
        """The bytes of a member. Raises KeyError, and ValueError for one that is damaged, larger than
        ``limit`` or packed in a way that is not known."""
        info = self._members[name]
        if max(info.file_size, info.compress_size) > limit:
            raise ValueError(f"{name} is larger than {limit // limits.MIB} MiB")
        header = self._opened.pread(_LOCAL, info.header_offset)
        if len(header) < _LOCAL or not header.startswith(MAGIC):
            raise ValueError(f"{name} is damaged")
        name_size, extra_size = struct.unpack("<HH", header[26:30])
        packed = self._opened.pread(info.compress_size, info.header_offset + _LOCAL + name_size + extra_size)
        data = _unpacked(packed, info.compress_type, info.file_size, name)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise ValueError(f"{name} is damaged")
        return data


def _unpacked(packed: bytes, method: int, size: int, name: str) -> bytes:
    """At most one byte more than ``size``."""
    if method == _STORED:
        return packed
    try:
        if method == _DEFLATED:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
        if method == _ZSTANDARD:
            import pyarrow

            return bytes(pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd").read(size + 1))
    except (zlib.error, OSError) as error:
        raise ValueError(f"{name} is damaged: {error}") from None
    raise ValueError(f"{name} uses an unknown compression (method {method})")


def _check_directory(opened: Opened) -> None:
    """Raises ValueError when the list of members is not there yet, or too large to be held."""
    size = opened.stat.size
    tail = opened.pread(min(size, 64 * limits.KIB + _END_SIZE), max(size - 64 * limits.KIB - _END_SIZE, 0))
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise ValueError("not a complete zip archive")
    if struct.unpack("<I", tail[at + 12 : at + 16])[0] > DIRECTORY:
        raise ValueError(f"its list of members is larger than {DIRECTORY // limits.MIB} MiB")


@contextmanager
def opened(path: str) -> Iterator[Archive]:
    """The archive at ``path``. Raises OSError, ValueError."""
    with Opened(path) as file:
        yield Archive(file)
