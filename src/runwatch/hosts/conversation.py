"""Here: requests to the script that mirrors a machine, and its answers."""

from __future__ import annotations

import json
import time
import zlib
from pathlib import Path
from typing import Any

from runwatch.domain.borders import JsonDict
from runwatch.hosts.link import Link, LinkError
from runwatch.hosts.wire import WireError
from runwatch.readers import limits
from runwatch.readers.common import bounded_json

PIECE = 8 * limits.MIB
_ANSWER_S = 30.0
_LINE = 1 * limits.MIB
_SCRIPT = Path(__file__).with_name("mirror_script.py")


class Conversation:
    """Requests and answers over a link that leads to the script."""

    def __init__(self, name: str, link: Link, data: bytes) -> None:
        self._name, self._link, self._buffer = name, link, bytearray(data)
        self.heard = time.monotonic()
        script = _SCRIPT.read_bytes()
        link.write(f"{len(script)}\n".encode() + script)
        self.hello, _ = self._answer()

    def ask(self, what: str, **words: object) -> tuple[JsonDict, bytes]:
        """The answer: its words and its data. Raises WireError; OSError when what was asked about there
        cannot be read."""
        self._link.write(json.dumps({"do": what, **words}).encode("ascii") + b"\n")
        answer, data = self._answer()
        if "error" in answer:
            raise FileNotFoundError(str(answer["error"]))
        return answer, data

    def ask_value(self, what: str, **words: object) -> Any:
        """The answer's data, which is JSON. Raises as ``ask`` does."""
        _, data = self.ask(what, **words)
        try:
            return bounded_json.parse(data)
        except ValueError as error:
            raise WireError(f"{self._name}: an invalid answer about {what} ({error})") from None

    def _answer(self) -> tuple[dict[str, object], bytes]:
        until = time.monotonic() + _ANSWER_S
        while (end := self._buffer.find(b"\n")) < 0:
            self._more(until, _LINE)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            answer = bounded_json.parse(line)
            size = int(answer["bytes"])
            if not 0 <= size <= 2 * PIECE:
                raise ValueError("an answer that is too large")
        except (ValueError, KeyError, TypeError) as error:
            raise WireError(f"{self._name}: not a valid answer from the mirror ({error})") from None
        while len(self._buffer) < size:
            self._more(until, size)
        packed = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.heard = time.monotonic()
        return answer, _unpacked(self._name, packed)

    def _more(self, until: float, most: int) -> None:
        if time.monotonic() > until:
            raise LinkError(f"{self._name}: no answer in {_ANSWER_S:.0f} s")
        if len(self._buffer) > most + PIECE:
            raise WireError(f"{self._name}: more data came than was requested")
        self._buffer += self._link.read(1.0)


def _unpacked(name: str, packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, 4 * PIECE)
    except zlib.error as error:
        raise WireError(f"{name}: a damaged answer ({error})") from None
    if unpacker.unconsumed_tail:
        raise WireError(f"{name}: an answer larger than allowed once decompressed")
    return data
