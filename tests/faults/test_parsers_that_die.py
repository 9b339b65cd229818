"""A native parser that ends its process costs the file that it read: not the command, not the watching. Here
the process is killed in the middle of reading, which is all that anyone outside sees of such a fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patience import PATIENCE_S
from runwatch import config
from runwatch.data.discover import ListedFile
from runwatch.domain.codec import to_bytes
from runwatch.monitor import multivariate_process, reader_process
from runwatch.monitor.live import Monitor
from runwatch.monitor.reader_process import ReaderError, ReaderProcess
from runwatch.monitor.table_reader import Judge, Judged, ignore_parts
from runwatch.monitor.wanted import Wanted
from runwatch.system.deaths import cause

DYING = textwrap.dedent("""
    import os, signal, sys
    from runwatch.data.formats import parquet

    real = parquet._footer

    def footer(handle, name):
        if os.path.basename(name) in os.environ["DIES_OF"].split(","):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(handle, name)

    parquet._footer = footer
    """)
COMMAND = DYING + "from runwatch.cli import main\nsys.exit(main())\n"
WORKER = DYING + "from runwatch.monitor.reader_worker import main\nsys.exit(main())\n"


def table(path: Path, seed: int, rows: int = 2000) -> None:
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"a": rng.normal(size=rows), "b": rng.integers(0, 5, rows)}), path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    table(folder / "reference.parquet", 0)
    for day in (1, 2, 3):
        table(folder / "batches" / f"2026-03-0{day}.parquet", day)
    run = folder / "runs" / "one"
    run.mkdir(parents=True)
    (run / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n')
    return folder


def command(root: Path, dies_of: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DIES_OF": dies_of}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        env=environment, cwd=root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["reference.parquet", "2026-03-03.parquet"])
def test_check_names_the_file_and_answers_for_the_rest(root: Path, name: str) -> None:
    done = command(root, name, "check", str(root), "--json")
    said = json.loads(done.stdout)
    assert done.returncode in (1, 2, 3), done
    assert said["worst"] in ("warning", "critical")
    assert name in done.stdout and "ended the process that read it: signal 9 (SIGKILL)" in done.stdout
    assert "Traceback" not in done.stderr


def test_drift_leaves_one_batch_out_and_judges_the_others(root: Path) -> None:
    done = command(root, "2026-03-02.parquet", "drift", "reference.parquet", "batches", "--json")
    said = json.loads(done.stdout)
    assert said["current"]["rows"] == 4000
    assert "2026-03-02.parquet: ended the process that read it" in done.stderr


def test_several_files_that_kill_are_all_left_out(root: Path) -> None:
    bad = "2026-03-01.parquet,2026-03-02.parquet"
    done = command(root, bad, "drift", "reference.parquet", "batches", "--json")
    assert json.loads(done.stdout)["current"]["rows"] == 2000
    assert done.stderr.count("ended the process that read it") == 2


def test_quality_of_a_file_that_kills_is_unknown(root: Path) -> None:
    done = command(root, "reference.parquet", "quality", "reference.parquet", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["verdict"] == "unknown"
    assert "reference.parquet" in done.stderr


def test_predictions_that_kill_are_a_problem(tmp_path: Path) -> None:
    for name in ("champion.parquet", "challenger.parquet"):
        pq.write_table(pa.table({"y_true": [0, 1] * 50, "score": [0.2, 0.8] * 50}), tmp_path / name)
    words = ("compare", "challenger.parquet", "--baseline", "champion.parquet")
    assert command(tmp_path, "", *words).returncode in (0, 1)
    done = command(tmp_path, "challenger.parquet", *words)
    assert done.returncode == 3
    assert "challenger.parquet" in done.stderr and "signal 9 (SIGKILL)" in done.stderr


def judge(root: Path) -> Judge:
    names = list(root.rglob("*.parquet"))
    listing = tuple(ListedFile(str(p.relative_to(root)), p.stat().st_size, p.stat().st_mtime) for p in names)
    settings = config.load((str(root),))[str(root)]
    return Judge(str(root), settings, listing, frozenset(), time.time(), 1)


def reader(monkeypatch: pytest.MonkeyPatch, dies_of: str) -> ReaderProcess:
    monkeypatch.setenv("DIES_OF", dies_of)
    return ReaderProcess([sys.executable, "-c", WORKER])


def test_a_batch_that_kills_the_reader_is_that_batchs_problem(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "runwatch.toml").write_text(
        '[[data]]\nname = "d"\nreference = "reference.parquet"\ncurrent = "batches"\n'
    )
    apart = reader(monkeypatch, "2026-03-02.parquet")
    try:
        made = apart.ask(judge(root), ignore_parts)
        (found,) = made.sets
        wrong = {batch.name: batch.problem for batch in found.batches}
        assert wrong["batches/2026-03-01.parquet"] is None and wrong["batches/2026-03-03.parquet"] is None
        assert "SIGKILL" in wrong["batches/2026-03-02.parquet"].message  # type: ignore[union-attr]
        assert found.latest is not None and found.latest.verdict == "stable"
        survivor = apart._child
        apart.ask(judge(root), ignore_parts)
        assert apart._child is survivor, "a file that kills is read once, not at every look"
        table(root / "batches" / "2026-03-02.parquet", 9, rows=1999)
        monkeypatch.setenv("DIES_OF", "")
        apart._end()
        again = apart.ask(judge(root), ignore_parts)
        assert all(batch.problem is None for batch in again.sets[0].batches), "written anew, it is read"
    finally:
        apart.stop()


def test_a_reference_found_by_name_that_kills_is_not_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = reader(monkeypatch, "reference.parquet")
    try:
        made = apart.ask(judge(root), ignore_parts)
        assert [problem.file for problem in made.problems] == ["reference.parquet"]
    finally:
        apart.stop()


def test_a_reader_that_never_answers_is_said_in_words(root: Path) -> None:
    apart = ReaderProcess([sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(ReaderError, match="exit code 7"):
        apart.ask(judge(root), ignore_parts)
    apart.stop()
    nothing = ReaderProcess(["/nowhere/at/all"])
    with pytest.raises(ReaderError, match="no process can be started"):
        nothing.ask(judge(root), ignore_parts)
    nothing.stop()


def _wait(until: Any, seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_the_watching_outlives_its_reader(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Monitor((str(root),), config.load((str(root),)), keep=False, wanted=Wanted(machine=False))
    monitor.start(lambda snapshot: None)
    try:
        first = monitor.wait_judged(PATIENCE_S)
        assert first is not None and len(first.situation.data[0].batches) == 3
        (apart,) = monitor._board.background._readers.values()
        assert isinstance(apart, ReaderProcess) and apart._child is not None
        apart._child.kill()
        apart._child.wait()
        table(root / "batches" / "2026-03-04.parquet", 4)
        _wait(lambda: len(monitor._last.situation.data[0].batches) == 4)  # type: ignore[union-attr]
        assert monitor._last is not None and not monitor._last.situation.problems
    finally:
        monitor.stop()
    assert apart._child is None, "the reader ends with the watching"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"), "ended: signal 11 (SIGSEGV)"),
        (("/nowhere/at/all",), "cannot be started (No such file or directory)"),
    ],
)
def test_a_deeper_look_that_dies_is_on_the_list(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(multivariate_process, "COMMAND", words)
    monitor = Monitor((str(root),), config.load((str(root),)), keep=False, wanted=Wanted(machine=False))
    monitor.start(lambda snapshot: None)
    try:
        snapshot = monitor.wait_judged(PATIENCE_S)
        assert snapshot is not None and snapshot.situation.data[0].latest is not None
        _wait(lambda: monitor._last.situation.problems)  # type: ignore[union-attr]
        assert monitor._last is not None
        (problem,) = monitor._last.situation.problems
        assert problem.message == f"the comparison of all columns together {said}"
    finally:
        monitor.stop()


@pytest.mark.parametrize(
    "words", [reader_process.COMMAND, multivariate_process.COMMAND], ids=["reader", "all"]
)
def test_processes_of_ours_take_no_module_from_the_working_directory(root: Path, words: list[str]) -> None:
    for name in ("json", "msgspec", "numpy", "runwatch"):
        (root / f"{name}.py").write_text(f"open({str(root / 'ran')!r}, 'w').close()\n")
    nothing = to_bytes([]) if "multivariate" in words[-1] else b""
    done = subprocess.run(words, input=nothing, cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert not (root / "ran").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_command_that_is_killed_leaves_no_process_behind(root: Path, tmp_path: Path) -> None:
    slow = COMMAND.replace(
        "os.kill(os.getpid(), signal.SIGKILL)", "open('reading', 'w').close(); signal.pause()"
    )
    environment = {**os.environ, "DIES_OF": "reference.parquet"}
    with subprocess.Popen(
        [sys.executable, "-c", slow, "quality", str(root / "reference.parquet")],
        env=environment,
        cwd=tmp_path,
    ) as command:
        _wait((tmp_path / "reading").exists)
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        assert children
        command.kill()
    _wait(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_how_a_process_ended_in_words() -> None:
    assert cause(3) == "exit code 3"
    assert cause(-9) == "signal 9 (SIGKILL)"
    assert cause(-35) == "signal 35"


def test_an_answer_is_the_same_from_either_side(root: Path) -> None:
    from runwatch.monitor.table_reader import LocalTableReader
    from runwatch.store.cache import CacheFile

    here, apart = LocalTableReader(CacheFile(None)), ReaderProcess()
    wish = judge(root)
    try:
        a, b = here.ask(wish, ignore_parts), apart.ask(wish, ignore_parts)
        assert isinstance(b, Judged)
        assert repr(a.sets) == repr(b.sets) and a.entries == b.entries and a.problems == b.problems
    finally:
        apart.stop()
