"""Options that several commands share."""

from __future__ import annotations

import argparse

from runwatch.cli import UsageError

CI_FORMATS = ("markdown", "junit", "github")
"""What build servers read."""


def root_arguments(parser: argparse.ArgumentParser) -> None:
    """``ROOT...``, here or on other machines, and ``--all``."""
    local_roots(parser, "folders with runs, or HOST:PATH over ssh (default: current folder)")
    parser.add_argument(
        "--all",
        action="store_true",
        dest="all_hosts",
        help="add the roots of all [[hosts]] in your configuration",
    )


def local_roots(
    parser: argparse.ArgumentParser, meaning: str = "folders with runs (default: current folder)"
) -> None:
    """``ROOT...``."""
    parser.add_argument("roots", nargs="*", metavar="ROOT", help=meaning)


def one_root(parser: argparse._ActionsContainer, meaning: str = "folder with the runs") -> None:
    """``--root``."""
    where = f"{meaning} (default: the configured one, else the current folder)"
    parser.add_argument("--root", help=where)


def fail_on(parser: argparse.ArgumentParser) -> None:
    """``--fail-on``."""
    levels = ("info", "warning", "critical", "never")
    meaning = "lowest severity that makes the exit code non-zero (default: warning)"
    parser.add_argument("--fail-on", choices=levels, default="warning", help=meaning)


def formats(parser: argparse.ArgumentParser, *choices: str) -> None:
    """``--format`` with these ``choices``, the first by default, and ``--json``."""
    meaning = f"output format (default: {choices[0]})"
    parser.add_argument("--format", choices=choices, default=choices[0], help=meaning)
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="same as --format json"
    )


def since(words: str, now: float) -> float:
    """The moment that ``--since`` means. Raises UsageError."""
    from runwatch.show.brief import since_moment

    try:
        return since_moment(words, now)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from None
