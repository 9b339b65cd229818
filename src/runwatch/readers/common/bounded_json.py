"""JSON from strangers: depth and integers bounded, NaN and infinities kept, no exception but ValueError."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import msgspec

from runwatch.domain.nested import flatten
from runwatch.readers import limits

_DIGITS = 400
_WORDS = frozenset(sign + word for sign in ("", "+", "-") for word in ("nan", "inf", "infinity"))
_LONGEST_WORD = 9
_LIST_BYTES, _OBJECT_BYTES, _MOST_BYTES = 64, 240, 256 * limits.MIB
_STRICT = msgspec.json.Decoder()
_DECODER = json.JSONDecoder()


class PastLimit(ValueError):
    """Well formed perhaps, but past one of our limits; the text names it."""


def parse(data: bytes | str) -> Any:
    """The value that ``data`` (UTF-8, a BOM is passed over) holds. Bare ``NaN``, ``Infinity`` are floats, an
    integer of more than 400 digits an infinity. Raises PastLimit: deeper than ``limits.JSON_DEPTH``, or too
    much to hold; ValueError: no JSON, or torn; its text names line and column."""
    refuse_many(data)
    text = data if isinstance(data, str) else data.decode("utf-8-sig", "backslashreplace")
    try:
        value = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise PastLimit(f"nested deeper than {limits.JSON_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    if _too_deep(value):
        raise PastLimit(f"nested deeper than {limits.JSON_DEPTH}")
    return value


def refuse_many(data: bytes | str) -> None:
    """Raise PastLimit if the lists and objects in ``data`` would take too much memory; brackets in its texts
    are counted with them."""
    lists, objects = ("[", "{") if isinstance(data, str) else (b"[", b"{")
    if _LIST_BYTES * data.count(lists) + _OBJECT_BYTES * data.count(objects) > _MOST_BYTES:  # type: ignore[arg-type]
        raise PastLimit("more lists and objects than can be held")


def parse_object(text: bytes | str) -> dict[str, object]:
    """The object that ``text`` holds; an empty one for anything else."""
    try:
        value = parse(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _integer(digits: str) -> int | float:
    if len(digits) <= _DIGITS:
        return int(digits)
    return float("-inf") if digits.startswith("-") else float("inf")


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(limits.JSON_DEPTH):
        level = [
            below
            for item in level
            if isinstance(item, (dict, list))
            for below in (item.values() if isinstance(item, dict) else item)
            if isinstance(below, (dict, list))
        ]
        if not level:
            return False
    return True


def parse_line(text: str) -> Any:
    """The value of one line of JSON, as fast as can be. Raises ValueError; PastLimit for digits and depth."""
    try:
        value = _STRICT.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):  # NaN, huge numbers, blanks: not strict JSON
        value = _parse_loose(text)
    # most lines hold no list and no second object: found out in a third of the time that counting takes
    nested = len(text) > 2 * limits.JSON_DEPTH and ("[" in text or text.find("{", 1) >= 0)
    if nested and max(text.count("["), text.count("{")) > limits.JSON_DEPTH and _too_deep(value):
        raise PastLimit(f"nested deeper than {limits.JSON_DEPTH}")
    return value


def _parse_loose(text: str) -> object:
    if text[:1] != "{" or text[-1:] != "}":
        text = text.strip(" \t\r\n\ufeff")
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise PastLimit(f"nested deeper than {limits.JSON_DEPTH}") from None
    except ValueError:
        raise PastLimit("an integer of more than 4,300 digits") from None
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def number(value: object) -> float | None:
    """``value`` as a float if it is a number or one of the strings nan, inf, infinity (with a sign); a bool
    is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, str) and len(value) <= _LONGEST_WORD and value.lower() in _WORDS:
        return float(value)
    return None


def dig(value: Any, *keys: str) -> Any:
    """What lies at a path of nested objects; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def mapping(value: object) -> dict[str, object]:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[object]:
    """The list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def whole(value: object) -> int | None:
    """An integer of 64 bits, or None."""
    if type(value) is float:
        value = int(value) if value.is_integer() else None
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def flat_numbers(value: object) -> dict[str, float]:
    """The numbers of nested objects by their path, parts joined with ``/``; lists are left out."""
    leaves = ((path, number(leaf)) for path, leaf in flatten(mapping(value), "/").items())
    return dict(islice(((path, real) for path, real in leaves if real is not None), limits.TAGS))
