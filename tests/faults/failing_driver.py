"""What ``test_failing_system_calls.py`` runs with the shim preloaded: each attempt in a fork of this process,
so that imports are paid once. Reads a job as JSON on stdin, prints one JSON line an attempt.

``folder`` is put back before each attempt; in the n-th one the n-th call of a kind fails with its error,
until no more calls of that kind are made; ``every``: only each so many-th n is tried."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

TIMEOUT_S = 300
MOST = 2000


def main() -> None:
    job = json.load(sys.stdin)
    place = Path(job["folder"])
    pristine = place.with_name("pristine")
    shutil.copytree(place, pristine, symlinks=True)
    warm_up()
    for kind, code in job["kinds"].items():
        for number in range(1, MOST, job["every"]):
            shutil.rmtree(place)
            shutil.copytree(pristine, place, symlinks=True)
            one = attempt(place, job["command"], kind, number, code)
            print(json.dumps(one), flush=True)
            if not one["hits"]:
                break


def warm_up() -> None:
    import runwatch.cli._guardian
    import runwatch.cli.check
    import runwatch.cli.tasks
    import runwatch.cli.watch
    import runwatch.monitor.live
    import runwatch.monitor.machine_watch
    import runwatch.show.check  # noqa: F401
    from runwatch.readers.registry import built_in

    built_in()


def attempt(place: Path, command: list[str], kind: str, number: int, code: int) -> dict[str, Any]:
    said = place.with_name("said")
    counted, told = os.pipe()
    child = os.fork()
    if child == 0:
        as_child(place, command, kind, number, code, said, told)
    os.close(told)
    late = not waited(child)
    if late:
        os.kill(child, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    hits = int(os.read(counted, 16) or b"0")
    os.close(counted)
    text = said.read_text(errors="replace")
    root = place / "root"
    others = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.name not in ("todo.txt", "late")):
        others.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return {
        "kind": kind,
        "number": number,
        "code": ended,
        "said": text,
        "hits": hits,
        "late": late,
        "todo": (root / "todo.txt").read_text(),
        "others": others.hexdigest(),
    }


def waited(child: int) -> bool:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
            return True
        time.sleep(0.01)
    return False


def as_child(
    place: Path, command: list[str], kind: str, number: int, code: int, said: Path, told: int
) -> None:
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    shim = ctypes.CDLL(None)
    shim.fail_arm(kind.encode(), number, code, str(place).encode())
    try:
        ended = watched(place, command[1]) if command[0] == "(watch)" else called(command)
    except BaseException:
        import traceback

        traceback.print_exc()
        ended = 99
    hits = ctypes.c_int.in_dll(shim, "fail_hits").value
    shim.fail_arm(b"", 0, 0, b"/")
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(told, str(hits).encode())
    os._exit(ended)


def called(command: list[str]) -> int:
    from runwatch.cli import main as runwatch

    try:
        return runwatch(command)
    except SystemExit as end:
        return int(end.code or 0)


def watched(place: Path, root: str) -> int:
    """The loop of ``watch``: it must see a run that comes later, whatever failed. 0 when it has; what it says
    is printed."""
    from runwatch import config
    from runwatch.monitor.live import Monitor
    from runwatch.monitor.wanted import Wanted

    settings = config.load((root,))
    monitor = Monitor((root,), settings, keep=True, wanted=Wanted(data=False, machine=False))
    monitor.start(lambda snapshot: None)
    try:
        monitor.wait_judged(60.0)
        write_late(Path(root) / "late")
        end = time.monotonic() + 180.0
        while time.monotonic() < end:
            snapshot = monitor._last
            if snapshot is not None and "late" in {run.id for run in snapshot.situation.runs}:
                print(snapshot.watch.trouble, *snapshot.situation.problems)
                return 0
            time.sleep(0.02)
        print("the late run was never seen", monitor._last)
        return 98
    finally:
        monitor.stop()


def write_late(late: Path) -> None:
    """A training is not what the faults are for: where one hits it, it tries again."""
    for _ in range(2):
        try:
            late.mkdir(exist_ok=True)
            (late / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
            return
        except OSError:
            continue


if __name__ == "__main__":
    main()
