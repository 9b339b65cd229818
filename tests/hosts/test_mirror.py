"""A machine that has only python3: its files are copied, and read here as they would be there."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from pathlib import Path

import pytest
from helping import until, write_run
from test_board import Board, append

from runwatch.hosts.mirror import Mirror
from runwatch.hosts.mirrored_machine import FilesThere, MirroredMachine
from runwatch.hosts.mirroring import _harmless
from runwatch.hosts.targets import Target
from runwatch.hosts.wire import WireError
from runwatch.readers.limits import JSON_DEPTH

RUNS = Path(__file__).resolve().parents[1] / "fixtures/runs"


def without_place(runs: list[dict]) -> dict:
    """Runs by id, without what differs between two places."""
    return {run["id"]: {k: v for k, v in run.items() if k not in ("host", "root")} for run in runs}


@pytest.mark.slow
def test_every_format_reads_as_it_does_at_home(reach, runwatch, me):
    home = reach.host("museum", runwatch=None)
    shutil.copytree(RUNS, home / "runs", symlinks=True)
    for path in (home / "runs").rglob("*"):
        os.utime(path, (1_770_000_000, 1_770_000_000), follow_symlinks=False)
    here = json.loads(runwatch("ls", str(home / "runs"), "--json").stdout)
    answer = json.loads(runwatch("ls", "museum:runs", "--json").stdout)
    (host,) = answer["hosts"]
    assert host["mirrored"] and host["message"] == ""
    assert without_place(answer["runs"]) == without_place(here["runs"])
    assert {run["root"] for run in answer["runs"]} == {f"museum:{home}/runs"}
    doctor = json.loads(runwatch("doctor", "museum:runs", "--json").stdout)
    assert "copied here" in doctor["checks"][0]["found"]


@pytest.fixture
def bare(reach):
    return reach.host(f"bare-{len(list((reach.folder / 'homes').glob('*')))}", runwatch=None)


@pytest.fixture
def board(bare):
    write_run(bare / "runs/exp-1")
    made = Board(bare.name)
    yield made
    made.fleet.stop()


@pytest.mark.slow
def test_what_is_written_there_is_followed(bare, board):
    name, file = bare.name, bare / "runs/exp-1/metrics.jsonl"
    assert until(lambda: board.runs(name))
    assert board.link(name).mirrored and board.runs(name)["exp-1"].root == f"{name}:{bare}/runs"
    append(file, 20)
    assert until(lambda: board.runs(name)["exp-1"].step == 20)
    write_run(bare / "runs/exp-2", steps=5)
    assert until(lambda: "exp-2" in board.runs(name))
    write_run(bare / "runs/exp-1", steps=7, loss=4.0)
    assert until(lambda: board.runs(name)["exp-1"].step == 6)
    assert board.runs(name)["exp-1"].metrics["val_loss"].max == 4.0
    key = board.runs(name)["exp-1"].key
    assert len(board.fleet.series(key, "val_loss")) == 7
    shutil.rmtree(bare / "runs/exp-2")
    assert until(lambda: list(board.runs(name)) == ["exp-1"])
    (bare / "runs/exp-1/model.pt").write_bytes(b"x" * 1000)
    append(file, 7)
    assert until(lambda: [c.size for c in board.runs(name)["exp-1"].checkpoints] == [1000])


NVIDIA_SMI = """#!/bin/sh
columns=index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw
[ "$*" = "--query-gpu=$columns --format=csv,noheader,nounits" ] || exit 2
echo "0, NVIDIA H200, 97, 70000, 143771, 61, 612.35"
echo "1, NVIDIA H200, [N/A], [N/A], 143771, 30, [Not Supported]"
"""


@pytest.mark.slow
def test_load_memory_disks_and_gpus_are_told(bare):
    write_run(bare / "runs/exp-1")
    (bare / "bin").mkdir()
    (bare / "bin/nvidia-smi").write_text(NVIDIA_SMI)
    (bare / "bin/nvidia-smi").chmod(0o755)
    board = Board(bare.name)
    try:
        assert until(lambda: board.newest and board.newest.situation.machines)
        (machine,) = board.newest.situation.machines.values()
        assert machine.host == bare.name and machine.cores == len(os.sched_getaffinity(0))
        assert 0 < machine.memory_used < machine.memory_total and machine.load is not None
        disk = shutil.disk_usage(bare)
        assert disk.free in [pytest.approx(one.free, rel=0.2) for one in machine.disks]
        first, second = machine.gpus
        assert (first.name, first.utilisation, first.power) == ("NVIDIA H200", 0.97, 612.35)
        assert (first.memory_used, first.memory_total) == (70000 * 2**20, 143771 * 2**20)
        assert (second.utilisation, second.memory_used, second.power) == (None, None, None)
    finally:
        board.fleet.stop()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"cores": "many"},
        {"cores": 2, "load": [1]},
        {"cores": 2, "disks": [["/", 1]]},
        {"cores": 2, "gpus": 7},
    ],
)
def test_a_machine_that_tells_nonsense_is_refused(told):
    with pytest.raises(WireError):
        MirroredMachine("h", FilesThere()).take(told, 0.0)


class _Answering:
    """A link to a mirror that has these answers."""

    def __init__(self, *answers: bytes) -> None:
        packed = [zlib.compress(answer) for answer in answers]
        self._answers = [b'{"bytes": %d}\n' % len(one) + one for one in packed]

    def write(self, data: bytes) -> None: ...

    def read(self, timeout: float) -> bytes:
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (b"[" * (JSON_DEPTH + 1) + b"]" * (JSON_DEPTH + 1), f"nested deeper than {JSON_DEPTH}"),
        (b'{"cores": ', "Expecting value"),
        (b"[1]", "not an object"),
    ],
)
def test_a_look_at_the_machine_that_is_no_json_object_is_refused_in_words(machine, why):
    with pytest.raises(WireError, match=why):
        Mirror(Target("h", (), ()), _Answering(b"", machine), b"", whole=True)


@pytest.mark.parametrize("text", ["", "no gpu", "0,a,b", "x,A,1,1,1,1,1", "9" * 5000 + ",A,nan,inf,1e999,,"])
def test_whatever_stands_for_gpus_is_read_or_passed_over(text):
    machine = MirroredMachine("h", FilesThere()).take({"cores": 2, "gpus": text}, 0.0)
    assert all(gpu.utilisation is None and gpu.memory_used is None for gpu in machine.gpus)


@pytest.mark.parametrize(
    "text", ["cpu a b c d e", "cpu 1 2 x 3 4 5", "cpu \u00b2 \u00b2 \u00b2 \u00b2 \u00b2", "\u00b2"]
)
def test_whatever_stands_in_the_kernels_files_there_is_read_or_passed_over(text):
    files = FilesThere(fetch=lambda names: dict.fromkeys(names, f"{text}\nMemTotal: {text} oom_kill {text}"))
    machine = MirroredMachine("h", files).take({"cores": 2}, 0.0)
    assert (machine.cpu, machine.memory_total, machine.oom_kills) == (None, 0, 0)


def test_use_and_idle_times_count_from_the_first_look():
    texts, asked = {}, []

    def fetch(names):
        asked.append(len(names))
        return {name: texts[name] for name in names if name in texts}

    reader, gpu = MirroredMachine("h", FilesThere(fetch=fetch)), "0, A, 0, 1, 2, 30, 40"
    texts["/proc/stat"] = "cpu 10 0 0 90 0 0 0 0\n"
    first = reader.take({"cores": 1, "gpus": gpu}, 0.0)
    texts["/proc/stat"] = "cpu 15 0 0 95 0 0 0 0\n"
    second = reader.take({"cores": 1, "gpus": gpu}, 60.0)
    assert (first.cpu, second.cpu) == (None, 0.5)
    assert (first.gpus[0].idle_for, second.gpus[0].idle_for) == (0.0, 60.0)
    assert len(asked) == 2, "one question a look"


def test_memory_and_kills_are_those_of_the_group_there():
    texts = {
        "/proc/meminfo": "MemTotal: 4000 kB\nMemAvailable: 3000 kB\n",
        "/proc/self/cgroup": "4:memory:/job\n",
        "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "2048000",
        "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "1024000",
        "/sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill 3\n",
    }
    reader = MirroredMachine("h", FilesThere(fetch=lambda names: {n: texts.get(n, "") for n in names}))
    first = reader.take({"cores": 1}, 0.0)
    texts["/sys/fs/cgroup/memory/job/memory.oom_control"] = "oom_kill 4\n"
    second = reader.take({"cores": 1}, 60.0)
    assert (first.memory_used, first.memory_total, first.in_container) == (1024000, 2048000, True)
    assert (first.oom_kills, second.oom_kills) == (0, 1)


@pytest.mark.slow
def test_tasks_of_a_mirrored_machine_are_kept_here(bare, board):
    from runwatch.domain.intents import AddTask, FinishTask

    assert until(lambda: board.runs(bare.name))
    root, answers = f"{bare.name}:{bare}/runs", []
    board.fleet.submit(AddTask("look at it", root), answers.append)
    assert until(lambda: root in board.newest.tasks and board.newest.tasks[root].tasks)
    (task,) = board.newest.tasks[root].tasks
    board.fleet.submit(FinishTask(root, task.id), answers.append)
    assert until(lambda: len(answers) == 2 and board.newest.tasks[root].tasks[0].done)
    assert all(answer.ok for answer in answers)
    assert not list(bare.rglob("todo.txt"))


@pytest.mark.slow
def test_copies_are_taken_up_again(reach, runwatch, me):
    home = reach.host("again", runwatch=None)
    file = write_run(home / "runs/exp-1", steps=2000)
    runwatch("ls", "again:runs", "--json")
    (copy,) = (me / ".cache/runwatch/mirror").glob("*/files/exp-1/metrics.jsonl")
    assert copy.read_bytes() == file.read_bytes()
    inode = copy.stat().st_ino
    append(file, 2000)
    (run,) = json.loads(runwatch("ls", "again:runs", "--json").stdout)["runs"]
    assert run["step"] == 2000 and copy.stat().st_ino == inode
    assert abs(copy.stat().st_mtime - file.stat().st_mtime) < 1


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a//b", "a/./b", "", "a/", "a\0b", "x" * 300, "a/" * 40 + "b"]
)
def test_a_path_that_leads_elsewhere_is_none(path):
    assert not _harmless(path)
    assert _harmless("runs/exp-1/metrics (1).jsonl") and _harmless("a..b/c\udcff")


HOSTILE = """#!/usr/bin/env python3
import json, sys, zlib
out = sys.stdout.buffer
out.write(b"\\0runwatch: mirror\\0\\n"); out.flush()
sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
def answer(told, data=b""):
    packed = zlib.compress(data); told["bytes"] = len(packed)
    out.write(json.dumps(told).encode() + b"\\n" + packed); out.flush()
