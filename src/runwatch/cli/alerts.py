"""``runwatch alerts``."""

from __future__ import annotations

import argparse
import time

from runwatch.cli import UsageError
from runwatch.cli._options import local_roots
from runwatch.cli._output import print_json, print_problems

NAME = "alerts"
HELP = """Send a test message to every channel in [alerts] and report the answers.

  runwatch alerts test
  runwatch alerts test ~/runs"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("test",))
    local_roots(parser, "roots whose [alerts] to test (default: current folder)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch import config
    from runwatch.monitor.once import resolve_roots
    from runwatch.monitor.sending import try_alerts
    from runwatch.system.identity import host_name, root_identity
    from runwatch.text.jsonable import SCHEMA, plain

    roots = resolve_roots(args.roots, args.config)
    configured = config.load(roots, args.config)
    print_problems(configured.values())
    trials = [
        (root, trial)
        for root, settings in configured.items()
        for trial in try_alerts(
            settings, root, host_name(), root_identity(root, settings.id), time.time(), time.sleep
        )
    ]
    if not trials:
        if any(settings.problems for settings in configured.values()):
            raise UsageError("alerts: no channel can be used; see the line above")
        raise UsageError(
            "alerts: no channel is configured; set webhook or urls in [alerts], see docs/alerts.md"
        )
    if args.json:
        rows = [
            {"root": plain(root), "channel": t.channel, "ok": t.ok, "answer": t.answer} for root, t in trials
        ]
        print_json({"schema": SCHEMA, "channels": rows})
    else:
        for _, trial in trials:
            print(f"{'ok  ' if trial.ok else 'FAIL'}  {trial.channel}: {trial.answer}", flush=True)
    return 0 if all(trial.ok for _, trial in trials) else 1
