"""``runwatch status``."""

from __future__ import annotations

import argparse

NAME = "status"
HELP = """One line from what a running runwatch kept last; reads no run.

  runwatch status
  set -g status-right '#(runwatch status --tmux)'     in tmux.conf"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tmux", action="store_true", help="with tmux's colour marks")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    import time

    from runwatch.show.text.status import status_json, status_line
    from runwatch.store.paths import state_dir
    from runwatch.store.snapshot_facts import read_kept
    from runwatch.text.jsonable import dump

    directory = state_dir()
    kept = read_kept(directory / "state.db") if directory else None
    now = time.time()
    if args.json:
        print(dump(status_json(kept, now), indent=None))
    else:
        print(status_line(kept, now, args.tmux))
    return 0
