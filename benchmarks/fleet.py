"""Other machines on one board: ``python -m benchmarks.fleet [--hosts 4] [--runs 1000] [--crowd 40]``.

The "machines" are users of a real sshd on this one (Debian's openssh-server), so they share its cores: start
times are of one machine after the other where nothing else is said, and CPU is the board's process alone."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import table
from benchmarks.table import Row
from benchmarks.terminal import cpu_of, family, peak_of

TESTS = Path(__file__).resolve().parents[1] / "tests/hosts"
BOARD = """
import json, sys, threading, time
began = time.monotonic()
from runwatch import config
from runwatch.cli._dashboard_fleet import DashboardFleet
from runwatch.hosts.naming import placed
from runwatch.hosts.remote import Remote, opening
from runwatch.monitor.live import Monitor
from runwatch.system.folders import state_dir
from runwatch.store.state import State
import psutil
me = psutil.Process()
here, others = placed(sys.argv[1:], None)
local = Monitor(here, config.load(here)) if here else None
state = State(state_dir())
make = lambda changed: [Remote(one, opening(one, keep=True), changed) for one in others]
board = DashboardFleet(local, make, state)
base, newest, first = me.memory_info().rss, [None], {}
def publish(snapshot):
    newest[0] = snapshot
    for run in snapshot.situation.runs:
        first.setdefault(run.root, time.monotonic() - began)
board.start(publish)
for line in sys.stdin:
    words = line.split()
    if words[0] == "first":
        while len(first) < int(words[1]): time.sleep(0.005)
        print(json.dumps(first), flush=True)
    elif words[0] == "all":
        board.wait_judged(600)
        while len(newest[0].situation.runs) < int(words[1]): time.sleep(0.05)
        print(0, flush=True)
    elif words[0] == "step":
        root, run, step = words[1], words[2], int(words[3])
        def there(r): return r.id == run and r.root.startswith(root) and r.step == step
        while not any(map(there, newest[0].situation.runs)): time.sleep(0.002)
        print(0, flush=True)
    elif words[0] == "told":
        runs = newest[0].situation.runs if newest[0] else ()
        told = [(f"{run.root}/{run.id}", run.step, run.metrics.get("val_loss")) for run in runs]
        print(json.dumps([(run, step, m.count) for run, step, m in told if m]), flush=True)
    else:
        times = me.cpu_times()
        print(json.dumps([times.user + times.system, (me.memory_info().rss - base) / 2**20]), flush=True)
