"""How commands print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.config.settings import Settings
    from runwatch.domain.run import Problem


def complain(problems: Iterable[Problem]) -> None:
    """A line for each problem on stderr."""
    for problem in dict.fromkeys(problems):
        hint = f"; {problem.hint}" if problem.hint else ""
        print(safe(f"runwatch: {problem.file}: {problem.message}{hint}"), file=sys.stderr)


def print_problems(settings: Iterable[Settings], *others: Problem | None) -> None:
    """On stderr, a line for each configuration that is not used as it stands, and each other problem."""
    complain((*(problem for one in settings for problem in one.problems), *filter(None, others)))


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
