"""``runwatch ls``."""

from __future__ import annotations

import argparse

from runwatch.cli._roots import root_arguments

NAME = "ls"
HELP = """List runs: status, progress, main metric.

  runwatch ls ~/runs            list the runs under ~/runs
  runwatch ls ~/runs --json     the same as JSON"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._output import print_json
    from runwatch.hosts.look import load
    from runwatch.monitor.once import Wanted
    from runwatch.show.runs import ls_json, ls_text

    wanted = Wanted(data=False, judging=False, machine=False)
    look = load(args.roots, args.config, wanted, all_hosts=args.all_hosts)
    snapshot = look.snapshot
    if args.json:
        print_json(ls_json(snapshot))
    else:
        print(ls_text(snapshot))
    return 0
