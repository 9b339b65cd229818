"""TensorBoard's hparams plugin and hyperparameters written as text.

Source: tensorboard/plugins/hparams/{plugin_data,api}.proto, google/protobuf/struct.proto."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from runwatch.domain.borders import JsonDict
from runwatch.domain.run import Status
from runwatch.readers import limits
from runwatch.readers.common.bounded_json import parse_object
from runwatch.readers.common.protobuf import BYTES, FIXED64, VARINT, Malformed, double, fields, text

_STATUS: dict[int, Status] = {1: "finished", 2: "crashed", 3: "running"}
_TEXT_SUFFIX = "/text_summary"
_CONFIG_TAGS = frozenset(("model_config", "config", "cfg", "options"))
_HPARAM_TAGS = frozenset(("args", "hparams", "hyperparameters", "hyperparams", "params"))


class HparamsSession(msgspec.Struct, frozen=True):
    """What one record of the plugin says: the ``hparams`` of a start, or the ``status`` of an end with its
    time in seconds."""

    hparams: Mapping[str, object] | None = None
    status: Status | None = None
    ended: float | None = None


def session(content: bytes) -> HparamsSession | None:
    """A record of the hparams plugin; None when it tells of neither start nor end. Raises Malformed."""
    for number, wire, at, end in fields(content, 0, len(content)):
        if number == 3 and wire == BYTES:
            return HparamsSession(hparams=_map(content, at, end, 1, 0))
        if number == 4 and wire == BYTES:
            return _end(content, at, end)
    return None


def _end(data: bytes, start: int, end: int) -> HparamsSession:
    status: Status | None = None
    ended = None
    for number, wire, at, _ in fields(data, start, end):
        if number == 1 and wire == VARINT:
            status = _STATUS.get(at)
        elif number == 2 and wire == FIXED64:
            ended = double(data, at)
    return HparamsSession(status=status, ended=ended if ended and math.isfinite(ended) else None)


def _map(data: bytes, start: int, end: int, number: int, depth: int) -> dict[str, object]:
    """A ``map<string, Value>``: repeated field ``number`` of entries {1: key, 2: value}."""
    out: dict[str, object] = {}
    for part, wire, at, stop in fields(data, start, end):
        if part != number or wire != BYTES:
            continue
        key, value = "", None
        for piece, kind, low, high in fields(data, at, stop):
            if piece == 1 and kind == BYTES:
                key = text(data, low, high)
            elif piece == 2 and kind == BYTES:
                value = _value(data, low, high, depth + 1)
        out[key] = value
    return out


def _value(data: bytes, start: int, end: int, depth: int) -> object:
    """A ``google.protobuf.Value``."""
    if depth > limits.JSON_DEPTH:
        raise Malformed("hyperparameters nest too deeply")
    value: object = None
    for number, wire, at, stop in fields(data, start, end):
        if number == 2 and wire == FIXED64:
            value = double(data, at)
        elif number == 3 and wire == BYTES:
            value = text(data, at, stop)
        elif number == 4 and wire == VARINT:
            value = bool(at)
        elif number == 5 and wire == BYTES:
            value = _map(data, at, stop, 1, depth)
        elif number == 6 and wire == BYTES:
            value = [
                _value(data, low, high, depth + 1)
                for part, kind, low, high in fields(data, at, stop)
                if part == 1 and kind == BYTES
            ]
    return value


def from_text(tag: str, content: bytes) -> tuple[Literal["hparams", "config"], Mapping[str, object]] | None:
    """The section and the values of a text that holds hyperparameters: a JSON object, a Markdown table of
    two columns, or plain words. None when the tag's name does not say that it holds any."""
    name = tag.removesuffix(_TEXT_SUFFIX)
    base = name.rpartition("/")[2].lower()
    words = content.decode("utf-8", "backslashreplace")
    if base in _HPARAM_TAGS:
        hparams = _object(words) or _table(words)
        return ("hparams", hparams) if hparams else ("config", {name: words})
    if base in _CONFIG_TAGS:
        return "config", {name: _object(words) or _table(words) or words}
    return None


def _object(words: str) -> JsonDict:
    return parse_object(words.strip().removeprefix("```json").removeprefix("```").removesuffix("```"))


def _table(words: str) -> JsonDict | None:
    rows = [line.strip().strip("|").split("|", 1) for line in words.splitlines() if line.strip()]
    if len(rows) < 3 or any(len(row) != 2 for row in rows) or set("".join(rows[1])) - set("-: "):
        return None
    return {key.strip(): _plain(value.strip()) for key, value in rows[2:]}


def _plain(value: str) -> object:
    """A number, true, false or null in a table's cell; else its text."""
    try:
        parsed = json.loads(
            value.lower() if value in ("True", "False") else "null" if value == "None" else value
        )
    except (ValueError, RecursionError):
        return value
    return parsed if parsed is None or isinstance(parsed, bool | int | float) else value
