"""The logs of torchrun: a folder for each time that it starts the workers, in it one for each rank."""

from __future__ import annotations

from pathlib import Path

from runwatch import config
from runwatch.domain.run import Run
from runwatch.monitor.board import Board
from runwatch.monitor.wanted import Wanted

ERROR = 'Traceback (most recent call last):\n  File "train.py", line 8\nRuntimeError: watchdog timeout\n'


def looked_all(root: Path) -> tuple[Run, ...]:
    board = Board((str(root),), config.load((str(root),)), Wanted(False, False, False)).judge_once()
    return board.snapshot.situation.runs


def looked(root: Path) -> Run:
    (run,) = looked_all(root)
    return run


def _torchrun(folder: Path, *logs: tuple[str, str]) -> None:
    """As ``torchrun --log-dir --redirects 3`` of PyTorch 2.13 writes them: empty ones, too."""
    for name, text in logs:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        (path.parent / ("stderr.log" if path.name == "stdout.log" else "stdout.log")).touch()


def test_the_attempts_of_torchrun_are_one_run(tmp_path: Path) -> None:
    """Two ranks, of which one prints; the other one died in the first attempt. The launcher's line about it
    stands also where it starts the workers again."""
    job = tmp_path / "logs" / "9ab49842_0zl93sqs"
    first = "".join(f"step {i}/6 loss {1 / (i + 1):.2f}\n" for i in range(4))
    second = "".join(f"step {i}/6 loss {1 / (i + 1):.2f}\n" for i in range(2, 6))
    _torchrun(job, ("attempt_0/0/stdout.log", first), ("attempt_0/1/stderr.log", ERROR))
    assert looked(tmp_path).status == "crashed"
    _torchrun(job, ("attempt_1/0/stdout.log", second), ("attempt_1/1/stdout.log", ""))
    (tmp_path / "launch.out").write_text(
        "E1130 14:35:15.746000 13416 torch/distributed/elastic/multiprocessing/api.py:1002] "
        "failed (exitcode: 1) local_rank: 1 (pid: 13484) of binary: /usr/bin/python3\n"
    )
    run = looked(tmp_path)
    assert (run.id, run.status, run.step) == ("logs/9ab49842_0zl93sqs", "running", 5)
    assert (run.metrics["loss"].count, run.metrics["loss"].former) == (6, 2)


def test_a_folder_that_is_no_rank_is_passed_over(tmp_path: Path) -> None:
    """A superscript is a digit to ``str.isdigit``, and no number."""
    _torchrun(tmp_path / "job", ("attempt_0/0/stdout.log", "step 3/6 loss 0.25\n"))
    _torchrun(tmp_path / "job", ("attempt_0/\u00b2/stdout.log", "step 9/9 loss 0.75\n"))
    run = next(run for run in looked_all(tmp_path) if run.id == "job")
    assert run.metrics["loss"].last == 0.25
