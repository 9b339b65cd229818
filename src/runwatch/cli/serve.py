"""``runwatch serve``."""

from __future__ import annotations

import argparse

NAME = "serve"
HELP = """Serve a dashboard on another machine, over ssh. Started by runwatch itself; see docs/hosts.md.

  runwatch gpu1:~/runs             on your machine: ssh starts this command on gpu1"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stdio", action="store_true", required=True, help="use standard input and output")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.serve import run_stdio

    return run_stdio()
