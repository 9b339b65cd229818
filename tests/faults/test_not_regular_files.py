"""What is no regular file is never opened."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looking import dashboard, ls, only_run, said, write


@pytest.fixture(autouse=True)
def _no_hanging() -> Iterator[None]:
    """Whoever opens a FIFO waits for ever: five seconds are enough."""

    def stuck(*_: object) -> None:
        raise TimeoutError("stuck in a file that never ends")

    before = signal.signal(signal.SIGALRM, stuck)
    signal.setitimer(signal.ITIMER_REAL, 60.0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


async def test_a_fifo_beside_a_run_is_skipped_and_named(root: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    os.mkfifo(root / "a" / "more.csv")
    found = ls(root)
    assert [run["id"] for run in found["runs"]] == ["a"]
    told = [(p["file"], p["message"]) for p in (*found["problems"], *found["runs"][0]["problems"])]
    assert ("a/more.csv", "not a regular file, skipped") in told
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000", "1 problem")
        await eyes.press("!")
        await eyes.sees("more.csv", "not a regular file", "remove it")


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.jsonl", "events.out.tfevents.1.x", "run.wandb"])
async def test_a_folder_with_only_a_fifo_is_no_run_but_named(root: Path, name: str) -> None:
    (root / "a").mkdir()
    os.mkfifo(root / "a" / name)
    found = ls(root)
    assert not found["runs"]
    assert [(p["file"], p["message"]) for p in found["problems"]] == [
        (f"a/{name}", "not a regular file, skipped")
    ]
    if name == "metrics.csv":
        async with dashboard(root) as eyes:
            await eyes.sees("1 problem")
            await eyes.press("!")
            await eyes.sees("a/metrics.csv", "not a regular file")


async def test_devices_sockets_and_folders_in_a_files_place(root: Path) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    for name, target in (("zero.jsonl", "/dev/zero"), ("tty.csv", "/dev/tty"), ("null.json", "/dev/null")):
        (root / "a" / name).symlink_to(target)
    (root / "a" / "results.json").mkdir()
    here = os.getcwd()
    os.chdir(root / "a")
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("log.jsonl")
    finally:
        os.chdir(here)
    assert only_run(root)["metrics"]["loss"]["last"] == 0.5
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")


async def test_a_file_that_becomes_a_fifo_while_it_is_watched(root: Path) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    write(root / "b" / "metrics.csv", "step,loss\n1,0.25\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        path.unlink()
        os.mkfifo(path)
        await eyes.misses("0.5000")
        await eyes.sees("0.2500")
        with (root / "b" / "metrics.csv").open("a") as file:
            file.write("2,0.125\n")
        await eyes.sees("0.1250")
    assert [run["id"] for run in ls(root)["runs"]] == ["b"]


@pytest.mark.parametrize("name", ["todo.txt", "runwatch.toml"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_no_regular_file_where_our_own_are_expected(
    root: Path, name: str, make: Callable[[Path], None]
) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n")
    make(root / name)
    answer = ls(root)
    assert [run["id"] for run in answer["runs"]] == ["a"]
    assert [name in problem["file"] for problem in answer["problems"]] == [True]
    assert name in said("doctor", str(root)) or name == "todo.txt"


@pytest.mark.parametrize("command", [("drift",), ("quality",), ("compare", "--baseline")])
def test_a_fifo_given_to_a_command_is_refused(root: Path, command: tuple[str, ...]) -> None:
    fifo = root / "data.csv"
    os.mkfifo(fifo)
    good = write(root / "good.csv", "x\n" + "1\n" * 50)
    arguments = [command[0], str(fifo)]
    if command[0] != "quality":
        arguments += [*command[1:], str(good)]
    said(*arguments, code=3)
