"""Zip archives from strangers: members by name, bounded in size, Zstandard too (method 93, which Python's own
``zipfile`` knows from 3.14 on)."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from runwatch.readers import limits
from runwatch.system.files import open_regular

MAGIC = b"PK\x03\x04"
DIRECTORY = 32 * limits.MIB

_END, _END_SIZE = b"PK\x05\x06", 22
_STORED, _DEFLATED, _ZSTANDARD = 0, 8, 93
_LOCAL = 30


class Archive:
    """The members of one archive; ``file`` is open as long as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        _check_directory(file)
        import zipfile

        try:
            with zipfile.ZipFile(file) as directory:
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
        header = self._at(info.header_offset, _LOCAL)
        if len(header) < _LOCAL or not header.startswith(MAGIC):
            raise ValueError(f"{name} is damaged")
        name_size, extra_size = struct.unpack("<HH", header[26:30])
        packed = self._at(info.header_offset + _LOCAL + name_size + extra_size, info.compress_size)
        data = _unpacked(packed, info.compress_type, info.file_size, name)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise ValueError(f"{name} is damaged")
        return data

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


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


def _check_directory(file: BinaryIO) -> None:
    """Raises ValueError when the list of members is not there yet, or too large to be held."""
    file.seek(max(file.seek(0, os.SEEK_END) - 64 * limits.KIB - _END_SIZE, 0))
    tail = file.read(64 * limits.KIB + _END_SIZE)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise ValueError("not a complete zip archive")
    if struct.unpack("<I", tail[at + 12 : at + 16])[0] > DIRECTORY:
        raise ValueError(f"its list of members is larger than {DIRECTORY // limits.MIB} MiB")


@contextmanager
def opened(path: str) -> Iterator[Archive]:
    """The archive at ``path``. Raises OSError, ValueError."""
    with os.fdopen(open_regular(path)[0], "rb") as file:
        yield Archive(file)
