"""Nested objects as flat ones."""

from __future__ import annotations

from collections.abc import Mapping


def flatten(values: Mapping[str, object], separator: str = ".") -> dict[str, object]:
    """Every leaf by its path, the keys joined by ``separator``. Lists are leaves; an object in which nothing
    stands leaves nothing. What reads ``values`` bounds their depth."""
    flat: dict[str, object] = {}
    _put(values, "", separator, flat)
    return flat


def _put(values: Mapping[str, object], before: str, separator: str, flat: dict[str, object]) -> None:
    for key, inner in values.items():
        if isinstance(inner, dict):
            _put(inner, f"{before}{key}{separator}", separator, flat)
        else:
            flat[f"{before}{key}"] = inner
