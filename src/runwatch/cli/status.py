"""``runwatch status``."""

from __future__ import annotations

import argparse
import time

from runwatch.cli._options import local_roots

NAME = "status"
HELP = """Print one line from the last saved state, without reading any run.

  runwatch status                                     the worst of all roots of the last week
  runwatch status ~/runs
  set -g status-right '#(runwatch status --tmux)'     in tmux.conf"""


def configure(parser: argparse.ArgumentParser) -> None:
    local_roots(parser, "only these (default: all saved)")
    parser.add_argument("--tmux", action="store_true", help="with tmux colour codes")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.show.text.status import chosen, status_json, status_line, still_there
    from runwatch.store.kept_facts import read_summaries
    from runwatch.system.folders import state_dir
    from runwatch.system.identity import host_name
    from runwatch.text.jsonable import dump

    directory, now = state_dir(), time.time()
    rows = read_summaries(directory / "state.db") if directory else []
    facts = chosen(rows, args.roots, host_name(), now)
    if not args.roots:
        facts = still_there(facts, host_name(), now)
    if args.json:
        print(dump(status_json(facts, now), indent=None))
    else:
        print(status_line(facts, now, args.tmux))
    return 0
