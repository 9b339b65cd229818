"""How commands print."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

CI_FORMATS = ("markdown", "junit", "github")


def formats(parser: argparse.ArgumentParser, *more: str) -> None:
    """``--format`` with what build servers read, and ``--json``; ``more``: a command's own."""
    choices = ("text", "json", *more, *CI_FORMATS)
    parser.add_argument("--format", choices=choices, default="text", help="output format (default: text)")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="same as --format json"
    )


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    from runwatch.text.jsonable import dump

    print(dump(value))
