"""``runwatch check``."""

from __future__ import annotations

import argparse
import sys

from runwatch.cli._roots import root_arguments

NAME = "check"
HELP = """All rules, once; the exit code says the worst: 0 ok, 1 warning, 2 critical, 3 unknown.

  runwatch check ~/runs
  runwatch check --fail-on critical
  runwatch check --tonight            at 22:00: what can't wait until nine
  runwatch check --prom /var/lib/node_exporter/runwatch.prom"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument(
        "--fail-on", choices=("info", "warning", "critical", "never"), default="warning",
        help="the least severity that counts (default: warning)",
    )  # fmt: skip
    parser.add_argument("--tonight", action="store_true", help="only what can't wait until nine")
    parser.add_argument("--prom", metavar="FILE", help="write Prometheus' text format to FILE too")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from runwatch.cli._output import print_json
    from runwatch.hosts.look import load
    from runwatch.show.check import UNKNOWN, as_json, judge, prometheus, text
    from runwatch.system.saving import save_text
    from runwatch.text.safe import safe

    look = load(args.roots, args.config, all_hosts=args.all_hosts)
    check = judge(look.snapshot, args.fail_on, args.tonight)
    code = check.code
    if args.prom:
        try:
            save_text(Path(args.prom), prometheus(check))
        except OSError as error:
            print(
                f"runwatch: {safe(args.prom)}: not written: {error.strerror}; check the path", file=sys.stderr
            )
            code = UNKNOWN
    if args.json:
        print_json(as_json(check))
    else:
        lines = text(check)
        print("\n".join(lines[:1] if args.quiet else lines))
    return code
