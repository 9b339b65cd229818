"""Hard rules out of a pandera schema file (what ``schema.to_yaml()`` or ``to_json()`` writes), without
pandera: column types, nullable, unique, required, and the checks that ``[data.expect]`` knows too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runwatch.data.errors import DataError
from runwatch.readers.common.bounded_yaml import parse
from runwatch.system.files import read_regular

MAX_BYTES = 4 * 1024 * 1024
_KINDS = (
    ("int", "numeric"),
    ("uint", "numeric"),
    ("float", "numeric"),
    ("bool", "boolean"),
    ("datetime", "datetime"),
)
_LOWEST = ("greater_than_or_equal_to", "ge", "greater_than", "gt")
_HIGHEST = ("less_than_or_equal_to", "le", "less_than", "lt")


def expectations(path: str) -> dict[str, object]:
    """The ``[data.expect]`` table that a schema file says. Raises DataError for what is none."""
    try:
        schema = parse(read_regular(path, MAX_BYTES))
    except (OSError, ValueError) as error:
        raise DataError(path, f"cannot be read: {error}", "give a pandera schema file") from None
    columns = schema.get("columns") if isinstance(schema, Mapping) else None
    if not isinstance(columns, Mapping):
        raise DataError(path, "has no columns", "give what pandera's to_yaml writes")
    for name, column in columns.items():
        checks = column.get("checks") if isinstance(column, Mapping) else 0
        if not isinstance(checks, Mapping | list | None):
            raise DataError(path, f"column {name!s} is not described", "give what pandera's to_yaml writes")
    return {
        "columns": {
            str(name): _rules(column) for name, column in columns.items() if isinstance(column, Mapping)
        }
    }


def _rules(column: Mapping[str, object]) -> dict[str, object]:
    rules: dict[str, object] = {"required": column.get("required", True) is not False}
    kind = next((kind for start, kind in _KINDS if str(column.get("dtype")).lower().startswith(start)), None)
    if kind is not None:
        rules["type"] = kind
    if column.get("nullable") is False:
        rules["missing"] = 0.0
    if column.get("unique") is True:
        rules["unique"] = True
    checks = column.get("checks")
    if isinstance(checks, Mapping):
        _take_checks({str(name): _value(check) for name, check in checks.items()}, rules)
    return rules


def _take_checks(checks: Mapping[str, object], rules: dict[str, object]) -> None:
    for name, check in checks.items():
        if name in _LOWEST:
            rules["min"] = check
        elif name in _HIGHEST:
            rules["max"] = check
        elif name in ("in_range", "between") and isinstance(check, Mapping):
            rules |= {"min": check.get("min_value"), "max": check.get("max_value")}
        elif name == "isin":
            rules["values"] = check.get("allowed_values") if isinstance(check, Mapping) else check
        elif name in ("str_matches", "str_contains"):
            rules["pattern"] = check.get("pattern") if isinstance(check, Mapping) else check
        elif name in ("equal_to", "eq"):
            rules["values"] = [check]


def _value(check: object) -> Any:
    """A check's argument: newer files wrap it as ``{value: …, options: …}``."""
    return check["value"] if isinstance(check, Mapping) and "value" in check else check
