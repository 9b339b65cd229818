"""Hours of other machines in minutes: ``python -m benchmarks.fleet_soak [--minutes 30] [--hosts 4]``.

Machines (users of a real sshd on this one, each behind a wire of its own) are written to while links are
cut, broken and slow, and either end is killed. Snapshots are checked on the way: no run twice, none with a
point lost or doubled. Then all faults end, and the board has to show what was written. Exits 1 where it does
not."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import table
from benchmarks.fleet import TESTS, Board
from benchmarks.table import Row

SETTLE_S = 180.0


class Machine:
    """One machine: what was written there, the wire that leads to it."""

    def __init__(self, server: Any, name: str) -> None:
        from proxy import Wire

        self.name, self.wire = name, Wire(server.port)
        self.home: Path = server.host(name, port=self.wire.port)
        self.steps: dict[str, int] = {}
        for number in range(25):
            self.new_run(f"exp-{number:03}")

    def new_run(self, run: str) -> None:
        (self.home / "runs" / run).mkdir(parents=True)
        self.steps[run] = -1
        for _ in range(20):
            self.append(run)

    def append(self, run: str) -> None:
        self.steps[run] += 1
        with (self.home / "runs" / run / "metrics.jsonl").open("a") as file:
            file.write(f'{{"step": {self.steps[run]}, "val_loss": {1 / (self.steps[run] + 1)}, "lr": 0.1}}\n')

    def serving(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if "serve" in process.cmdline() and process.environ().get("HOME") == str(self.home):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def fault(self, kind: str) -> None:
        self.wire.cut, self.wire.delay, self.wire.broken = kind == "cut", 0.2 * (kind == "slow"), False
        if kind == "break":
            self.wire.break_all()
            self.wire.broken = False
        if kind == "kill there":
            for process in self.serving():
                process.send_signal(signal.SIGKILL)


class Soak:
    def __init__(self, machines: list[Machine], env: dict[str, str], seed: int) -> None:
        self._machines, self._env = machines, env
        self._chance = random.Random(seed)
        self.wrong: list[str] = []
        self.memory: list[tuple[float, float, float]] = []
        self.faults: dict[str, int] = {}
        self.board = self._open()

    def _open(self) -> Board:
        return Board([f"{machine.name}:runs" for machine in self._machines], self._env)

    def run(self, seconds: float) -> None:
        until, began, turn = time.monotonic() + seconds, time.monotonic(), 0
        while time.monotonic() < until:
            for _ in range(4):
                machine = self._chance.choice(self._machines)
                machine.append(self._chance.choice(list(machine.steps)))
            time.sleep(1.0)
            turn += 1
            if turn % 10 == 0:
                self._fault()
            if turn % 15 == 5:
                self._check(time.monotonic() - began)
            if turn % 120 == 0:
                machine = self._chance.choice(self._machines)
                machine.new_run(f"late-{turn}")
        for machine in self._machines:
            machine.fault("none")

    def _fault(self) -> None:
        kind = self._chance.choice(("none", "none", "cut", "break", "slow", "kill there", "kill here"))
        if kind == "kill here" and self.faults.get(kind, 0) >= 5:
            return  # one board lives on, so that its memory can be watched
        self.faults[kind] = self.faults.get(kind, 0) + 1
        if kind == "kill here":
            self.board.kill()
            self.board = self._open()
            return
        self._chance.choice(self._machines).fault(kind)

    def _check(self, at: float) -> None:
        for run, (step, count) in self._told(self.board).items():
            name, _, rest = run.partition(":")
            machine = next(one for one in self._machines if one.name == name)
            written = machine.steps[rest.rpartition("/")[2]]
            if count != step + 1 or step > written:
                self.wrong.append(f"{at:.0f} s: {run}: step {step}, {count} points; {written} written")
        here = psutil.Process(self.board.pid).memory_info().rss / 2**20
        there = [p.memory_info().rss / 2**20 for one in self._machines for p in one.serving()]
        self.memory.append((at, here, max(there, default=0.0)))
        print(f"{at:6.0f} s  here {here:.1f} MiB  there {max(there, default=0):.1f} MiB  {len(there)} served",
              file=sys.stderr, flush=True)  # fmt: skip

    def _told(self, board: Board) -> dict[str, tuple[int, int]]:
        """{run: (step, points)}."""
        told: list[tuple[str, int, int]] = board.ask("told")  # type: ignore[assignment]
        found = {run: (step, count) for run, step, count in told}
        if len(found) < len(told):
            self.wrong.append(f"{len(told) - len(found)} runs are told twice")
        return found

    def settled(self) -> bool:
        """Whether the board comes to show all that was written, and one process a machine serves it."""
        wanted = {
            (one.name, run): (step, step + 1) for one in self._machines for run, step in one.steps.items()
        }
        until = time.monotonic() + SETTLE_S
        found: dict[tuple[str, str], tuple[int, int]] = {}
        while time.monotonic() < until:
            told = self._told(self.board)
            found = {(run.partition(":")[0], run.rpartition("/")[2]): at for run, at in told.items()}
            if found == wanted:
                return all(len(machine.serving()) == 1 for machine in self._machines)
            time.sleep(1.0)
        self.wrong += [f"at the end: {key}: {found.get(key)}, not {wanted[key]}" for key in wanted
                       if found.get(key) != wanted[key]]  # fmt: skip
        return False


def rows(minutes: float, hosts: int, seed: int) -> tuple[list[Row], bool]:
    sys.path.insert(0, str(TESTS))
    from sshd import Sshd

    with tempfile.TemporaryDirectory(prefix="runwatch-soak-", ignore_cleanup_errors=True) as above:
        server = Sshd(Path(above) / "ssh")
        machines = [Machine(server, f"s{number}") for number in range(hosts)]
        env = {**os.environ, "HOME": f"{above}/me", "PATH": f"{server.bin}:{os.environ['PATH']}"}
        soak = Soak(machines, env, seed)
        try:
            soak.run(60 * minutes)
            whole = soak.settled()
        finally:
            soak.board.close()
            server.stop()
            for machine in machines:
                machine.wire.close()
    print("\n".join(soak.wrong), json.dumps(soak.faults), file=sys.stderr)
    lines = sum(step + 1 for machine in machines for step in machine.steps.values())
    late = [one for one in soak.memory if one[0] > 30 * minutes] or soak.memory
    return [
        Row("minutes", minutes, "min"),
        Row("points written", lines, ""),
        Row("faults", sum(n for kind, n in soak.faults.items() if kind != "none"), ""),
        Row("runs that were told wrong, in any snapshot", len(soak.wrong), "", 0),
        Row("memory here, halfway and at the end", late[0][1], "MiB"),
        Row("", late[-1][1], "MiB"),
        Row("memory of a machine's process, halfway and at the end", late[0][2], "MiB"),
        Row("", late[-1][2], "MiB"),
    ], whole and not soak.wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(table.machine(), flush=True)
    found, whole = rows(args.minutes, args.hosts, args.seed)
    print(table.text(found))
    print("everything written is told once" if whole else "NOT everything written is told once")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
