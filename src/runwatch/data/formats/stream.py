"""Text files as streams of bytes: decompressed by their first bytes, whatever their name says, as valid
UTF-8, and with no line longer than a parser should see."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager

from runwatch.data.data_file import DataFile, open_bytes
from runwatch.data.errors import DataError
from runwatch.data.formats.base import MAX_LINE
from runwatch.domain.borders import Arrow

BLOCK = 1 << 20
PACKED = (".gz", ".bz2", ".xz", ".zst")
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def packed(endings: tuple[str, ...]) -> tuple[str, ...]:
    """The endings with those of compressed files."""
    return (*endings, *(ending + how for ending in endings for how in PACKED))


def compression(handle: Arrow) -> str | None:
    """How a seekable file is compressed, by its first bytes."""
    head = handle.read(6)
    handle.seek(0)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


@contextmanager
def opened(file: DataFile, start: int = 0) -> Iterator[Arrow]:
    """The content from byte ``start`` on, decompressed. DataError when the compressed data is cut off."""
    with open_bytes(file) as handle:
        how = compression(handle)
        raw = _decompressor(handle, how)
        if start:
            raw.seek(start)
        try:
            yield raw
        except (EOFError, OSError) as error:
            if how is None or isinstance(error, FileNotFoundError | PermissionError):
                raise
            what = f"is cut off or damaged ({how}: {error})"
            raise DataError(file.name, what, "wait for it, or write it again") from error


def _decompressor(handle: Arrow, how: str | None) -> Arrow:
    if how == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=handle)
    if how == "bz2":
        import bz2

        return bz2.BZ2File(handle)
    if how == "xz":
        import lzma

        return lzma.LZMAFile(handle)
    if how == "zstd":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(handle, "r"), "zstd")
    return handle


class Utf8(io.RawIOBase):
    """A stream of bytes as valid UTF-8: UTF-16 with a byte order mark is decoded, bytes that are no UTF-8
    become backslash escapes. DataError for a line of more than 8 MiB: no parser is given it."""

    def __init__(self, raw: Arrow, name: str) -> None:
        super().__init__()
        self._raw, self._name, self._line = raw, name, 0
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._first, self._rest = True, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            block = self._raw.read(BLOCK)
            if self._first and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                self._decode = codecs.getincrementaldecoder("utf-16")("backslashreplace").decode
            self._first = False
            result = self._decode(block, final=not block).encode("utf-8", "backslashreplace")
            self._watch(result)
            pieces.append(result)
            have += len(result)
            if not block:
                break
        whole = b"".join(pieces)
        out = whole if size < 0 else whole[:size]
        self._rest = whole[len(out) :]
        return out

    def _watch(self, made: bytes) -> None:
        """Block by block: no long line may hide between the ends of what is read at once."""
        first = made.find(b"\n")
        longest = self._line + (first if first >= 0 else len(made))
        self._line = len(made) - 1 - made.rfind(b"\n") if first >= 0 else longest
        if max(longest, self._line) > MAX_LINE:
            what = f"has a line of more than {MAX_LINE >> 20} MiB"
            raise DataError(self._name, what, "look for a missing line end or quote, or split the values")
