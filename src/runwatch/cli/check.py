"""``runwatch check``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runwatch.cli._options import CI_FORMATS, fail_on, formats, root_arguments
from runwatch.cli._output import print_json, print_text
from runwatch.domain.borders import JsonMapping
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.monitor.once import Loaded

NAME = "check"
HELP = """Run all rules once. The exit code is the worst result: 0 ok, 1 warning, 2 critical, 3 unknown.

  runwatch check ~/runs
  runwatch check --fail-on critical
  runwatch check --tonight            only what cannot wait until tomorrow morning
  runwatch check --format github      annotations; also junit, markdown
  runwatch check --prom /var/lib/node_exporter/runwatch.prom"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    fail_on(parser)
    parser.add_argument("--tonight", action="store_true", help="only what cannot wait until tomorrow morning")
    parser.add_argument("--prom", metavar="FILE", help="also write Prometheus metrics to FILE")
    parser.add_argument("--openmetrics", action="store_true", help="with --prom: use the OpenMetrics format")
    parser.add_argument(
        "--send",
        action="store_true",
        help="also send findings that count for --fail-on to the channels in [alerts]",
    )
    formats(parser, "text", "json", *CI_FORMATS)


def _send(loaded: Loaded, findings: Sequence[JsonMapping], fail_on: str) -> None:
    from runwatch.monitor.sending import send_findings

    for words in send_findings(loaded, {finding["fingerprint"] for finding in findings}, fail_on):
        print(f"runwatch: {safe(words)}", file=sys.stderr)


def unknown(reason: str, as_json: bool) -> None:
    """A plugin's UNKNOWN has its line on stdout too."""
    from runwatch.show.check import unknown_json
    from runwatch.show.text.plugin import unknown as line

    if as_json:
        print_json(unknown_json(reason))
    else:
        print(line(reason))


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from runwatch.hosts.loading import load
    from runwatch.rules.engine.registry import load_rules
    from runwatch.show.check import UNKNOWN, as_json, judge, report
    from runwatch.show.ci import render_ci
    from runwatch.show.text.plugin import text
    from runwatch.show.text.prometheus import prometheus
    from runwatch.system.saving import save_text

    loaded = load(args.roots, args.config, all_hosts=args.all_hosts)
    check = judge(loaded.snapshot, args.fail_on, args.tonight)
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
    if args.send and code in (1, 2):
        _send(loaded, check.findings, args.fail_on)
    if args.format == "json":
        print_json(as_json(check))
    elif args.format != "text":
        print(render_ci([report(check)], args.format, args.fail_on))
    else:
        lines = text(check)
        print_text("\n".join(lines[:1] if args.quiet else lines))
    return code
