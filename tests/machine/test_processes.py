"""Which process belongs to a run: real processes, started here and ended here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from runwatch.machine.processes import (
    WALK_EVERY,
    ProcessFinder,
    SearchedRun,
    _looks_on,
    pids_of_runs,
    process_of,
    run_of_pid,
)

SLEEP = "import sys, time; print('up', flush=True); time.sleep(60)"


@contextmanager
def started(code: str, *arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def test_a_process_lives_dies_and_is_not_confused_with_its_number(tmp_path: Path) -> None:
    with started(SLEEP, cwd=tmp_path) as child:
        born = psutil.Process(child.pid).create_time()
        assert process_of(child.pid, born, "box").alive is True
        assert process_of(child.pid, None).alive is True
        other = process_of(child.pid, born - 500)
        assert other.alive is False and "another" in other.evidence
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        zombie = process_of(child.pid, born)
        assert zombie.alive is False
        child.wait()
        assert process_of(child.pid, born).alive is False


def test_a_process_that_works_in_names_or_writes_the_run(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("works", "named", "writes", "read", "idle")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "metrics.csv").write_text("step,loss\n")
    wanted = [SearchedRun(str(folder)) for folder in folders.values()]
    writes = f"f = open({str(folders['writes'] / 'metrics.csv')!r}, 'a'); {SLEEP}"
    reads = f"f = open({str(folders['read'] / 'metrics.csv')!r}); {SLEEP}"
    with (
        started(SLEEP, cwd=folders["works"]) as works,
        started(SLEEP, "--out=named", cwd=tmp_path) as named,
        started(writes, cwd=tmp_path) as writing,
        started(reads, cwd=tmp_path),
    ):
        found = ProcessFinder("box").find(0.0, wanted)
    assert {Path(folder).name: process.pid for folder, process in found.items()} == {
        "works": works.pid, "named": named.pid, "writes": writing.pid,
    }  # fmt: skip
    assert "writing" in found[str(folders["writes"])].evidence


def test_a_process_that_began_after_the_first_event_is_not_the_writer(tmp_path: Path) -> None:
    with started(SLEEP, cwd=tmp_path):
        assert ProcessFinder().find(0.0, [SearchedRun(str(tmp_path), time.time() - 3600)]) == {}
        assert len(ProcessFinder().find(0.0, [SearchedRun(str(tmp_path), time.time() + 5)])) == 1


def test_onlookers_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x\n")
    shell = subprocess.Popen(["tail", "-f", str(tmp_path / "log")], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        with started("from multiprocessing.spawn import spawn_main; " + SLEEP, cwd=tmp_path):
            assert ProcessFinder().find(0.0, [SearchedRun(str(tmp_path))]) == {}
    finally:
        shell.kill()
        shell.wait()


@pytest.mark.parametrize(
    ("command", "looks_on"),
    [
        ("/usr/bin/python3 -m tensorboard.main --logdir runs", True),
        ("/usr/bin/python3 /usr/local/bin/tensorboard --logdir runs", True),
        ("/venv/bin/python -m ipykernel_launcher -f x.json", True),
        ("/home/a/runwatch-fork/.venv/bin/python train.py --out runs/a", False),
        ("torchrun --nproc 4 train.py", False),
        ("python -m my.train --mode code", False),
    ],
)
def test_viewers_are_known_by_their_program(command: str, looks_on: bool) -> None:
    assert _looks_on(command.split()) is looks_on


def test_the_list_is_walked_every_thirty_seconds_and_only_for_runs_without_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = []
    real = psutil.process_iter
    monkeypatch.setattr(psutil, "process_iter", lambda attrs: walks.append(1) or real(attrs))
    finder, wanted = ProcessFinder(), [SearchedRun(str(tmp_path))]
    assert finder.find(0.0, []) == {} and walks == []
    for now in (0.0, 1.0, WALK_EVERY - 1):
        assert finder.find(now, wanted) == {}
    assert walks == [1]
    with started(SLEEP, cwd=tmp_path) as child:
        found = finder.find(WALK_EVERY, wanted)
        assert found[str(tmp_path)].pid == child.pid and walks == [1, 1]
        assert finder.find(3 * WALK_EVERY, wanted)[str(tmp_path)].alive is True
        assert walks == [1, 1], "a known process is only asked whether it lives"
    assert finder.find(3 * WALK_EVERY + 1, wanted)[str(tmp_path)].alive is False


def test_a_child_belongs_to_its_parents_run(tmp_path: Path) -> None:
    with started(SLEEP, cwd=tmp_path) as child:
        assert run_of_pid(child.pid, {os.getpid(): "exp/a"}) == "exp/a"
        assert run_of_pid(child.pid, {child.pid: "exp/b", os.getpid(): "exp/a"}) == "exp/b"
        assert run_of_pid(child.pid, {}) is None
        found = ProcessFinder().find(0.0, [SearchedRun(str(tmp_path))])
        assert pids_of_runs(found) == {child.pid: str(tmp_path)}
    assert run_of_pid(2**22 + 1, {1: "x"}) is None
