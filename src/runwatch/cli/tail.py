"""``runwatch tail``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runwatch.hosts.fleet import Fleet
    from runwatch.monitor.live import Monitor

NAME = "tail"
HELP = """Print new points, status changes and findings of runs as they come, until interrupted.

  runwatch tail exp-17
  runwatch tail gpu1:~/runs/exp-17
  runwatch tail --root ~/runs --json | jq 'select(.type == "finding")'
  runwatch tail exp-17 --from-start --json > points.jsonl"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="*", help="run ids, unique endings or paths (default: all)"
    )
    parser.add_argument(
        "--root", action="append", default=[], help="folder that holds the runs, or HOST:PATH"
    )
    parser.add_argument("--from-start", action="store_true", help="start with the existing points")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(args: argparse.Namespace) -> int:
    import queue
    import signal

    from runwatch.cli._runs import resolve_run, roots_for
    from runwatch.domain.situation import Snapshot
    from runwatch.hosts.loading import ANSWER_TIMEOUT_S
    from runwatch.show.tail import SnapshotTail, of_runs, record_text
    from runwatch.text.jsonable import dump

    named = args.root or [root for name in args.run or ["."] for root in roots_for(name, args.config)]
    snapshots: queue.SimpleQueue[Snapshot | None] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: snapshots.put(None))
    monitor = _monitor(list(dict.fromkeys(named)), args.config)
    monitor.start(snapshots.put)
    tail, began = SnapshotTail(monitor.series, args.from_start), time.monotonic()
    try:
        while (snapshot := snapshots.get()) is not None:
            records, hosts = tail.new_hosts(snapshot), snapshot.watch.hosts
            waits = any(link.state == "connecting" for link in hosts)
            live = snapshot.watch.phase == "live" and not (
                waits and time.monotonic() - began < ANSWER_TIMEOUT_S
            )
            in_vain = args.run and hosts and all(link.state == "lost" for link in hosts)
            if tail.wanted is None and (live or in_vain):
                runs = snapshot.situation.runs
                tail.wanted = of_runs([resolve_run(name, runs, hosts).key for name in args.run])
            if live:
                records += tail.new_records(snapshot, not monitor.unjudged)
            for record in records:
                print(dump(record, indent=None) if args.json else record_text(record), flush=True)
    finally:
        monitor.stop()
    return 0


def _monitor(named: Sequence[str], config_file: str | None) -> Monitor | Fleet:
    """What watches the roots, here and on other machines; it opens no tasks and sends no alerts."""
    from runwatch import config
    from runwatch.hosts.naming import split_by_host
    from runwatch.monitor.live import Monitor
    from runwatch.monitor.once import resolve_roots

    here, others = split_by_host(named, config_file)
    roots = resolve_roots(here, config_file) if here or not others else ()
    local = Monitor(roots, config.load(roots, config_file), keep=False) if roots else None
    if local is not None and not others:
        return local
    from runwatch.hosts.fleet import Fleet
    from runwatch.hosts.remote import Remote, opening
    from runwatch.store.state import user_state

    return Fleet(
        local,
        lambda changed: [Remote(one, opening(one), changed) for one in others],
        user_state(),
        most_points=0,
    )
