"""``runwatch config show``."""

from __future__ import annotations

import argparse

from runwatch.cli._options import local_roots
from runwatch.cli._output import print_json, print_problems

NAME = "config"
HELP = """Show the settings in effect and which file each comes from.

  runwatch config show ~/runs"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show",))
    local_roots(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch import config
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.text.configuration import settings_json, settings_text

    settings = config.load(resolve_roots(args.roots, args.config), args.config)
    print_problems(settings.values())
    if args.json:
        print_json(settings_json(settings))
    else:
        print(settings_text(settings))
    return 0
