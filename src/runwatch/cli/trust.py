"""``runwatch trust``."""

from __future__ import annotations

import argparse
import os

from runwatch.cli import UsageError
from runwatch.cli._options import local_roots
from runwatch.cli._output import print_json
from runwatch.text.safe import safe

NAME = "trust"
HELP = """Allow what a configuration found in ROOT wants to do beyond it: send alerts, read elsewhere.

Trust applies to the file as it is now; when it changes, you are asked again.

  runwatch trust ~/runs            allow it, and say what that is
  runwatch trust --list            what is allowed
  runwatch trust ~/runs --revoke   take it back"""


def configure(parser: argparse.ArgumentParser) -> None:
    local_roots(parser)
    parser.add_argument("--list", action="store_true", help="only list the trusted files")
    parser.add_argument("--revoke", action="store_true", help="revoke the trust")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch import config
    from runwatch.config import trust
    from runwatch.monitor.once import resolve_roots
    from runwatch.monitor.trusting import asks

    if args.list:
        return _print_result(args, "trusted", [(one.file, ()) for one in trust.trusted()])
    if args.config:
        raise UsageError("--config: a file that you name needs no trust; name the ROOT whose file does")
    roots = resolve_roots(args.roots or [os.getcwd()], None)
    if args.revoke:
        inside = [one.file for one in trust.trusted() if os.path.dirname(one.file) in roots]
        return _print_result(args, "no longer trusted", [(file, ()) for file in inside if trust.forget(file)])
    requests = asks(config.load(roots))
    for ask in requests:
        trust.trust(ask.file, ask.digest)
    return _print_result(args, "trusted", [(ask.file, ask.wants) for ask in requests])


def _print_result(args: argparse.Namespace, what: str, files: list[tuple[str, tuple[str, ...]]]) -> int:
    if args.json:
        rows = [{"file": safe(file), "wants": list(wants)} for file, wants in files]
        print_json({"schema": 1, what.replace(" ", "_"): rows})
        return 0
    for file, wants in files:
        print(f"{what}: {safe(file)}" + (f": it may now {', and '.join(wants)}" if wants else ""))
    if not files:
        print("nothing here needs trust" if what == "trusted" and not args.list else "nothing is trusted")
    return 0
