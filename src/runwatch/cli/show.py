"""``runwatch show``."""

from __future__ import annotations

import argparse

NAME = "show"
HELP = """One run: status, hyperparameters, metrics, health, files.

  runwatch show exp-17                     any unique ending of the run's id
  runwatch show exp-17 --root ~/runs --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, its unique ending, or its path")
    parser.add_argument(
        "--root", action="append", default=[], help="folder that holds the run (default: here)"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._output import print_json
    from runwatch.cli._runs import resolve_run, roots_for
    from runwatch.hosts.look import load
    from runwatch.monitor.once import Wanted
    from runwatch.show.runs import show_json, show_text

    roots = args.root or roots_for(args.run, args.config)
    snapshot = load(roots, args.config, Wanted(data=False, machine=False)).snapshot
    found = resolve_run(args.run, snapshot.situation.runs)
    if args.json:
        print_json(show_json(snapshot, found))
    else:
        print(show_text(snapshot, found, snapshot.situation.comparisons.get(found.key)))
    return 0
