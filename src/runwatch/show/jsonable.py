"""JSON has no NaN: a number that isn't finite becomes null beside ``"<name>_text"``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from runwatch.text.safe import run_name

SCHEMA = 1


def number(name: str, value: float | None) -> dict[str, Any]:
    """``{name: value}``, or null and its text when the value is NaN or infinite."""
    if value is None or math.isfinite(value):
        return {name: value}
    return {name: None, f"{name}_text": _word(value)}


def hparams(value: object) -> Any:
    """Hyperparameters as JSON: nested as written, non-finite numbers as the strings nan, inf, -inf, names
    and texts with undecodable bytes as ``\\xNN``; what JSON lacks becomes its text."""
    if isinstance(value, Mapping):
        return {_text(str(key)): hparams(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hparams(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return _word(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _text(str(value))


def plain(value: object) -> Any:
    """Anything as JSON: as ``hparams``, but a number in a list or table that isn't finite is null."""
    if isinstance(value, Mapping):
        return {_text(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return hparams(value)


def dump(value: Mapping[str, Any]) -> str:
    """One JSON object as text; refuses NaN."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _text(text: str) -> str:
    """Text with its surrogates (undecodable bytes, lone halves) as ``\\xNN`` or ``\\uNNNN``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return run_name(text).encode("utf-8", "backslashreplace").decode()
    return text
