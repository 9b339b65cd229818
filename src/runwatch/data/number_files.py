"""Small files of names and numbers: metrics, and how much each feature matters to a model."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from typing import TypeGuard

from runwatch.data.errors import DataError, explained, explaining
from runwatch.readers.common import bounded_json, bounded_yaml
from runwatch.system.files import NotRegular, TooLarge, read_regular
from runwatch.text.safe import safe

SUFFIXES = (".json", ".yaml", ".yml")
_LARGEST = 8 * 2**20


def load_numbers(path: str) -> dict[str, float]:
    """The numbers of a metrics file by name; nested ones as "a/b". Text, lists and booleans are left out.
    DataError for anything else."""
    data = _content(path)
    try:
        is_json = path.lower().endswith(".json")
        value = bounded_json.parse(data.decode("utf-8-sig")) if is_json else bounded_yaml.parse(data)
    except ValueError as error:
        first = safe(str(error).splitlines()[0] if str(error) else "not text", 160)
        hint = "write names and numbers as JSON or YAML"
        raise DataError(path, f"cannot be read: {first}", hint) from error
    if not isinstance(value, Mapping):
        raise DataError(path, "not a mapping of names to numbers", 'write {"accuracy": 0.9, …}')
    numbers = bounded_json.flat_numbers(value)
    if not numbers:
        raise DataError(path, "contains no numbers", 'write {"accuracy": 0.9, …}')
    return numbers


def read_importance(path: str) -> dict[str, float]:
    """Column → importance from JSON (``{"age": 0.3}``) or CSV (two columns: name, number; a header is fine).
    DataError for anything else."""
    with explaining(path):
        text = _content(path).decode("utf-8-sig")
    pairs = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    if not pairs:
        raise DataError(path, "holds no importances", 'write {"column": number} or lines of column,number')
    return pairs


def _content(path: str) -> bytes:
    """DataError for what is no small regular file."""
    try:
        return read_regular(path, _LARGEST)
    except TooLarge:
        raise DataError(path, "is too large", "give a file of names and numbers") from None
    except NotRegular:
        raise DataError(path, "is not a regular file", "name a JSON, YAML or CSV file") from None
    except OSError as error:
        raise explained(path, error) from error


def _from_json(text: str) -> dict[str, float]:
    importances = bounded_json.parse_object(text)
    return {name: float(value) for name, value in importances.items() if _number(value)}


def _number(value: object) -> TypeGuard[float]:
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