answer({"python": "3"})
row = b'{"step": 1, "loss": 2.0}\\n' * 9
for line in sys.stdin.buffer:
    asked = json.loads(line)
    if asked["do"] == "list":
        files = [[path, SIZE, 0, 0] for path in PATHS]
        answer({"root": "/r", "now": 0, "took": 0}, json.dumps([files, []]).encode())
    elif asked["do"] == "heads":
        answer({"lengths": [[len(row), 0, 0] for _ in asked["files"]]}, row * len(asked["files"]))
    else:
        answer({"start": START, "size": len(row), "mtime": 0, "inode": 0}, row)
"""


@pytest.mark.slow
def test_a_hostile_mirror_writes_nothing_outside(reach, runwatch, me):
    paths = [
        "../../../../../../out.jsonl",
        "/tmp/runwatch-hit.jsonl",
        "a/metrics.jsonl",
        "a/metrics.jsonl/x.jsonl",
    ]
    evil = HOSTILE.replace("PATHS", repr(paths)).replace("START", "0").replace("SIZE", "len(row)")
    reach.host("evil", runwatch=evil)
    before = {path for path in me.parent.rglob("*") if ".cache" not in path.parts}
    answer = json.loads(runwatch("ls", "evil:runs", "--json").stdout)
    assert {run["host"] for run in answer["runs"]} <= {"evil"}
    assert {path for path in me.parent.rglob("*") if ".cache" not in path.parts} - before <= set(
        me.glob(".local/**/*")
    ) | {me / ".local"}
    assert not os.path.exists("/tmp/runwatch-hit.jsonl")


@pytest.mark.slow
def test_a_mirror_that_sends_what_was_not_asked_for_is_refused(reach, runwatch):
    evil = HOSTILE.replace("PATHS", '["a/metrics.jsonl"]').replace("START", "10**15").replace("SIZE", "10**6")
    reach.host("odd", runwatch=evil)
    (problem,) = json.loads(runwatch("ls", "odd:runs", "--json").stdout)["problems"]
    assert "not requested" in problem["message"]
