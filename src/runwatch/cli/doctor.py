"""``runwatch doctor``."""

from __future__ import annotations

import argparse

from runwatch.cli._options import root_arguments
from runwatch.cli._output import print_json, print_text

NAME = "doctor"
HELP = """Check this machine: terminal, colours, inotify limits, file systems, permissions, optional packages.

  runwatch doctor ~/runs
  runwatch doctor gpu1:~/runs     check another machine and the connection to it"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.naming import split_by_host
    from runwatch.monitor.diagnostics import examine
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.text.doctor import doctor_json, doctor_text

    here, others = split_by_host(args.roots, args.config, args.all_hosts)
    checks = examine(resolve_roots(here, args.config), args.config) if here or not others else []
    if others:
        from runwatch.hosts.doctor import examine_hosts

        checks += examine_hosts(others)
    if args.json:
        print_json(doctor_json(checks))
    else:
        print_text(doctor_text(checks))
    return 1 if any(check.state == "bad" for check in checks) else 0
