"""``runwatch ls``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from runwatch.cli import UsageError
from runwatch.cli._options import root_arguments
from runwatch.cli._output import print_json, print_text, terminal_width
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.domain.situation import Snapshot

NAME = "ls"
HELP = """List runs: status, progress, main metric.

  runwatch ls ~/runs            list the runs under ~/runs
  runwatch ls ~/runs --json     the same as JSON
  runwatch ls ~/runs --filter "status:crashed val/loss<0.3 lr=1e-3 age<2d !debug"

A filter's terms must all hold: words, /patterns/, status: format: name: group: tag: label:, comparisons of
hyperparameters, metrics, age, started, took, step, epoch; ! before a term negates it, a,b is either."""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument("--filter", metavar="TERMS", default="", help="only runs that match")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.loading import load
    from runwatch.monitor.wanted import Wanted
    from runwatch.show.runs import ls_json, ls_text

    wanted = Wanted(data=False, judging=False, machine=False)
    loaded = load(args.roots, args.config, wanted, all_hosts=args.all_hosts)
    snapshot = loaded.snapshot
    if args.filter:
        snapshot = _filtered(snapshot, args.filter)
    if args.json:
        print_json(ls_json(snapshot))
    else:
        print_text(ls_text(snapshot, len(loaded.snapshot.situation.runs), terminal_width()))
    return 1 if any(link.message for link in snapshot.watch.hosts) else 0


def _filtered(snapshot: Snapshot, line: str) -> Snapshot:
    """The snapshot with the runs that pass. Raises UsageError: a term means nothing."""
    from msgspec.structs import replace

    from runwatch.text.run_filter import parse, unknown_names

    filter_ = parse(line)
    if filter_.complaint:
        raise UsageError(f"--filter: {filter_.complaint}")
    situation = snapshot.situation
    passed = tuple(run for run in situation.runs if filter_.holds(run, situation.now))
    if situation.runs and not passed and (unknown := unknown_names(line, situation.runs)):
        print(f"runwatch: no run has a metric or hyperparameter {safe(', '.join(unknown))}", file=sys.stderr)
    return replace(snapshot, situation=replace(situation, runs=passed))
