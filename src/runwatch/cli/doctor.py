"""``runwatch doctor``."""

from __future__ import annotations

import argparse

NAME = "doctor"
HELP = """Is this machine fit: terminal, colours, inotify limits, file systems, permissions, optional parts.

  runwatch doctor ~/runs"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="folders that hold runs (default: here)")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    from runwatch.cli._output import print_json
    from runwatch.monitor.diagnostics import examine
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.text.doctor import doctor_json, doctor_text

    checks = examine(resolve_roots(args.roots, args.config), args.config)
    if args.json:
        print_json(doctor_json(checks))
    else:
        print(doctor_text(checks))
    return 1 if any(check.state == "bad" for check in checks) else 0
