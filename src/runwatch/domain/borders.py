"""Types at the border: what other programs wrote, of which nothing is known before it is looked at,
and objects of libraries that ship no types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JsonDict = dict[str, Any]
"""A decoded object of JSON, YAML or TOML."""

JsonMapping = Mapping[str, Any]

Arrow = Any
"""An array, a scalar, a type, a table or a reader of pyarrow."""
