"""How commands print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    from runwatch.text.jsonable import dump

    print(dump(value))
