"""Decoded JSON, YAML and TOML of which nothing is known before it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JsonDict = dict[str, Any]
JsonMapping = Mapping[str, Any]
