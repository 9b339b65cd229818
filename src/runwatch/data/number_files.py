"""Small files of names and numbers: metrics, and how much each feature matters to a model."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping

from runwatch.data.errors import DataError, explained
from runwatch.domain.run import Problem
from runwatch.readers.common import bounded_json, bounded_yaml
from runwatch.system.files import NotRegular, TooLarge, read_regular
from runwatch.text.safe import safe

SUFFIXES = (".json", ".yaml", ".yml")
_LARGEST = 8 * 2**20


def load_numbers(path: str) -> dict[str, float] | Problem:
    """The numbers of a metrics file by name; nested ones as "a/b". Text, lists and booleans are left out."""
    try:
        data = read_regular(path, _LARGEST)
        is_json = path.lower().endswith(".json")
        value = bounded_json.parse(data.decode("utf-8-sig")) if is_json else bounded_yaml.parse(data)
    except TooLarge:
        return Problem(path, None, "too large for a metrics file", "give a file of names and numbers")
    except NotRegular:
        return Problem(path, None, "not a regular file", "name a JSON or YAML file")
    except OSError as error:
        return Problem(path, None, (error.strerror or "cannot be read").lower(), "check the path")
    except ValueError as error:
        first = safe(str(error).splitlines()[0] if str(error) else "not text", 160)
        return Problem(path, None, f"cannot be read: {first}", "write names and numbers as JSON or YAML")
    if not isinstance(value, Mapping):
        return Problem(path, None, "not a mapping of names to numbers", 'write {"accuracy": 0.9, …}')
    numbers = bounded_json.flat_numbers(value)
    if not numbers:
        return Problem(path, None, "contains no numbers", 'write {"accuracy": 0.9, …}')
    return numbers


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
