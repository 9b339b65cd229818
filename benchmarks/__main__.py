"""``python -m benchmarks [NAME...]``: the figures of docs/benchmarks.md.

screen, commands, install   the program from outside; one table for all
imports, readers, drift, compare, health, fleet, rates, false_alarms, agreement   parts beside their peers;
each prints its own
speed, slope, scale   starts, screen and tables beside every peer in turn; the cost of an update by the number
of runs; what a plan past one machine rests on

Without a name: all but install, which asks the package index, fleet, which wants openssh-server, speed, which
wants the peers of ``python -m benchmarks.environment``, agreement, which wants R, statsmodels and nannyml,
and slope, scale, rates, false_alarms, which take long."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys

from benchmarks import table

OURS = ("screen", "commands", "install")
PARTS = (
    "imports", "readers", "drift", "compare", "health", "fleet", "rates", "false_alarms", "agreement",
    "speed", "slope", "scale",
)  # fmt: skip
USUAL = ("screen", "commands", "imports", "readers", "drift", "compare", "health")


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*OURS, *PARTS)))
    names = parser.parse_args().names or list(USUAL)
    unknown = [name for name in names if name not in (*OURS, *PARTS)]
    if unknown:
        parser.error(f"{unknown[0]}: no such benchmark; there are {', '.join((*OURS, *PARTS))}")
    print(table.machine(), flush=True)
    rows = [row for name in OURS if name in names for row in _rows(name)]
    if rows:
        print(f"\n{table.text(rows)}", flush=True)
    failed = False
    for name in PARTS:
        if name in names:
            print(f"\n## {name}\n", flush=True)
            failed |= (
                subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
            )
    return int(failed)


def _rows(name: str) -> list[table.Row]:
    print(f"measuring: {name} …", file=sys.stderr, flush=True)
    found: list[table.Row] = importlib.import_module(f"benchmarks.{name}").rows()
    return found


if __name__ == "__main__":
    sys.exit(main())
