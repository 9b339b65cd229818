"""``runwatch serve``."""

from __future__ import annotations

import argparse

NAME = "serve"
HELP = """What a board on another machine starts here, over ssh; nobody types it. See docs/hosts.md.

  runwatch gpu1:~/runs             there: opens the board; ssh starts this command on gpu1"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stdio", action="store_true", required=True, help="speak over standard input and output"
    )


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.serve import run_stdio

    return run_stdio()
