"""``runwatch baseline set|show|clear``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from runwatch.cli import UsageError
from runwatch.cli._options import one_root
from runwatch.cli._output import print_json, print_problems
from runwatch.domain.address import path_of
from runwatch.domain.borders import JsonDict
from runwatch.text.safe import run_name, safe
from runwatch.text.units import iso

if TYPE_CHECKING:
    from runwatch.domain.comparison import Baseline
    from runwatch.monitor.session import Session

NAME = "baseline"
HELP = """Set or show the baseline that runs are compared against.

  runwatch baseline set exp-17 --root ~/runs     pin a run
  runwatch baseline set exp-17 --write-config    also write it into runwatch.toml, to share it
  runwatch baseline show
  runwatch baseline clear"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("set", "show", "clear"))
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="with set: a run's id, name, path, or the unique end of its id"
    )
    one_root(parser)
    parser.add_argument("--reason", default="", help="reason to keep in the history")
    parser.add_argument("--write-config", action="store_true", help="also write it into ROOT/runwatch.toml")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.hosts.naming import is_elsewhere
    from runwatch.monitor.session import Session

    if (args.action == "set") != (args.run is not None):
        raise UsageError(f"baseline {args.action}: " + ("name a RUN" if args.run is None else "takes no RUN"))
    if args.root and is_elsewhere(args.root):
        return _on_host(args)
    with Session([args.root] if args.root else [], args.config) as session:
        print_problems(session.settings.values())
        return {"set": _set, "show": _show, "clear": _clear}[args.action](args, session)


def _set(args: argparse.Namespace, session: Session) -> int:
    from runwatch.cli._runs import resolve_run, runs_below
    from runwatch.cli._write_config import write_baseline
    from runwatch.domain.intents import PinBaseline

    run = resolve_run(args.run, runs_below(session.roots, args.config).situation.runs)
    if session.state.in_memory:
        return _print_result(False, f"not pinned: {session.state.notice}")
    written = write_baseline(run.root, run.id) if args.write_config else None
    now = time.time()
    answer = session.tasks.handle(PinBaseline(run.key, args.reason), now, date.fromtimestamp(now))
    if written and answer.ok:
        print(f"written to {safe(str(written.path))}")
    elif written:
        written.put_back()
    return _print_result(answer.ok, answer.message)


def _show(args: argparse.Namespace, session: Session) -> int:
    from runwatch.cli._runs import runs_below

    baselines = runs_below(session.roots, args.config).situation.baselines
    history = {root: session.tasks.champions(root) for root in session.roots}
    return _print(args, session.roots, baselines, history)


def _print(
    args: argparse.Namespace,
    roots: tuple[str, ...],
    baselines: Mapping[str, Baseline],
    history: Mapping[str, list[JsonDict]],
) -> int:
    from runwatch.text.jsonable import SCHEMA

    if args.json:
        rows = [
            {
                "root": run_name(root), "kind": b.kind, "name": run_name(b.name), "source": b.source,
                "since": iso(b.since), "reason": b.reason,
            }
            for root, b in baselines.items()
        ]  # fmt: skip
        before = [
            {"root": run_name(root), "run": row["run"] and run_name(row["run"]), "at": iso(row["at"]),
             "reason": row["reason"]}
            for root, pins in history.items() for row in pins
        ]  # fmt: skip
        print_json({"schema": SCHEMA, "baselines": rows, "history": before})
        return 0
    for root in roots:
        baseline = baselines.get(root)
        if baseline is None:
            print(f"{safe(root)}: no baseline; pin one: runwatch baseline set RUN --root {safe(root)}")
        else:
            print(f"{safe(root)}: {baseline.kind} {safe(baseline.name)} ({safe(baseline.source)})")
        for row in reversed(history[root]):
            why = f": {safe(row['reason'])}" if row["reason"] else ""
            print(f"  {(iso(row['at']) or '')[:16]}  {safe(row['run'] or 'baseline unpinned')}{why}")
    return 0


def _clear(args: argparse.Namespace, session: Session) -> int:
    from runwatch.domain.intents import ClearBaseline

    if session.state.in_memory:
        return _print_result(False, f"not unpinned: {session.state.notice}")
    now = time.time()
    answers = [session.tasks.handle(ClearBaseline(r), now, date.fromtimestamp(now)) for r in session.roots]
    return max(_print_result(True, answer.message) for answer in answers)


def _on_host(args: argparse.Namespace) -> int:
    """A root on another machine: its own state keeps its pins."""
    from runwatch.cli._runs import resolve_run, runs_below
    from runwatch.domain.intents import ClearBaseline, PinBaseline
    from runwatch.domain.run import RunKey
    from runwatch.hosts.messages import AskChampions
    from runwatch.hosts.requests import asking

    if args.write_config:
        raise UsageError("--write-config: write it on the machine itself")
    if args.action != "clear":
        situation = runs_below([args.root], args.config).situation
    with asking(args.root, args.config) as remote:
        if args.action == "clear":
            did = remote.do(ClearBaseline(remote.path))
        elif args.action == "set":
            run = resolve_run(args.run, situation.runs)
            did = remote.do(PinBaseline(RunKey(path_of(run.root), run.id), args.reason))
        else:
            champions = remote.ask(lambda number: AskChampions(number, remote.path))
            return _print(args, (remote.root,), dict(situation.baselines), {remote.root: champions})
    return _print_result(did.ok, did.message)


def _print_result(ok: bool, message: str) -> int:
    print(safe(message) if ok else f"runwatch: {safe(message)}", file=sys.stdout if ok else sys.stderr)
    return 0 if ok else 1
