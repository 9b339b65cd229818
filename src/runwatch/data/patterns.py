"""Paths that match a pattern of a configuration or the command line."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from itertools import groupby

MOST_ANY = 3
"""So many ``**`` that do not follow each other may be in a pattern: each one multiplies the ways to spread
folders over them, all of which are walked."""


def matching(pattern: str) -> Iterator[str]:
    """The paths that match, ``**`` any folders between; none where more than ``MOST_ANY`` of those are."""
    parts = [
        part for part, alike in groupby(pattern.split("/")) for part in ([part] if part == "**" else alike)
    ]
    if parts.count("**") <= MOST_ANY:
        yield from glob.iglob("/".join(parts), recursive=True)
