"""How commands print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runwatch.config.settings import Settings
    from runwatch.domain.run import Problem


CI_FORMATS = ("markdown", "junit", "github")


def fail_on(parser: argparse.ArgumentParser) -> None:
    levels = ("info", "warning", "critical", "never")
    meaning = "lowest severity that makes the exit code non-zero (default: warning)"
    parser.add_argument("--fail-on", choices=levels, default="warning", help=meaning)


def formats(parser: argparse.ArgumentParser, *more: str) -> None:
    """``--format`` with what build servers read, and ``--json``; ``more``: a command's own."""
    choices = ("text", "json", *more, *CI_FORMATS)
    parser.add_argument("--format", choices=choices, default="text", help="output format (default: text)")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="same as --format json"
    )


def print_problems(settings: Iterable[Settings], *others: Problem | None) -> None:
    """On stderr, a line for each configuration that is not used as it stands, and each other problem."""
    from runwatch.text.safe import safe

    for problem in dict.fromkeys((*(p for one in settings for p in one.problems), *filter(None, others))):
        print(safe(f"runwatch: {problem.file}: {problem.message}; {problem.hint}"), file=sys.stderr)


def terminal_width() -> int | None:
    """How many cells a line of the terminal has; None where standard output is none."""
    import os

    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None if sys.stdout.isatty() else None
    except (OSError, ValueError):
        return None


def print_text(text: str) -> None:
    """Text for people; where it goes to a terminal, long lines are broken between words."""
    width = terminal_width()
    if width is not None:
        from runwatch.text.fitting import wrapped

        text = "\n".join(part for line in text.splitlines() for part in wrapped(line, width))
    print(text)


def print_json(value: Mapping[str, object]) -> None:
    """One JSON object on stdout."""
    from runwatch.text.jsonable import dump

    print(dump(value))
