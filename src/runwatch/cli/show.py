"""``runwatch show``."""

from __future__ import annotations

import argparse

from runwatch.cli._output import print_json, print_text, terminal_width
from runwatch.text.safe import safe

NAME = "show"
HELP = """Show one run: status, hyperparameters, metrics, health, files.

  runwatch show exp-17                     the run's id, its name, or the unique end of its id
  runwatch show exp-17 --root ~/runs --json"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, name, path, or the unique end of its id")
    parser.add_argument(
        "--root", action="append", default=[], help="folder with the run (default: current folder)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._runs import resolve_run, roots_for
    from runwatch.hosts.loading import load
    from runwatch.monitor.session import remarks_of
    from runwatch.monitor.wanted import Wanted
    from runwatch.show.remarks import line, of_runs, remark_json
    from runwatch.show.runs import show_json, show_text

    roots = args.root or roots_for(args.run, args.config)
    loaded = load(roots, args.config, Wanted(data=False, machine=False))
    snapshot = loaded.snapshot
    selected = resolve_run(args.run, snapshot.situation.runs, snapshot.watch.hosts)
    noted = [remark for remark in of_runs(remarks_of(loaded), [selected.key]) if remark.kind == "run"]
    if args.json:
        notes = [remark_json(selected.root, remark) for remark in noted]
        print_json({**show_json(snapshot, selected), "notes": notes})
    else:
        comparison = snapshot.situation.comparisons.get(selected.key)
        print_text(show_text(snapshot, selected, comparison, terminal_width()))
        for remark in noted:
            print_text(f"note      {safe(line(remark, snapshot.situation.now))}")
    return 0
