"""How much each feature matters to the model, as a file says it."""

from __future__ import annotations

import csv
import json
import math

from runwatch.data.errors import DataError, explained
from runwatch.system.files import NotRegular, TooLarge, read_regular

_LARGEST = 8 << 20


def read_importance(path: str) -> dict[str, float]:
    """Column → importance from JSON (``{"age": 0.3}``) or CSV (two columns: name, number; a header is fine).
    DataError for anything else."""
    try:
        text = read_regular(path, _LARGEST).decode("utf-8")
    except (NotRegular, TooLarge) as error:
        hint = "give a JSON or CSV file of importances"
        raise DataError(path, "is not a small regular file", hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise explained(path, error) from error
    pairs = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    if not pairs:
        raise DataError(path, "holds no importances", 'write {"column": number} or lines of column,number')
    return pairs


def _from_json(text: str) -> dict[str, float]:
    try:
        importances = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(name): float(value) for name, value in importances.items() if _number(value)}


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _from_csv(text: str) -> dict[str, float]:
    out: dict[str, float] = {}
    for row in csv.reader(text.splitlines()):
        try:
            value = float(row[1])
        except (IndexError, ValueError):
            continue
        if math.isfinite(value):
            out[row[0]] = value
    return out
