"""Which file this process reads, noted where another one sees it: a parser that crashes takes its process
with it, and the parent process then knows which file to leave out."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from runwatch.data.errors import DataError
from runwatch.domain.run import Problem

_LENGTH = struct.Struct("<I")
_MOST = 1 << 16
_HINT = "write the file again, or leave it out"


class FileRead(NamedTuple):
    """A file in one state: ``key`` is its place and stamp, ``name`` what people call it."""

    key: str
    name: str


class _Here:
    note: int | None = None
    refused: Mapping[str, str] = {}


def new_note() -> int | None:
    """A descriptor to note on, which children may inherit; None where none can be had."""
    try:
        if hasattr(os, "memfd_create"):
            return os.memfd_create("runwatch-reading")
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    except OSError:
        return None


def note_on(fd: int | None, refused: Mapping[str, str]) -> None:
    """From now on, note on ``fd`` what is read here, and refuse the files (by key) that ended a process
    before, for the reason given."""
    _Here.note, _Here.refused = fd, refused


def begin(path: str, stamp: str, name: str) -> None:
    """A file is about to be read. DataError when it is one of those that are refused."""
    key = f"{path}\t{stamp}"
    if key in _Here.refused:
        raise DataError(name, _Here.refused[key], _HINT)
    _write(os.fsencode(f"{key}\0{name}"))


def refusals() -> list[tuple[str, Problem]]:
    """(path, problem) of each file that is refused, in the state that it was in then."""
    reasons = ((key.rpartition("\t")[0], why) for key, why in _Here.refused.items())
    return [(path, Problem(path, None, why, _HINT)) for path, why in reasons]


def done() -> None:
    """Nothing is being read any more."""
    _write(b"")


def _write(text: bytes) -> None:
    if _Here.note is not None:
        with suppress(OSError):
            os.pwrite(_Here.note, _LENGTH.pack(len(text)) + text, 0)


def noted(fd: int | None) -> FileRead | None:
    """What was being read when the process that noted on ``fd`` ended."""
    if fd is None:
        return None
    try:
        data = os.pread(fd, _MOST, 0)
        (length,) = _LENGTH.unpack_from(data)
    except (OSError, struct.error):
        return None
    key, sign, name = os.fsdecode(data[_LENGTH.size : _LENGTH.size + length]).partition("\0")
    return FileRead(key, name) if sign else None
