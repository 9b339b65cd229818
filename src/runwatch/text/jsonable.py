"""The one way to JSON: strict, in UTF-8, and safe to print to a terminal.

JSON has no NaN: a number that isn't finite becomes null beside ``"<name>_text"``. Characters that a terminal
would obey, or that hide or turn what stands beside them, are written as ``\\uXXXX``: the same JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Set
from typing import Any

import msgspec

from runwatch.domain.borders import JsonDict
from runwatch.text.safe import run_name

SCHEMA = 1
_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def number(name: str, value: float | None) -> JsonDict:
    """``{name: value}``, or null and its text when the value is NaN or infinite."""
    if value is None or math.isfinite(value):
        return {name: value}
    return {name: None, f"{name}_text": _word(value)}


def finite(value: float | None) -> float | None:
    """The number, None when it is none."""
    return value if value is not None and math.isfinite(value) else None


def hparams(value: object) -> Any:
    """Hyperparameters as JSON: nested as written, non-finite numbers as the strings nan, inf, -inf; names and
    texts as ``text`` has them; what JSON lacks becomes its text."""
    if isinstance(value, Mapping):
        return {text(str(key)): hparams(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hparams(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _word(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return text(str(value))


def plain(value: object) -> Any:
    """Anything as JSON: as ``hparams``, but a number that isn't finite is null (in a table with
    ``"<name>_text"`` beside it); NumPy's scalars are numbers, a set is a list, a
    day its ISO text."""
    if isinstance(value, Mapping):
        out: dict[str, object] = {}
        for key, inner in value.items():
            name = text(str(key))
            as_number = _number(inner)
            out.update({name: plain(inner)} if as_number is None else number(name, as_number))
        return out
    if isinstance(value, list | tuple | Set):
        return [plain(inner) for inner in value]
    as_number = _number(value)
    return hparams(value) if as_number is None else finite(as_number)


def fields(record: object, names: str) -> JsonDict:
    """The named attributes of a record (blanks between the names), as ``plain`` has a table of them."""
    out: JsonDict = plain({name: getattr(record, name) for name in names.split()})
    return out


def text(words: str) -> str:
    """Text that is valid UTF-8: undecodable bytes are ``\\xNN`` (then a backslash is ``\\\\``), lone halves
    of a surrogate pair ``\\uNNNN``."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return run_name(words).encode("utf-8", "backslashreplace").decode()
    return words


def dump(value: Mapping[str, object], indent: int | None = 2) -> str:
    """One JSON object as text (``indent`` None: on one line); refuses NaN."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # json indents in Python, at several times the time and memory
    return _HIDDEN.sub(_escaped, line if indent is None else msgspec.json.format(line, indent=indent))


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if not match[0].isascii() else f"\\u{ord(match[0]):04x}"


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _number(value: object) -> float | int | None:
    if hasattr(value, "item") and not isinstance(value, bool | int | float):
        try:
            value = value.item()
        except (TypeError, ValueError):
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
