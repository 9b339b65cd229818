"""The roots that a command looks at."""

from __future__ import annotations

import argparse


def root_arguments(parser: argparse.ArgumentParser) -> None:
    """``ROOT...``, here or on other machines, and ``--all``."""
    parser.add_argument(
        "roots",
        nargs="*",
        metavar="ROOT",
        help="folders with runs, or HOST:PATH over ssh (default: current folder)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        dest="all_hosts",
        help="add the roots of all [[hosts]] in your configuration",
    )
