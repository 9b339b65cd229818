"""``runwatch watch``."""

from __future__ import annotations

import argparse
import sys

from runwatch.cli._options import root_arguments

NAME = "watch"
HELP = """Watch without a screen: keep tasks up to date and send alerts (for systemd or cron @reboot).

Exits with 1 if an internal error occurred (it is reported, and watching continues).

  runwatch watch ~/runs
  runwatch init --service systemd     prints a unit for it"""


def configure(parser: argparse.ArgumentParser) -> None:
    root_arguments(parser)


def run(args: argparse.Namespace) -> int:
    import signal
    import threading

    from runwatch import config
    from runwatch.cli._dashboard_fleet import fleet
    from runwatch.cli._log import log_to
    from runwatch.cli._memory import share_one_arena
    from runwatch.domain.situation import Snapshot
    from runwatch.hosts.naming import split_by_host
    from runwatch.monitor.live import Monitor
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.text.watch_log import line, troubles
    from runwatch.system.folders import state_dir

    here, others = split_by_host(args.roots, args.config, args.all_hosts)
    paths = resolve_roots(here, args.config) if here or not others else ()
    ended = threading.Event()
    last, reported = "", set[str]()

    def publish(snapshot: Snapshot) -> None:
        nonlocal last, reported
        message, wrong = line(snapshot), troubles(snapshot)
        for words in wrong:
            if words not in reported:
                print(words, file=sys.stderr, flush=True)
        reported = set(wrong)
        if message != last and not args.quiet:
            print(message, file=sys.stderr, flush=True)
        last = message

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    share_one_arena()
    state = state_dir()
    log_to(state / "watch.log" if state else None)
    settings = config.load(paths, args.config)
    own = config.user_settings(args.config)
    monitor = fleet(paths, settings, others, own, rings=False) if others else Monitor(paths, settings)
    monitor.start(publish)
    ended.wait()
    monitor.stop()
    return 1 if monitor.trouble else 0