board.stop()
"""


class Board:
    """A board in a process of its own, asked line by line."""

    def __init__(self, roots: list[str], env: dict[str, str]) -> None:
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-c", BOARD, *roots],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()

    def ask(self, *words: object) -> object:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def board(roots: list[str], env: dict[str, str]) -> Iterator[Board]:
    made = Board(roots, env)
    try:
        yield made
    finally:
        made.close()


def write_runs(folder: Path, count: int) -> None:
    """Runs that ended yesterday."""
    yesterday = time.time() - 86400
    for number in range(count):
        run = folder / f"group-{number % 10}" / f"run-{number:04}"
        run.mkdir(parents=True)
        lines = (f'{{"step": {i}, "val_loss": {1 / (i + 1)}, "lr": 0.1}}\n' for i in range(50))
        (run / "metrics.jsonl").write_text("".join(lines))
        os.utime(run / "metrics.jsonl", (yesterday, yesterday))


def append(folder: Path, number: int, step: int) -> None:
    with (folder / f"group-{number % 10}" / f"run-{number:04}" / "metrics.jsonl").open("a") as file:
        file.write(f'{{"step": {step}, "val_loss": 0.01, "lr": 0.1}}\n')


def wall(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def rows(hosts: int, runs: int, crowd: int, seconds: float) -> list[Row]:
    sys.path.insert(0, str(TESTS))
    from proxy import Wire
    from sshd import Sshd

    with tempfile.TemporaryDirectory(prefix="runwatch-bench-", ignore_cleanup_errors=True) as above:
        server = Sshd(Path(above) / "ssh")
        wire = Wire(server.port)
        me = Path(above) / "me"
        env = {**os.environ, "HOME": str(me), "PATH": f"{server.bin}:{os.environ['PATH']}"}
        try:
            homes = [server.host(f"m{i}", port=wire.port) for i in range(hosts)]
            for home in homes:
                write_runs(home / "runs", runs)
            found = _starts(homes, env)
            found += _steady(homes, env, wire, runs, seconds)
            found += crowd(Path(above), env, crowd) if crowd else []
        finally:
            server.stop()
            wire.close()
    return found


def _starts(homes: list[Path], env: dict[str, str]) -> list[Row]:
    """One host after another, each beside a local start on the same runs."""
    shares, firsts = [], []
    for home in homes:
        with board([str(home / "runs")], {**env, "HOME": str(home)}) as local:
            own = min(local.ask("first", 1).values())  # type: ignore[attr-defined]
        ssh = wall(lambda name=home.name: subprocess.run(["ssh", name, "true"], env=env, check=True))  # type: ignore[misc]
        with board([f"{home.name}:runs"], env) as remote:
            first = min(remote.ask("first", 1).values())  # type: ignore[attr-defined]
        firsts.append(first)
        shares.append(first / (own + ssh))
    return [
        Row("launch to the first rows of a host", median(firsts), "s"),
        Row("… against `ssh HOST true` and a local start", median(shares), "x", 1.5),
    ]


def _steady(homes: list[Path], env: dict[str, str], wire: object, runs: int, seconds: float) -> list[Row]:
    total = runs * len(homes)
    with board([f"{home.name}:runs" for home in homes], env) as it:
        first = max(it.ask("first", len(homes)).values())  # type: ignore[attr-defined]
        it.ask("all", total)
        time.sleep(45)
        before, began = wire.carried, time.monotonic()  # type: ignore[attr-defined]
        time.sleep(60)
        idle = (wire.carried - before) / (time.monotonic() - began) / len(homes)  # type: ignore[attr-defined]
        late = []
        for turn in range(20):
            home = homes[turn % len(homes)]
            append(home / "runs", turn, 50)
            run = f"group-{turn % 10}/run-{turn:04}"
            late.append(wall(lambda h=home, r=run: it.ask("step", f"{h.name}:", r, 50)))  # type: ignore[misc]
            time.sleep(1.0)
        busy = _busy(it, homes, seconds)
        memory = it.ask("use")[1]  # type: ignore[index]
    with board([str(home / "runs") for home in homes], {**env, "HOME": env["HOME"] + "-local"}) as local:
        local.ask("all", total)
        time.sleep(10)
        alone = _busy(local, homes, seconds, step=1000)
    return [
        Row(f"launch to the first rows of all {len(homes)} hosts at once (shared cores)", first, "s"),
        Row("idle link, a host", idle, "B/s", 200),
        Row("append there to visible here, median", median(late), "s", 0.5),
        Row("CPU of the board, 10 appends/s", busy / seconds, "cores"),
        Row("CPU of one local board, the same runs", alone / seconds, "cores"),
        Row("… the board against it", busy / alone, "x", 1.3),
        Row("memory, a thousand remote runs", memory / total * 1000, "MiB", 40),
    ]


def _busy(it: Board, homes: list[Path], seconds: float, step: int = 100) -> float:
    """CPU seconds of the board while ten runs a second are written."""
    before = it.ask("use")[0]  # type: ignore[index]
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        append(homes[turn % len(homes)] / "runs", 100 + turn % 50, step + turn // 50)
        turn += 1
        time.sleep(0.1)
    return float(it.ask("use")[0] - before)  # type: ignore[index]


def crowd(above: Path, env: dict[str, str], count: int, each: int = 25) -> list[Row]:
    """Many machines of ``each`` runs as processes of this one, without ssh."""
    hosts = []
    for number in range(count):
        home = above / f"crowd/h{number}"
        write_runs(home / "runs", each)
        command = json.dumps(["env", f"HOME={home}", sys.executable, "-m", "runwatch"])
        hosts.append(f'[[hosts]]\nname = "h{number}"\nroots = ["{home}/runs"]\ncommand = {command}\n')
    own = Path(env["HOME"]) / ".config/runwatch/runwatch.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("\n".join(hosts))
    with board([f"h{number}:" for number in range(count)], env) as it:
        it.ask("first", count)
        started = time.monotonic() - it.began
        it.ask("all", each * count)
        whole = time.monotonic() - it.began
        time.sleep(30)
        before = it.ask("use")[0]  # type: ignore[index]
        time.sleep(30)
        cpu, memory = it.ask("use")  # type: ignore[misc]
        ends = [pid for pid in family(it.pid) if pid != it.pid and b"serve" in _words(pid)]
        there = [(cpu_of(pid), peak_of(pid) / 2**20) for pid in ends]
    what = f"{count} hosts of {each:,} runs"
    return [
        Row(f"{what}: first rows of all (shared cores)", started, "s"),
        Row(f"{what}: all rows", whole, "s"),
        Row(f"{what}: CPU of the idle board", (cpu - before) / 30, "cores"),
        Row(f"{what}: memory of the board above its start", memory, "MiB"),
        Row(f"{what}: a host's CPU until a minute after", median(cpu for cpu, _ in there), "CPU s"),
        Row(f"{what}: a host's memory", median(size for _, size in there), "MiB"),
    ]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--crowd", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0)
    args = parser.parse_args()
    print(table.machine(), flush=True)
    print(table.text(rows(args.hosts, args.runs, args.crowd, args.seconds)))


if __name__ == "__main__":
    main()
