"""``runwatch tail``."""

from __future__ import annotations

import argparse

NAME = "tail"
HELP = """Print new points, status changes and findings of runs as they come, until interrupted.

  runwatch tail exp-17
  runwatch tail --root ~/runs --json | jq 'select(.type == "finding")'
  runwatch tail exp-17 --from-start --json > points.jsonl"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="*", help="run ids, unique endings or paths (default: all)"
    )
    parser.add_argument("--root", action="append", default=[], help="folder that holds the runs")
    parser.add_argument("--from-start", action="store_true", help="start with the existing points")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(args: argparse.Namespace) -> int:
    import queue
    import signal

    from runwatch import config
    from runwatch.cli._runs import resolve_run, roots_for
    from runwatch.domain.situation import Snapshot
    from runwatch.monitor.live import Monitor
    from runwatch.monitor.once import resolve_roots
    from runwatch.show.tail import Tail, of_runs, record_text
    from runwatch.text.jsonable import dump

    named = args.root or [root for name in args.run or ["."] for root in roots_for(name, args.config)]
    roots = resolve_roots(list(dict.fromkeys(named)), args.config)
    snapshots: queue.SimpleQueue[Snapshot | None] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: snapshots.put(None))
    monitor = Monitor(roots, config.load(roots, args.config), keep=False)
    monitor.start(snapshots.put)
    tail: Tail | None = None
    try:
        while (snapshot := snapshots.get()) is not None:
            if snapshot.watch.phase != "live":
                continue
            if tail is None:
                keys = [resolve_run(name, snapshot.situation.runs).key for name in args.run]
                tail = Tail(of_runs(keys), monitor.series, args.from_start)
            for record in tail.new_records(snapshot, not monitor.unjudged):
                print(dump(record, indent=None) if args.json else record_text(record), flush=True)
    finally:
        monitor.stop()
    return 0
