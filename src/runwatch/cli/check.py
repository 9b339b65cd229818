"""``runwatch check``."""

from __future__ import annotations

import argparse
import sys

from runwatch.cli._output import formats
from runwatch.cli._roots import root_arguments

NAME = "check"
HELP = """All rules, once; the exit code says the worst: 0 ok, 1 warning, 2 critical, 3 unknown.

  runwatch check ~/runs
  runwatch check --fail-on critical
  runwatch check --tonight            at 22:00: what can't wait until nine
  runwatch check --format github      annotations; also junit, markdown
  runwatch check --prom /var/lib/node_exporter/runwatch.prom"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument(
        "--fail-on", choices=("info", "warning", "critical", "never"), default="warning",
        help="the least severity that counts (default: warning)",
    )  # fmt: skip
    parser.add_argument("--tonight", action="store_true", help="only what can't wait until nine")
    parser.add_argument("--prom", metavar="FILE", help="write Prometheus' text format to FILE too")
    parser.add_argument("--openmetrics", action="store_true", help="with --prom: as OpenMetrics")
    formats(parser)


def unknown(reason: str, as_json: bool) -> None:
    """A plugin's UNKNOWN has its line on stdout too."""
    from runwatch.cli._output import print_json
    from runwatch.show.check import unknown_json
    from runwatch.show.text.plugin import unknown as line

    if as_json:
        print_json(unknown_json(reason))
    else:
        print(line(reason))


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from runwatch.cli._output import print_json
    from runwatch.hosts.look import load
    from runwatch.rules.engine.registry import load_rules
    from runwatch.show.check import UNKNOWN, as_json, judge, report
    from runwatch.show.text.ci import render_ci
    from runwatch.show.text.plugin import text
    from runwatch.show.text.prometheus import prometheus
    from runwatch.system.saving import save_text
    from runwatch.text.safe import safe

    look = load(args.roots, args.config, all_hosts=args.all_hosts)
    check = judge(look.snapshot, args.fail_on, args.tonight)
    code = check.code
    if args.prom:
        names = [rule.NAME for rule in load_rules()[0]]
        try:
            save_text(Path(args.prom), prometheus(check, names, args.openmetrics))
        except OSError as error:
            print(
                f"runwatch: {safe(args.prom)}: not written: {error.strerror}; check the path", file=sys.stderr
            )
            code = UNKNOWN
    if args.format == "json":
        print_json(as_json(check))
    elif args.format != "text":
        print(render_ci([report(check)], args.format, args.fail_on))
    else:
        lines = text(check)
        print("\n".join(lines[:1] if args.quiet else lines))
    return code
