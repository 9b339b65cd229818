"""What commands cost, in CPU seconds of whole processes: ``python -m benchmarks.commands [--repeat N]``."""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import table, workloads
from benchmarks.places import DATA, cpu_seconds, fresh, runwatch
from benchmarks.table import Row
from benchmarks.terminal import Terminal


def rows(repeat: int = 5) -> list[Row]:
    b200, a10, d2000 = (str(workloads.make(name, DATA)) for name in ("b200", "a10", "d2000"))
    found = []

    def row(what: str, most: float | None, *arguments: str) -> None:
        found.append(Row(what, cpu_seconds([runwatch(), *arguments], env, repeat), "CPU s", most))

    with fresh() as env:
        nothing = cpu_seconds([sys.executable, "-c", "pass"], env, repeat)
        found.append(Row("python, doing nothing", nothing, "CPU s"))
        row("--help", None, "--help")
        row("ls a10, state empty", None, "ls", a10)
        row("ls b200, state empty", None, "ls", b200)
        row("ls d2000, state empty", None, "ls", d2000)
        with Terminal([runwatch(), b200], env) as screen:
            screen.wait_text("● live")
            time.sleep(5)
        row("status --tmux", 0.06, "status", "--tmux")
        row("brief from kept state", 0.15, "brief", b200)
        row("check b200, warm", 0.8, "check", b200)
        row("ls b200, warm", None, "ls", b200)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    print(table.machine(), table.text(rows(parser.parse_args().repeat)), sep="\n\n")


if __name__ == "__main__":
    main()
