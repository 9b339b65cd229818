"""``runwatch init``."""

from __future__ import annotations

import argparse
import os

from runwatch.cli import UsageError
from runwatch.text.safe import safe

NAME = "init"
HELP = """Write a commented runwatch.toml for what is found in ROOT.

  runwatch init ~/runs                        writes ~/runs/runwatch.toml (--force to overwrite)
  runwatch init ~/runs --service systemd      prints a systemd unit that watches it (or: cron, login)"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "root", nargs="?", metavar="ROOT", help="folder with the runs (default: current folder)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing runwatch.toml")
    parser.add_argument(
        "--service", choices=("systemd", "cron", "login"), help="print how to start runwatch this way"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from runwatch.cli._write_config import save
    from runwatch.config import read
    from runwatch.config.settings import Settings
    from runwatch.monitor.data_specs import listing, prediction_entries
    from runwatch.monitor.once import load, resolve_roots
    from runwatch.monitor.wanted import Wanted
    from runwatch.show.text.config_template import configuration
    from runwatch.watch.tree import Tree

    (root,) = resolve_roots([args.root or os.getcwd()], None)
    if args.service:
        from runwatch.show.text.service import SERVICES

        print(SERVICES[args.service](root))
        return 0
    path = Path(root) / "runwatch.toml"
    if path.exists() and not args.force:
        raise UsageError(f"{path}: already exists; edit it, or overwrite it with --force")
    loaded = load([root], None, Wanted(machine=False))
    tree = Tree(root)
    tree.scan()
    plain = Settings(folder=root)
    entries = prediction_entries(root, plain, listing(plain, tree.top))
    save(path, configuration(loaded.snapshot, root, entries))
    read(str(path))
    print(f"wrote {safe(str(path))}")
    return 0
