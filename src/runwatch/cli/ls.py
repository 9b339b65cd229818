"""``runwatch ls``."""

from __future__ import annotations

import argparse

NAME = "ls"
HELP = """One row a run: how it stands, how far it is, its metric.

  runwatch ls ~/runs            the runs below ~/runs
  runwatch ls ~/runs --json     the same for scripts"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="folders that hold runs (default: here)")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._output import print_json
    from runwatch.monitor.once import Wanted, load
    from runwatch.show.runs import ls_json, ls_text

    look = load(args.roots, args.config, Wanted(data=False, judging=False, machine=False))
    snapshot = look.snapshot
    if args.json:
        print_json(ls_json(snapshot))
    else:
        print(ls_text(snapshot))
    return 0
