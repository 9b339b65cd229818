"""``runwatch state``."""

from __future__ import annotations

import argparse
from pathlib import Path

from runwatch.cli._output import print_json
from runwatch.text.safe import safe
from runwatch.text.units import size

NAME = "state"
HELP = """Show where runwatch keeps its own files and how large they are; clear the cache.

  runwatch state
  runwatch state --prune      clears the cache; tasks, history, pins and silences stay"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prune", action="store_true", help="clear the cache")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from runwatch.system.folders import cache_dir, config_dir, state_dir
    from runwatch.text.jsonable import SCHEMA, plain

    if args.prune:
        _prune()
    places = [
        (name, place, _bytes(place))
        for name, place in (("state", state_dir()), ("cache", cache_dir()), ("configuration", config_dir()))
    ]
    if args.json:
        rows = [{"name": n, "path": plain(str(p)) if p else None, "bytes": b} for n, p, b in places]
        print_json({"schema": SCHEMA, "places": rows})
        return 0
    for name, place, taken in places:
        print(f"{name:<14} {size(taken):>10}  {safe(str(place)) if place else 'no home directory'}")
    return 0


def _bytes(place: Path | None) -> int:
    if place is None or not place.is_dir():
        return 0
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def _prune() -> None:
    import contextlib

    from runwatch.store.cache import FILE
    from runwatch.store.database import SIDE_FILES
    from runwatch.system.folders import cache_dir

    folder = cache_dir()
    for ending in SIDE_FILES:
        if folder is not None:
            with contextlib.suppress(FileNotFoundError):
                (folder / f"{FILE}{ending}").unlink()
